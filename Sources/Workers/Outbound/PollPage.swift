import Contracts
import Store
import SyncCore

import struct Foundation.Decimal

/// One page of a poll, sorted into what goes onto the topic and what does not.
struct PollPage {
    /// Who publishes it.
    static let source = "/tandem/outbound-poller"

    /// How many records it has.
    let read: Int
    private(set) var published: [RecordChange] = []
    /// Linked records with nothing to tell: mostly Tandem's own writes seen again (GEN-5).
    private(set) var echoes = 0

    init(_ records: [CRMRecord], links: [String: Link], context: OutboundContext, since: Timestamp, now: Timestamp) {
        read = records.count
        for record in records {
            switch OutboundRules.pollVerdict(record, link: links[record.id], in: context, since: since) {
            case .publish: published.append(Self.change(record, integration: context.integration, now: now))
            case .echo: echoes += 1
            case .notSelected, .unrelated: break
            }
        }
    }

    /// Leaves these records out: they are dealt with in another way.
    mutating func withhold(_ ids: Set<String>) {
        if !ids.isEmpty { published.removeAll { ids.contains($0.key.recordID) } }
    }

    /// The values are for other consumers of the topic: delivery reads the record anew. A deleted one's are nobody's business.
    private static func change(_ record: CRMRecord, integration: String, now: Timestamp) -> RecordChange {
        RecordChange(
            key: RecordKey(integration: integration, object: record.object.rawValue, recordID: record.id),
            kind: record.isDeleted ? .deleted : .upserted, occurredAt: record.stamp ?? now,
            fields: record.isDeleted ? [:] : record.values.mapValues(\.plainJSON))
    }
}

extension FieldValue {
    /// The value as the CRM would show it in JSON.
    fileprivate var plainJSON: JSONValue {
        switch self {
        case .blank: .null
        case .text(let text): .string(text)
        case .number(let number):
            if let integer = Int64(number.description) { .integer(integer) } else { .double(Double(number.description) ?? .nan) }
        case .boolean(let flag): .boolean(flag)
        case .date(let date): .string(date.description)
        case .instant(let moment): .string(moment.iso8601)
        case .choices(let choices): .array(choices.map(JSONValue.string))
        }
    }
}
