import Connectors
import Contracts
import SyncCore

/// One `mirror` of a batch: upserts in collections, by the external ID field of the settings.
struct ActivityWriter {
    private enum Field: String, CaseIterable {
        case kind = "Kind__c"
        case occurredAt = "Occurred_At__c"
        case subject = "Subject__c"
        case details = "Details__c"
        case contact = "Contact__c"
        case lead = "Lead__c"
    }

    /// How many calls may be spent on finding what Salesforce refused a whole collection for.
    private static let searchCalls = 10
    /// The lengths of the object's texts, in UTF-16 units.
    private static let subjectLength = 255
    private static let detailsLength = 32_768

    /// What Salesforce says of a lookup to a record that was deleted or merged.
    private static let goneRecordCodes: Set<String> = ["INVALID_CROSS_REFERENCE_KEY", "ENTITY_IS_DELETED"]

    private let org: Org
    private let object: String
    private let activities: [CRMActivity]
    private var errors: [SyncError?]
    private var searchCallsLeft = Self.searchCalls

    init(_ activities: [CRMActivity], to org: Org, object: String) {
        self.activities = activities
        self.org = org
        self.object = object
        errors = Array(repeating: nil, count: activities.count)
    }

    /// The fields that the object needs and does not have, in the order of the guide.
    static func missingFields(of object: String, in org: Org) async throws(SyncError) -> [String] {
        let answer = try await org.session.call("GET", "\(org.session.basePath)/sobjects/\(object)/describe", effect: .repeatable)
        let names = Set((answer["fields"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue?.lowercased() })
        return ([org.settings.externalIDField] + Field.allCases.map(\.rawValue)).filter { !names.contains($0.lowercased()) }
    }

    /// One entry per activity, in order.
    mutating func run() async -> [SyncError?] {
        var queue = Array(activities.indices).chunks(of: Writer.rowsPerSubrequest)
        while !queue.isEmpty {
            let group = Array(queue.prefix(SalesforceSession.subrequestsPerCall))
            queue.removeFirst(group.count)
            do throws(SyncError) {
                let answers = try await org.session.composite(group.map(subrequest), effect: .write)
                for (rows, answer) in zip(group, answers) { queue += settle(rows, by: answer) }
            } catch {
                // The next call would meet the same.
                settle((group + queue).flatMap(\.self), error)
                break
            }
        }
        return errors
    }

    private func subrequest(_ rows: [Int]) -> Subrequest {
        Subrequest(
            method: "PATCH",
            url: "\(org.session.basePath)/composite/sobjects/\(object)/\(org.settings.externalIDField)",
            body: ["allOrNone": false, "records": .array(rows.map { record(activities[$0]) })],
            headers: SalesforceSession.clientHeader)
    }

    private func record(_ activity: CRMActivity) -> JSONValue {
        let values: [Field: JSONValue] = [
            .kind: .string(activity.kind), .occurredAt: .string(activity.occurredAt.iso8601),
            .subject: .string(activity.subject.cut(to: Self.subjectLength)),
            .details: .string(activity.details.cut(to: Self.detailsLength)),
            .contact: activity.records[.contact].map(JSONValue.string) ?? .null,
            .lead: activity.records[.lead].map(JSONValue.string) ?? .null,
        ]
        var members: [String: JSONValue] = [
            "attributes": ["type": .string(object)], org.settings.externalIDField: .string(activity.externalID),
        ]
        for (field, value) in values { members[field.rawValue] = value }
        return .object(members)
    }

    /// What is to be sent again in smaller parts.
    private mutating func settle(_ rows: [Int], by answer: Subanswer) -> [[Int]] {
        guard answer.isSuccess else {
            let refusal = answer.refusal(effect: .write, now: org.session.now)
            guard refusal.errorClass == .permanent, rows.count > 1, searchCallsLeft > 0 else {
                settle(rows, refusal)
                return []
            }
            searchCallsLeft -= 1
            let pieces = SalesforceSession.subrequestsPerCall
            return rows.chunks(of: (rows.count + pieces - 1) / pieces)
        }
        guard let results = answer.body.arrayValue, results.count == rows.count else {
            settle(rows, .unusableAnswer("the answer does not have one result per record", effect: .write))
            return []
        }
        for (row, result) in zip(rows, results) where result["success"]?.boolValue != true {
            var error =
                VendorErrors.rowError(in: result, isUpsert: true, now: org.session.now)
                ?? .unusableAnswer("the record's result states neither success nor error", effect: .write)
            if Self.goneRecordCodes.contains(error.code) { error.code = CRMActivity.goneRecordCode }
            settle([row], error)
        }
        return []
    }

    /// Whatever may have been written is written again by the same key, which does no harm: nothing is in doubt.
    private mutating func settle(_ rows: [Int], _ error: SyncError) {
        let errorClass: ErrorClass = error.errorClass == .inDoubt ? .transient : error.errorClass
        for row in rows {
            errors[row] = SyncError(errorClass, code: error.code, message: error.message, fields: error.fields)
        }
    }
}

extension String {
    /// Its first characters, as many as that many UTF-16 units hold whole.
    fileprivate func cut(to length: Int) -> String {
        guard utf16.count > length else { return self }
        var (end, units) = (unicodeScalars.startIndex, 0)
        while end < unicodeScalars.endIndex {
            units += UTF16.width(unicodeScalars[end])
            guard units <= length else { break }
            end = unicodeScalars.index(after: end)
        }
        return String(unicodeScalars[..<end])
    }
}
