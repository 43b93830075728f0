import Contracts

/// How a body is written.
enum BodyFormat: String, Sendable {
    case form = "application/x-www-form-urlencoded"
    case json = "application/json"

    /// Ignores parameters such as the charset: the text is checked to be UTF-8 whatever is claimed.
    init?(contentType: String?) {
        let mediaType = contentType?.split(separator: ";", omittingEmptySubsequences: false).first?.trimmed.lowercased()
        guard let mediaType, let format = BodyFormat(rawValue: mediaType) else { return nil }
        self = format
    }
}

extension GatewayResponse {
    static func accepted(_ count: Int64, _ outcome: GatewayOutcome) -> GatewayResponse {
        GatewayResponse(200, outcome, body: JSONValue.object(["accepted": .integer(count)]).serialized())
    }

    /// One answer for an unknown path, an unknown integration and a wrong secret, so that none can be told from another.
    static let notFound = error(404, .notFound, code: "not-found", "there is nothing here")

    static let unknownAction = error(
        404, .notFound, code: "unknown-action",
        "the actions are \(AutomationAction.Action.creations.map(\.rawValue).joined(separator: " and "))")

    static let unknownActivity = error(
        404, .notFound, code: "unknown-activity",
        "the activities that steps tell of are \(Activity.Kind.ofSteps.map(\.rawValue).joined(separator: ", "))")

    static func methodNotAllowed(allowed: String) -> GatewayResponse {
        error(405, .methodNotAllowed, code: "method-not-allowed", "use \(allowed)", headers: ["Allow": allowed])
    }

    static func unsupportedMediaType(allowed: [BodyFormat]) -> GatewayResponse {
        let names = allowed.map(\.rawValue).joined(separator: " or ")
        return error(415, .unsupportedMediaType, code: "unsupported-media-type", "the Content-Type must be \(names)")
    }

    static func tooLarge(limit: Int) -> GatewayResponse {
        error(413, .tooLarge, code: "too-large", "the body is larger than \(limit) bytes")
    }

    static let interrupted = error(400, .interrupted, code: "interrupted", "the body broke off")

    static func refused(_ error: PayloadError) -> GatewayResponse {
        switch error.kind {
        case .malformed: .error(400, .malformed, code: "malformed", error.reason)
        case .unprocessable: .error(422, .unprocessable, code: "unprocessable", error.reason)
        }
    }

    static let logUnavailable = error(
        503, .logUnavailable, code: "log-unavailable", "the event could not be kept: send it again", headers: ["Retry-After": "5"]
    )

    static let storeUnavailable = error(
        503, .storeUnavailable, code: "store-unavailable", "the integration cannot be checked now: send it again",
        headers: ["Retry-After": "5"])

    static func probe(_ status: String) -> GatewayResponse {
        GatewayResponse(200, .probe, body: JSONValue.object(["status": .string(status)]).serialized())
    }

    static func notReady(_ reason: String) -> GatewayResponse {
        error(503, .probe, code: "not-ready", reason)
    }

    static func text(_ text: String) -> GatewayResponse {
        GatewayResponse(200, .probe, contentType: "text/plain; version=0.0.4; charset=utf-8", body: Array(text.utf8))
    }

    static func error(
        _ status: Int, _ outcome: GatewayOutcome, code: String, _ message: String, headers: [String: String] = [:]
    ) -> GatewayResponse {
        let body = JSONValue.object(["error": .object(["code": .string(code), "message": .string(message)])])
        return GatewayResponse(status, outcome, headers: headers, body: body.serialized(), reason: message)
    }
}
