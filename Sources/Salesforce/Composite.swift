import Connectors
import Contracts
import SyncCore

/// One part of a `/composite` call.
struct Subrequest {
    var method: String
    /// From `/services/data/…` on.
    var url: String
    var body: JSONValue?
    var headers: [String: String] = [:]
}

/// What Salesforce answered one part.
struct Subanswer {
    var status: Int
    var body: JSONValue

    var isSuccess: Bool { (200..<300).contains(status) }
}

extension SalesforceSession {
    /// The most queries and collections one composite call may hold.
    static let subrequestsPerCall = 5

    /// Many requests for the price of one API call; the answers come in the order of the parts.
    func composite(_ parts: [Subrequest], effect: CallEffect) async throws(SyncError) -> [Subanswer] {
        let requests = parts.enumerated().map { index, part in
            var request: [String: JSONValue] = [
                "method": .string(part.method), "url": .string(part.url), "referenceId": .string("part\(index)"),
            ]
            request["body"] = part.body
            if !part.headers.isEmpty { request["httpHeaders"] = .object(part.headers.mapValues(JSONValue.string)) }
            return JSONValue.object(request)
        }
        // Not collated: each part is its own transaction, so that one part's trouble stays its own.
        let body: JSONValue = ["allOrNone": false, "collateSubrequests": false, "compositeRequest": .array(requests)]
        let answer = try await call("POST", "\(basePath)/composite", body: body, effect: effect)
        guard let answers = answer["compositeResponse"]?.arrayValue, answers.count == parts.count else {
            throw .unusableAnswer("the composite answer does not have one part per request", effect: effect)
        }
        let byReference = Dictionary(
            answers.compactMap { part in part["referenceId"]?.stringValue.map { ($0, part) } },
            uniquingKeysWith: { first, _ in first }
        )
        var result: [Subanswer] = []
        for index in parts.indices {
            guard let part = byReference["part\(index)"], let status = part["httpStatusCode"]?.intValue else {
                throw .unusableAnswer("the composite answer lacks a part", effect: effect)
            }
            result.append(Subanswer(status: status, body: part["body"] ?? .null))
        }
        return result
    }
}

extension Subanswer {
    /// Why the part was refused as a whole.
    func refusal(effect: CallEffect, now: Timestamp) -> SyncError {
        let stated = VendorErrors.firstError(in: body, now: now)
        let code = stated?.code ?? "refused"
        let message = stated?.message ?? "Salesforce answered \(status) without a reason"
        return switch status {
        case 500...: SyncError(effect == .write ? .inDoubt : .transient, code: code, message: message)
        // The address of a part names the object and the external ID field.
        case 404, 405: SyncError(.schema, code: code, message: message)
        default: stated ?? SyncError(.permanent, code: code, message: message)
        }
    }
}
