import Contracts
import Store
import SyncCore

/// `GET records/{object}/{id}/activities`: the latest first (ACT-2).
///
/// Parameters: `limit` (20; at most 100), `kind` (may be repeated), `campaign` (its id), `from` and `to` (ISO 8601 with offset; from
/// then on, before then), `cursor`: the `next` of the page before, with the other parameters as they were. The answer has
/// `activities` and, unless the list ends, `next`. A record nobody is linked to has none.
struct ActivityList: Sendable {
    static let standardLimit = 20
    static let maximumLimit = 100
    private static let parameters = ["limit", "cursor", "kind", "campaign", "from", "to"]

    let store: Store

    var routes: [APIRoute] {
        [
            APIRoute("GET", "records/{object}/{id}/activities", for: .standard) { request in
                do throws(APIProblem) {
                    return .api(200, try await list(request))
                } catch {
                    return .refused(error)
                }
            }
        ]
    }

    private func list(_ request: APIRequest) async throws(APIProblem) -> JSONValue {
        guard let object = CRMObject(rawValue: request["object"]), object.isPerson else {
            throw .notFound("unknown-object", "activities are listed at records/contact/… and records/lead/…")
        }
        let query = try request.query(known: Self.parameters, repeatable: ["kind"])
        let filter = ActivityFilter(
            kinds: Set(try kinds(query["kind"] ?? [])), campaignID: query["campaign"]?.first, from: try moment("from", query),
            to: try moment("to", query))
        let (limit, cursor) = (try limit(query["limit"]?.first), try cursor(query["cursor"]?.first))
        let page: ActivityPage
        do throws(StoreError) {
            page = try await store.activities(
                of: .record(object, crmID: request["id"]), integration: request.integration, matching: filter,
                after: cursor, limit: limit)
        } catch {
            throw .unavailable(error)
        }
        var answer: [String: JSONValue] = ["activities": .array(page.activities.map(\.json))]
        if let next = page.next { answer["next"] = .string(next.text) }
        return .object(answer)
    }

    // MARK: Parameters

    private func kinds(_ names: [String]) throws(APIProblem) -> [Activity.Kind] {
        var kinds: [Activity.Kind] = []
        for name in names {
            guard let kind = Activity.Kind(rawValue: name) else {
                throw .invalid("kind is none of \(Activity.Kind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            kinds.append(kind)
        }
        return kinds
    }

    private func limit(_ text: String?) throws(APIProblem) -> Int {
        guard let text else { return Self.standardLimit }
        guard let limit = Int(text), (1...Self.maximumLimit).contains(limit) else {
            throw .invalid("limit is not a whole number from 1 to \(Self.maximumLimit)")
        }
        return limit
    }

    private func cursor(_ text: String?) throws(APIProblem) -> ActivityCursor? {
        guard let text else { return nil }
        guard let cursor = ActivityCursor(text: text) else { throw .invalid("cursor is not the next of an earlier answer") }
        return cursor
    }

    /// A plus sign that was not escaped reads as a blank; no time has blanks of its own.
    private func moment(_ name: String, _ query: [String: [String]]) throws(APIProblem) -> Timestamp? {
        guard let text = query[name]?.first else { return nil }
        guard let moment = Timestamp(iso8601: text.replacing(" ", with: "+")) else {
            throw .invalid("\(name) is not a date and time with an offset (ISO 8601)")
        }
        return moment
    }
}

extension StoredActivity {
    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(activityID), "kind": .string(kind.rawValue), "occurredAt": .string(occurredAt.iso8601),
            "recordedAt": .string(recordedAt.iso8601), "person": .string(marketingID),
        ]
        for (detail, text) in details { members[detail.rawValue] = .string(text) }
        return .object(members)
    }
}
