import Connectors
import Contracts
import SyncCore

/// Salesforce's errors as values: its own code and message, and the class that decides.
enum VendorErrors {
    /// How long a full daily quota rests before it is probed again; it rolls over 24 hours and frees gradually.
    static let quotaPause: Duration = .seconds(900)

    /// What a call refused as a whole means.
    static func refusal(_ response: HTTPResponse, effect: CallEffect, now: Timestamp) -> SyncError {
        let stated = response.json.flatMap { firstError(in: $0, now: now) }
        switch response.status {
        case 500...: return unavailable(response, stated, effect: effect)
        case 401: return withClass(.auth, stated) ?? SyncError(.auth, code: "INVALID_SESSION_ID", message: "Session refused")
        case 420, 429: return withClass(.transient, stated) ?? SyncError(.transient, code: "overloaded", message: "Too busy")
        case 413, 414, 431:
            return SyncError(.permanent, code: "request-too-large", message: "The request is larger than Salesforce accepts")
        // On the address of the API itself these are no record's fault.
        case 404, 405, 410: return withClass(.auth, stated) ?? notTheAPI(response.status)
        default: return stated ?? notTheAPI(response.status)
        }
    }

    /// The first error of a REST error array, of a collections row, or of a composite subrequest's body.
    static func firstError(in body: JSONValue, now: Timestamp) -> SyncError? {
        let errors = body.arrayValue ?? body["errors"]?.arrayValue ?? []
        guard let first = errors.first, let code = (first["statusCode"] ?? first["errorCode"])?.stringValue else { return nil }
        let message = first["message"]?.stringValue ?? code
        let fields = first["fields"]?.arrayValue?.compactMap(\.stringValue) ?? []
        return SyncError(errorClass(code: code, message: message, now: now), code: code, message: message, fields: fields)
    }

    /// The error of one row of a collections answer.
    static func rowError(in result: JSONValue, isUpsert: Bool, now: Timestamp) -> SyncError? {
        firstError(in: result, now: now).map { rowError($0, isUpsert: isUpsert) }
    }

    /// The error of one row of a bulk job.
    static func rowError(code: String, message: String, fields: [String], isUpsert: Bool, now: Timestamp) -> SyncError {
        let errorClass = errorClass(code: code, message: message, now: now)
        return rowError(SyncError(errorClass, code: code, message: message, fields: fields), isUpsert: isUpsert)
    }

    private static func rowError(_ error: SyncError, isUpsert: Bool) -> SyncError {
        // What has the key of a create may be the record that an earlier, slow call of ours made: it is to be read back.
        if isUpsert, error.code == "DUPLICATE_VALUE" { return withClass(.inDoubt, error) }
        // The call was let in, so its credentials work: what is forbidden is this record.
        return error.errorClass == .auth ? withClass(.permanent, error) : error
    }

    static func errorClass(code: String, message: String, now: Timestamp) -> ErrorClass {
        switch code {
        case "UNABLE_TO_LOCK_ROW": .lock
        case "REQUEST_LIMIT_EXCEEDED":
            // One code for the day's quota and for too many long calls at once; only the text tells them apart.
            message.lowercased().contains("concurrent") ? .transient : .rateLimited(until: now.advanced(by: quotaPause))
        default: table[code] ?? .permanent
        }
    }

    private static let table: [String: ErrorClass] = [
        "SERVER_UNAVAILABLE": .transient, "UNKNOWN_EXCEPTION": .transient, "QUERY_TIMEOUT": .transient,
        "INVALID_QUERY_LOCATOR": .transient, "TXN_SECURITY_METERING_ERROR": .transient,
        "ALL_OR_NONE_OPERATION_ROLLED_BACK": .transient, "PROCESSING_HALTED": .transient, "BATCH_PROCESSING_HALTED": .transient,
        "INVALID_SESSION_ID": .auth, "INVALID_AUTH_HEADER": .auth, "API_CURRENTLY_DISABLED": .auth,
        "API_DISABLED_FOR_ORG": .auth, "FORBIDDEN": .auth, "FUNCTIONALITY_NOT_ENABLED": .auth,
        "TXN_SECURITY_NO_ACCESS": .auth, "UNSUPPORTED_API_VERSION": .auth,
        "INVALID_FIELD": .schema, "INVALID_TYPE": .schema, "INVALID_FIELD_FOR_INSERT_UPDATE": .schema,
    ]

    private static func unavailable(_ response: HTTPResponse, _ stated: SyncError?, effect: CallEffect) -> SyncError {
        let lost: ErrorClass = effect == .write ? .inDoubt : .transient
        return withClass(lost, stated)
            ?? SyncError(lost, code: "server-unavailable", message: "Salesforce answered \(response.status) without a reason")
    }

    private static func notTheAPI(_ status: Int) -> SyncError {
        SyncError(
            .auth, code: "not-the-api", message: "The answer (\(status)) is not from Salesforce's REST API: check the login URL"
        )
    }

    private static func withClass(_ errorClass: ErrorClass, _ error: SyncError?) -> SyncError? {
        error.map { withClass(errorClass, $0) }
    }

    private static func withClass(_ errorClass: ErrorClass, _ error: SyncError) -> SyncError {
        SyncError(errorClass, code: error.code, message: error.message, fields: error.fields)
    }
}
