public import Contracts
import Foundation

/// A decision about one field as the history has it.
public struct PastDecision: Sendable, Hashable {
    public var at: Timestamp
    /// What the history says became of the record: `updated`, `marketing-updated`, …
    public var outcome: String
    /// `inbound` or `outbound`.
    public var direction: String
    public var record: FieldDecisionRecord

    public init(at: Timestamp, outcome: String, direction: String, record: FieldDecisionRecord) {
        self.at = at
        self.outcome = outcome
        self.direction = direction
        self.record = record
    }
}

/// Why one mapped field of a linked record has its value, and what is still on its way (OPS-1).
public struct FieldExplanation: Sendable, Hashable {
    /// The CRM field's API name.
    public var field: String
    /// The marketing field's own key.
    public var marketingField: String
    /// What both sides last agreed on; `nil` when they never did.
    public var agreed: FieldValue?
    /// The last decision about the field; `nil` when none is remembered.
    public var last: PastDecision?
    /// The value that lost in it; `nil` when none did.
    public var lost: FieldValue?
    /// Marketing's value that waits inbound.
    public var waiting: FieldValue?
    /// Whether marketing's value lost and is still to be written over.
    public var isOverruled: Bool
    /// Whether the field was frozen because its value kept bouncing.
    public var isFrozen: Bool
}

extension FieldExplanation {
    /// The explanation in words, a line each.
    public var lines: [String] {
        var lines = ["\(field) ↔ \(marketingField): \(agreed.map(\.shown) ?? "never agreed on")"]
        if let last {
            let winner =
                switch last.record.winner {
                case .crm: "the CRM's value stands"
                case .marketing: "marketing's value stands"
                case nil: "neither side was written"
                }
            lines.append("\(last.at.iso8601) \(last.direction), \(last.outcome): \(winner): \(last.record.reason.explanation)")
        }
        if let lost { lines.append("lost: \(lost.shown)") }
        if isFrozen { lines.append("frozen: \(FieldDecision.Reason.frozen.explanation)") }
        if isOverruled { lines.append("waiting outbound: the CRM's value is written over marketing's") }
        if let waiting { lines.append("waiting inbound: \(waiting.shown)") }
        return lines
    }
}

/// Explains the mapped fields of a linked record, in the order of their mappings.
/// - Parameters:
///   - history: The decisions remembered about the record, in any order.
///   - pending: What waits inbound for the person.
///   - field: The CRM or marketing name of the only field wanted, in any case; `nil` for all.
public func explain(
    _ link: Link, history: [PastDecision], pending: PendingChange?, mappings: [FieldMapping], crmSchema: FieldIndex,
    marketingSchema: FieldIndex, field wanted: String? = nil
) -> [FieldExplanation] {
    let context = MappingContext(mappings: mappings, crm: crmSchema, marketing: marketingSchema)
    let incoming = pending.map { context.incoming($0, isCreate: false, seen: link.seen) } ?? []
    let last = Dictionary(history.map { ($0.record.field, $0) }) { $0.at < $1.at ? $1 : $0 }
    return mappings.compactMap { mapping in
        let name = crmSchema[mapping.crm]?.name ?? mapping.crm
        let marketingName = marketingSchema[mapping.marketing]?.name ?? mapping.marketing
        if let wanted {
            let names = [name, mapping.crm, marketingName, mapping.marketing].map { $0.lowercased() }
            guard names.contains(wanted.lowercased()) else { return nil }
        }
        let waiting = incoming.first { $0.target.name == name && $0.source == marketingName }
        return FieldExplanation(
            field: name, marketingField: marketingName, agreed: link.base[name], last: last[name],
            lost: last[name]?.record.lost, waiting: waiting.flatMap { try? $0.value.get() },
            isOverruled: link.overruled.contains(name), isFrozen: link.trails[name]?.isFrozen ?? false)
    }
}

extension FieldDecisionRecord {
    /// The value that did not stand, if it was another one.
    var lost: FieldValue? {
        let (won, lost) = winner == .crm ? (crm, marketing) : (marketing, crm)
        guard winner != nil, let lost, lost != won, lost != base else { return nil }
        return lost
    }

    /// Reads ``json`` back; `nil` for anything else.
    public init?(json: JSONValue) {
        guard let members = json.objectValue, let field = members["field"]?.stringValue,
            let marketingField = members["marketingField"]?.stringValue,
            let reason = members["reason"]?.stringValue.flatMap(FieldDecision.Reason.init)
        else { return nil }
        self.init(
            field: field, marketingField: marketingField, reason: reason,
            winner: members["winner"]?.stringValue.flatMap(FieldDecision.Side.init),
            base: members["base"].flatMap(FieldValue.init(json:)),
            marketing: members["marketing"].flatMap(FieldValue.init(json:)), crm: members["crm"].flatMap(FieldValue.init(json:)))
    }
}

extension FieldValue {
    /// For operators: text in quotes, `blank` for none.
    public var shown: String {
        switch self {
        case .blank: "blank"
        case .text(let text): "\"\(text)\""
        case .number(let number): number.description
        case .boolean(let flag): flag ? "true" : "false"
        case .date(let date): date.description
        case .instant(let moment): moment.iso8601
        case .choices(let choices): choices.map { "\"\($0)\"" }.joined(separator: "; ")
        }
    }
}
