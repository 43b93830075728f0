import Contracts
import Store
import SyncCore

/// What is known of one record, for people and as JSON.
struct RecordReport {
    /// A link with its fields and all that goes on around it.
    struct Linked {
        var link: Link
        var fields: [FieldExplanation]
        var queued: [Queued]
        /// The newest first.
        var history: [HistoryEntry]
    }

    /// What waits for a record in one direction.
    struct Queued {
        var direction: Direction
        var row: WaitingRow
    }

    var name: RecordName
    var links: [Linked] = []
    /// Of a record that has no link.
    var queued: [Queued] = []
    var history: [HistoryEntry] = []
    /// Whether the field that was asked for is mapped.
    var isFieldKnown = true
    var notes: [String] = []
    /// When changes in the CRM are looked for next, in words.
    var nextPoll = ""
}

// MARK: For people

extension RecordReport {
    var text: String {
        var lines = links.isEmpty ? unlinked : links.flatMap(\.lines)
        if !isFieldKnown { lines.append("  no such field is mapped") }
        return (lines + notes.map { "  note: \($0)" } + ["  next poll: \(nextPoll)"]).joined(separator: "\n")
    }

    private var unlinked: [String] {
        var lines = ["\(name.integration) \(name.record.text): not linked"] + queued.map { "  \($0.text)" }
        if queued.isEmpty, history.isEmpty {
            lines.append("  nothing is known of it: it was never selected, or its id is another one")
        }
        return lines + history.map { "  \($0.text)" }
    }
}

extension RecordReport.Linked {
    fileprivate var lines: [String] {
        let crm = link.crmID ?? "(being created)"
        let end = link.endedBy.map { " by \($0.rawValue)" } ?? ""
        let head =
            "\(link.integration) \(link.object.rawValue)/\(crm) ↔ marketing/\(link.marketingID)  \(link.state.rawValue)\(end)"
        return [head] + state.map { "  \($0)" } + values + queued.map { "  \($0.text)" } + history.map { "  \($0.text)" }
    }

    private var state: [String] {
        var lines: [String] = []
        if let tags = link.tags { lines.append("tags: " + (tags.value.isEmpty ? "none" : tags.value.joined(separator: ", "))) }
        if let writtenAt = link.writtenAt { lines.append("written in marketing: \(writtenAt.iso8601)") }
        if let relation = link.relation {
            let result = relation.error.map { "failed: \($0.code): \($0.message)" } ?? "associated"
            lines.append("account \(relation.accountID): \(result)")
        }
        return lines
    }

    /// The first line of each explanation names the field, the others belong under it. Opportunities have no mappings.
    private var values: [String] {
        guard link.object != .opportunity else {
            return link.base.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value.shown)" }
        }
        return fields.flatMap { field in field.lines.enumerated().map { ($0.offset == 0 ? "  " : "    ") + $0.element } }
    }
}

extension RecordReport.Queued {
    fileprivate var text: String {
        var text = "waiting \(direction.rawValue): \(row.state) since \(row.row.firstAt.iso8601)"
        if let nextAt = row.nextAt { text += ", next try \(nextAt.iso8601)" }
        if let error = row.error { text += ": \(error.code): \(error.message)" }
        return text
    }
}

extension RecordName.Record {
    var text: String {
        switch self {
        case .crm(let object, let id): "\(object.rawValue)/\(id)"
        case .marketing(let id): "marketing/\(id)"
        case .email(let email): email
        }
    }
}

extension HistoryEntry {
    fileprivate var text: String {
        let reason = [code, message].compactMap(\.self).filter { $0 != object }.joined(separator: ": ")
        return "\(at.iso8601) \(direction.rawValue) \(outcome)" + (reason.isEmpty ? "" : ": \(reason)")
    }
}

// MARK: As JSON

extension RecordReport {
    var json: JSONValue {
        .object([
            "integration": .string(name.integration), "record": .string(name.record.text),
            "links": .array(links.map(\.json)), "waiting": .array(queued.map(\.json)),
            "history": .array(history.map(\.json)), "notes": .array(notes.map(JSONValue.string)),
            "nextPoll": .string(nextPoll),
        ])
    }
}

extension RecordReport.Linked {
    fileprivate var json: JSONValue {
        .object([
            "object": .string(link.object.rawValue), "crmID": optional(link.crmID), "marketingID": .string(link.marketingID),
            "externalID": .string(link.externalID), "state": .string(link.state.rawValue),
            "endedBy": optional(link.endedBy?.rawValue), "writtenAt": optional(link.writtenAt?.iso8601),
            "tags": link.tags.map { .array($0.value.map(JSONValue.string)) } ?? .null,
            "account": link.relation.map {
                .object(["id": .string($0.accountID), "error": optional($0.error.map { "\($0.code): \($0.message)" })])
            } ?? .null,
            "fields": .array(fields.map(\.json)), "waiting": .array(queued.map(\.json)),
            "history": .array(history.map(\.json)),
        ])
    }
}

extension FieldExplanation {
    fileprivate var json: JSONValue {
        .object([
            "field": .string(field), "marketingField": .string(marketingField), "agreed": agreed?.json ?? .null,
            "last": last.map { last in
                .object([
                    "at": .string(last.at.iso8601), "direction": .string(last.direction), "outcome": .string(last.outcome),
                    "winner": optional(last.record.winner?.rawValue), "reason": .string(last.record.reason.rawValue),
                    "explanation": .string(last.record.reason.explanation),
                ])
            } ?? .null,
            "lost": lost?.json ?? .null, "waiting": waiting?.json ?? .null, "overruled": .boolean(isOverruled),
            "frozen": .boolean(isFrozen),
        ])
    }
}

extension RecordReport.Queued {
    fileprivate var json: JSONValue {
        .object([
            "direction": .string(direction.rawValue), "state": .string(row.state), "since": .string(row.row.firstAt.iso8601),
            "attempts": .integer(Int64(row.row.attempts)), "nextAt": optional(row.nextAt?.iso8601),
            "error": optional(row.error.map { "\($0.code): \($0.message)" }),
        ])
    }
}

extension HistoryEntry {
    fileprivate var json: JSONValue {
        .object([
            "at": .string(at.iso8601), "direction": .string(direction.rawValue), "object": .string(object),
            "marketingID": .string(marketingID), "crmID": optional(crmID), "outcome": .string(outcome),
            "code": optional(code), "message": optional(message), "decisions": details,
        ])
    }
}

private func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
