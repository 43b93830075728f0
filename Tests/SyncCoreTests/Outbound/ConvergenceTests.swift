import Contracts
import Foundation
import Testing

@testable import SyncCore

/// Draws the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// What a vendor's automation makes of every value.
enum Rewriting: String, Sendable {
    case nothing, lowercase, capitalized, uppercase, padded, emptied, counting

    func callAsFunction(_ text: String) -> String {
        switch self {
        case .nothing: text
        case .lowercase: text.lowercased()
        case .capitalized: text.capitalized
        case .uppercase: text.uppercased()
        case .padded: " \(text) "
        case .emptied: ""
        case .counting: String((Int(text) ?? 0) + 1)
        }
    }
}

/// One linked person on both sides, each with an automation that may rewrite what it is given.
private struct Pair {
    static let fields = [("firstName", "FirstName"), ("lastName", "LastName"), ("phone", "Phone")]

    let mappings: [FieldMapping]
    var marketing: [String: String]
    var crm: CRMRecord
    var link: Link
    /// Marketing's webhooks that were not delivered yet.
    var pending: PendingChange?
    var clock: Int64 = 1000
    var marketingAutomation = Rewriting.nothing
    var crmAutomation = Rewriting.nothing
    var marketingWrites = 0
    var crmWrites = 0
    var frozen: Set<String> = []

    init(rule: ConflictRule) {
        mappings = Self.fields.map { FieldMapping(marketing: $0.0, crm: $0.1, rule: rule) }
        marketing = Dictionary(uniqueKeysWithValues: Self.fields.map { ($0.0, "a") })
        let values = Dictionary(uniqueKeysWithValues: Self.fields.map { ($0.1, FieldValue.text("a")) })
        crm = person(values)
        link = linked(base: values)
    }

    mutating func editMarketing(_ field: String, _ value: String) {
        clock += 1
        marketing[field] = marketingAutomation(value)
        let change = change(at: clock, [field: .string(marketing[field] ?? "")], sequence: clock)
        pending =
            pending.map { folded in
                var folded = folded
                folded.merge(change)
                return folded
            } ?? change
    }

    mutating func editCRM(_ field: String, _ value: String) {
        clock += 1
        let text = crmAutomation(value)
        crm.values[field] = text.isEmpty ? .blank : .text(text)
        crm.modifiedAt = at(clock)
    }

    mutating func syncInbound() {
        guard let change = pending else { return }
        pending = nil
        clock += 1
        let resolution = InboundRules.resolve(
            change, target: InboundTarget(object: .contact, kind: .update, link: link), crm: crm, candidates: [],
            matching: .email, mappings: mappings, crmSchema: contactFields, marketingSchema: marketingFields, profile: profile,
            now: at(clock))
        link = resolution.link
        frozen.formUnion(resolution.frozen)
        guard resolution.needsWrite else { return }
        crmWrites += 1
        for (field, value) in resolution.write {
            if case .text(let text) = value { editCRM(field, text) } else { editCRM(field, "") }
        }
    }

    mutating func syncOutbound() {
        clock += 1
        let set = MappingSet(contact: mappings, lead: [])
        guard OutboundRules.pollVerdict(crm, link: link, in: context(mappings: set), since: nil) == .publish else { return }
        let input = OutboundInput(
            key: RecordKey(integration: "acme", object: "contact", recordID: "003A"), object: .contact, record: crm, link: link,
            pending: pending)
        let resolution = OutboundRules.resolve(input, in: context(mappings: set), now: at(clock))
        if let after = resolution.link { link = after }
        frozen.formUnion(resolution.frozen)
        if resolution.writeBack != nil { crm.syncStatus = profile.syncedStatus }
        guard resolution.needsWrite else { return }
        marketingWrites += 1
        // Marketing tells of Tandem's own writes as well.
        for (field, value) in resolution.write { editMarketing(field, value.stringValue ?? "") }
    }

    /// Syncs both ways until nothing is written any more; `nil` when that never happens.
    mutating func settle(within rounds: Int) -> Int? {
        for round in 0..<rounds {
            let before = (marketingWrites, crmWrites)
            syncInbound()
            syncOutbound()
            if before == (marketingWrites, crmWrites), pending == nil { return round }
        }
        return nil
    }

    var isEqual: Bool {
        Self.fields.allSatisfy { field in
            let text = trimmed(marketing[field.0] ?? "")
            return crm.values[field.1] == (text.isEmpty ? .blank : .text(text))
        }
    }
}

@Suite("GEN-5 Both directions together")
struct ConvergenceTests {
    private static let words = ["", "a", "b", "c", " a ", "B"]

    @Test("GEN-5 IN-6 whatever both sides edit, by any rule, they come to rest with the same values", arguments: UInt64(0)..<400)
    func convergence(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let rules: [ConflictRule] = [.crmWins, .marketingWins, .newestWins, .crmUnlessBlank, .marketingUnlessBlank]
        var pair = Pair(rule: try #require(rules.randomElement(using: &random)))
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let field = try #require(Pair.fields.randomElement(using: &random))
            let value = try #require(Self.words.randomElement(using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1: pair.editMarketing(field.0, value)
            case 2, 3:
                // The CRM insists on a last name, and trims what it is given.
                if field.1 != "LastName" || !trimmed(value).isEmpty { pair.editCRM(field.1, trimmed(value)) }
                if Bool.random(using: &random) { pair.crm.syncStatus = profile.waitingStatus }
            case 4: pair.syncInbound()
            default: pair.syncOutbound()
            }
        }
        let rounds = pair.settle(within: 6)
        #expect(rounds != nil && pair.isEqual, "seed \(seed): \(pair.marketing) \(pair.crm.values)")
        #expect(pair.frozen.isEmpty, "seed \(seed)")
    }

    @Test(
        "GEN-5 automations that rewrite every value do not keep the traffic going",
        arguments: [
            (Rewriting.capitalized, Rewriting.lowercase, true), (.counting, .counting, true), (.padded, .nothing, false),
            (.uppercase, .nothing, false), (.nothing, .uppercase, false), (.padded, .capitalized, false),
        ])
    func automations(marketing: Rewriting, crm: Rewriting, isAtWar: Bool) {
        var pair = Pair(rule: .crmWins)
        pair.marketingAutomation = marketing
        pair.crmAutomation = crm
        pair.editCRM("FirstName", "anna maria")
        #expect(pair.settle(within: 100) != nil, "\(pair.marketingWrites) and \(pair.crmWrites) writes")
        pair.editMarketing("phone", "0170 1")
        #expect(pair.settle(within: 100) != nil, "\(pair.marketingWrites) and \(pair.crmWrites) writes")
        #expect(pair.frozen.isEmpty == !isAtWar && pair.link.trails.values.contains(where: \.isFrozen) == isAtWar)
        #expect(isAtWar || pair.isEqual)
    }

    @Test("GEN-5 a value the CRM refuses is not fought over for ever")
    func refused() {
        var pair = Pair(rule: .crmWins)
        pair.editMarketing("lastName", "")
        #expect(pair.settle(within: 10) != nil && pair.marketing["lastName"] == "a", "the CRM insists on a last name")
        pair.marketingAutomation = .emptied
        pair.editMarketing("lastName", "")
        #expect(pair.settle(within: 20) != nil && pair.frozen == ["LastName"])
        // A new value starts afresh.
        pair.marketingAutomation = .nothing
        pair.editCRM("LastName", "Lee")
        #expect(pair.settle(within: 10) != nil && pair.marketing["lastName"] == "Lee")
    }
}
