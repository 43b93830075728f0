import Connectors
import Contracts
import SyncCore

/// What every read takes: the connection, the described fields, and the settings that name Tandem's own.
struct Org {
    /// What one retrieve may ask for, and the most rows that come in one page of a query.
    static let rowsPerPart = 2_000

    let settings: CRMSettings
    let session: SalesforceSession
    let schemas: SchemaCache

    /// The fields to be read; throws when the org lacks one of them or hides it.
    func fields(
        of object: CRMObject, wanted: [String], depth: RecordFields.Depth
    ) async throws(SyncError) -> RecordFields {
        let needed = RecordFields.required(object, depth, settings) + wanted
        let types = try await schemas.types(object, knowing: needed)
        let missing = needed.filter { types[$0] == nil }
        guard missing.isEmpty else { throw .missingFields(missing, object: object) }
        return RecordFields(object: object, settings: settings, wanted: wanted, depth: depth, types: types)
    }

    /// A query as a part of a composite call: an address of its own could not hold a long one.
    func part(_ soql: String, deletedToo: Bool = false) -> Subrequest {
        let resource = deletedToo ? "queryAll" : "query"
        return Subrequest(method: "GET", url: "\(session.basePath)/\(resource)?q=\(URLText.encoded(soql))", body: nil)
    }

    /// Throws what a refused part says, with the fields at fault where they are gone from the org.
    func check(_ answer: Subanswer, _ fields: RecordFields) async throws(SyncError) {
        guard !answer.isSuccess else { return }
        throw try await naming(fields, in: answer.refusal(effect: .repeatable, now: session.now))
    }

    /// The refusal of a query with those of its fields that are gone from the org.
    func naming(_ fields: RecordFields, in refusal: SyncError) async throws(SyncError) -> SyncError {
        guard refusal.errorClass == .schema else { return refusal }
        // The description was older than the org: a fresh one tells which field is gone.
        let types = FieldTypes(try await schemas.describe(fields.object))
        var refusal = refusal
        refusal.fields = fields.all.filter { types[$0] == nil }
        return refusal
    }

    /// All rows of a query, its further pages included; each page is one more call.
    func rows(of firstPage: JSONValue) async throws(SyncError) -> [JSONValue] {
        var page = firstPage
        var rows: [JSONValue] = []
        while true {
            guard let records = page["records"]?.arrayValue else {
                throw .unusableAnswer("a query's answer has no records", effect: .repeatable)
            }
            rows += records
            guard page["done"]?.boolValue != true, let next = page["nextRecordsUrl"]?.stringValue, !records.isEmpty else {
                return rows
            }
            page = try await session.call("GET", next, effect: .repeatable)
        }
    }
}

extension SyncError {
    /// Fields that Salesforce does not show: deleted, renamed, or hidden from the integration's user.
    static func missingFields(_ fields: [String], object: CRMObject) -> SyncError {
        SyncError(
            .schema, code: "INVALID_FIELD",
            message: "\(object.apiName) has no such field, or hides it from the integration's user: "
                + fields.joined(separator: ", "),
            fields: fields
        )
    }
}
