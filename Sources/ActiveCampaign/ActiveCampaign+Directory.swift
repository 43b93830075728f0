public import Connectors
import Contracts
public import SyncCore

/// Reads the account whole. Contacts page by id, which stays fast and steady on large accounts where offsets do not.
extension ActiveCampaign: MarketingDirectory {
    private static let pageSize = 100

    public func peopleRanges(size: Int) async throws(SyncError) -> (ranges: [IDRange], count: Int) {
        let answer = try await session.call("GET", "contacts", query: [("orders[id]", "DESC"), ("limit", "1")])
        guard let rows = answer["contacts"]?.arrayValue else { throw Self.noContacts }
        guard let last = rows.first?["id"]?.intValue else { return ([IDRange()], 0) }
        let count = answer["meta"]?["total"]?.intValue ?? last
        let parts = max(1, (count + size - 1) / max(1, size))
        let bounds = (1..<parts).map { String(last / parts * $0) } + [nil]
        let ranges = zip([nil] + bounds.dropLast(), bounds).map { IDRange(from: $0, until: $1) }
        return (ranges, count)
    }

    /// A parameter the server ignores only makes the list another one: what is not in the range, or not in order, is refused.
    public func people(in range: IDRange, after id: String?) async throws(SyncError) -> MarketingPage {
        let least = [id.flatMap { Int($0) }, range.from.flatMap { Int($0) }.map { $0 - 1 }].compactMap(\.self).max() ?? 0
        let query = [("id_greater", String(least)), ("orders[id]", "ASC"), ("limit", String(Self.pageSize))]
        let answer = try await session.call("GET", "contacts", query: query)
        guard let rows = answer["contacts"]?.arrayValue else { throw Self.noContacts }
        var people: [MarketingContact] = []
        var previous = least
        let end = range.until.flatMap { Int($0) } ?? .max
        for row in rows {
            guard let number = row["id"]?.intValue, number > previous else {
                throw SyncError(
                    .transient, code: "unusable-answer", message: "the contacts do not come in the order of their ids")
            }
            previous = number
            guard number < end else { return MarketingPage(people: people, next: nil) }
            people.append(ContactFields.contact(row, id: String(number)))
        }
        // The server may give fewer than were asked for: only an empty page is the end.
        return MarketingPage(people: people, next: rows.isEmpty ? nil : String(previous))
    }

    public func customValues(from place: String?) async throws(SyncError) -> MarketingValuesPage {
        let offset = place.flatMap { Int($0) } ?? 0
        let query = [("limit", String(Self.pageSize)), ("offset", String(offset))]
        let answer = try await session.call("GET", "fieldValues", query: query)
        guard let rows = answer["fieldValues"]?.arrayValue else {
            throw SyncError(.transient, code: "unusable-answer", message: "the answer to fieldValues has no fieldValues")
        }
        var values: [String: [String: JSONValue]] = [:]
        for row in rows {
            guard let contact = row["contact"]?.textValue, let field = row["field"]?.textValue else { continue }
            values[contact, default: [:]][ContactFields.key(ofField: field)] = row["value"] ?? .null
        }
        return MarketingValuesPage(values: values, next: rows.isEmpty ? nil : String(offset + rows.count))
    }

    private static let noContacts = SyncError(
        .transient, code: "unusable-answer", message: "the answer to contacts has no contacts")
}
