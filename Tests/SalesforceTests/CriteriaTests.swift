import Connectors
import Contracts
import SyncCore
import Testing

@testable import Salesforce
@testable import Sandbox

@Suite("Selecting by criteria in Salesforce's own query language")
struct CriteriaTests {
    /// A field of each kind that can be selected by, with values that records and rules take.
    private struct Kind {
        let field: SalesforceField
        let values: [SandboxValue]
        let operators: [FieldRule.Operator]
        /// How a rule writes each of the values.
        var texts: [String] { values.compactMap(\.ruleText) }
    }

    private static let equality: [FieldRule.Operator] = [.equals, .notEquals, .isAnyOf, .isNoneOf, .isBlank, .isNotBlank]
    private static let order: [FieldRule.Operator] = [.lessThan, .lessOrEqual, .greaterThan, .greaterOrEqual]
    private static let parts: [FieldRule.Operator] = [.contains, .notContains, .startsWith]
    private static let words: [SandboxValue] = [
        "Acme", "ACME Inc.", "50% off", "50 off", "a_b", "axb", #"back\slash"#, "O'Brien", "Söhne", "söHNE", "line\nbreak", "a",
        "%",
    ]

    private static let kinds = [
        Kind(field: .text("Text__c", 255), values: words, operators: equality + parts),
        Kind(
            field: .text("Email__c", .email, 80), values: ["a_b@acme.test", "AxB@acme.test", "c@Söhne.test"],
            operators: equality + parts),
        Kind(field: .text("Phone__c", .phone, 40), values: ["+1 555 0100", "(555) 0100"], operators: equality + parts),
        Kind(
            field: .text("Site__c", .url, 255), values: ["https://acme.test/?a=1%20b_c", "acme.test"], operators: equality + parts
        ),
        Kind(field: .text("Short__c", .textarea, 255), values: words, operators: equality + parts),
        Kind(
            field: .picklist("Pick__c", ["Hot", "Warm", "Cold_1"]), values: ["Hot", "Warm", "Cold_1"], operators: equality + parts
        ),
        Kind(
            field: .picklist("Colors__c", ["Red", "Green", "Blue"], multi: true), values: ["Red", "Green;Blue", "Red;Blue"],
            operators: [.includes, .excludes, .isBlank, .isNotBlank]),
        Kind(field: .number("Number__c", scale: 3), values: [-1.5, 0, 0.125, 1000, 12.345], operators: equality + order),
        Kind(field: .number("Money__c", .currency), values: [-0.01, 0, 99.95, 100, 1_000_000.5], operators: equality + order),
        Kind(field: .number("Share__c", .percent), values: [0, 12.5, 100], operators: equality + order),
        Kind(field: .number("Count__c", .int, precision: 8, scale: 0), values: [-3, 0, 7, 42], operators: equality + order),
        Kind(field: .plain("Flag__c", .boolean), values: [true, false], operators: [.equals, .notEquals]),
        Kind(field: .plain("Day__c", .date), values: ["2024-02-29", "2026-12-31", "2027-01-01"], operators: equality + order),
        Kind(
            field: .plain("At__c", .datetime),
            values: ["2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00"],
            operators: equality + order),
    ]

    // MARK: Chance

    private static func tree(_ random: inout SeededGenerator, depth: Int) -> Criterion {
        switch depth > 0 ? Int.random(in: 0..<4, using: &random) : 3 {
        case 0: .all((0..<Int.random(in: 0..<4, using: &random)).map { _ in tree(&random, depth: depth - 1) })
        case 1, 2: .any((0..<Int.random(in: 0..<4, using: &random)).map { _ in tree(&random, depth: depth - 1) })
        default: .rule(rule(&random))
        }
    }

    private static func rule(_ random: inout SeededGenerator) -> FieldRule {
        let kind = kinds[Int.random(in: kinds.indices, using: &random)]
        let comparison = kind.operators[Int.random(in: kind.operators.indices, using: &random)]
        func value() -> String {
            var text = kind.texts[Int.random(in: kind.texts.indices, using: &random)]
            if kind.field.kind == .multipicklist { text = String(text.prefix { $0 != ";" }) }
            guard kind.field.isText, Bool.random(using: &random) else { return text }
            guard parts.contains(comparison) else { return text.uppercased() }
            let start = text.dropFirst(Int.random(in: 0..<text.count, using: &random))
            return start.allSatisfy(\.isWhitespace) ? text : String(start)
        }
        let count =
            switch comparison {
            case .isBlank, .isNotBlank: 0
            case .isAnyOf, .isNoneOf, .includes, .excludes: Int.random(in: 1...3, using: &random)
            default: 1
            }
        return FieldRule(field: kind.field.name, comparison, (0..<count).map { _ in value() })
    }

    private static func row(_ random: inout SeededGenerator) -> [String: SandboxValue] {
        var row = SandboxValue.contact("Lee")
        for kind in kinds where Int.random(in: 0..<4, using: &random) > 0 {
            row[kind.field.name] = kind.values[Int.random(in: kind.values.indices, using: &random)]
        }
        return row
    }

    // MARK: Tests

    @Test("OUT-1 Salesforce selects exactly the records that match", arguments: 1...10 as ClosedRange<UInt64>)
    func agreement(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let org = EmulatedOrg { $0.objects[0] = $0.objects[0].adding(Self.kinds.map(\.field)) }
        let rows = (0..<40).map { _ in Self.row(&random) }
        let ids = await org.sandbox.load("Contact", rows: rows)
        #expect(ids.count == rows.count)
        let crm = try org.crm()
        let schema = FieldIndex(try await crm.describe(.contact))
        let fields = Self.kinds.map(\.field.name)
        let records = try await crm.states(of: [.contact: ids], fields: [.contact: fields]).byID[.contact] ?? [:]
        #expect(records.count == ids.count)
        var selected = 0
        for _ in 0..<60 {
            let criterion = Self.tree(&random, depth: 3)
            #expect(criterion.problems(in: schema) == [], "seed \(seed)")
            let request = CRMFeedRequest(
                object: .contact, scope: .selected(.criteria(criterion), since: org.clock.now()), fields: [])
            let found = try await crm.page(request).records.map(\.id)
            let matching = records.values.filter { criterion.matches($0, schema) }.map(\.id)
            #expect(found == matching.sorted(), "seed \(seed): \(criterion)")
            selected += matching.count
        }
        // Neither all nor nothing, or the comparison would say little.
        #expect((200...2200).contains(selected), "seed \(seed)")
    }

    @Test(
        "A rule that cannot be asked is refused with its field and reason, and nothing of it reaches a query",
        arguments: [
            (FieldRule(field: "Nope", .equals, ["1"]), "INVALID_FIELD"),
            (FieldRule(field: "Email = null OR Id", .notEquals, ["1"]), "INVALID_FIELD"),
            (FieldRule(field: "NumberOfEmployees", .equals, ["1 OR Id != null"]), "invalid-criterion"),
            (FieldRule(field: "Description", .contains, ["x"]), "invalid-criterion"),
            (FieldRule(field: "OwnerId", .equals, ["005"]), "invalid-criterion"),
            (FieldRule(field: "LastName", .contains, [String(repeating: "x", count: 4000)]), "invalid-criterion"),
        ])
    func refusals(rule: FieldRule, code: String) async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        _ = try await crm.describe(.lead)
        let cost = await org.cost {
            let error = await #expect(throws: SyncError.self) {
                try await crm.preview(.criteria(.rule(rule)), of: .lead, since: org.clock.now(), fields: [], sample: 1)
            }
            #expect(error?.code == code && error?.errorClass == .schema)
            #expect(error?.fields == [rule.field])
        }
        #expect(cost == 0)
    }
}

extension SandboxValue {
    /// The value as the settings of an integration write it.
    fileprivate var ruleText: String? {
        switch self {
        case .bool(let flag): flag ? "true" : "false"
        default: looseText
        }
    }
}
