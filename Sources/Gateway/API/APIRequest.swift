import Contracts
import Store

/// A request that was let in.
struct APIRequest: Sendable {
    var integration: String
    /// What stands in the places of the route's names.
    var parameters: [String: String]
    var role: Role
    var request: GatewayRequest

    /// What stands in the place of that name.
    subscript(name: String) -> String { parameters[name] ?? "" }

    /// The record that the path names.
    var record: RecordKey { RecordKey(integration: integration, object: self["object"], recordID: self["id"]) }

    /// The query's parameters, by name. Unknown ones are refused, so that a misspelt filter does not look like none.
    func query(known: [String], repeatable: Set<String> = []) throws(APIProblem) -> [String: [String]] {
        let form: FormPayload
        do { form = try FormPayload(parsing: Array((request.query ?? "").utf8)) } catch {
            throw .invalid("the query cannot be read: \(error.reason)")
        }
        var values: [String: [String]] = [:]
        for pair in form.pairs {
            guard known.contains(pair.key) else {
                throw .invalid("the query has an unknown parameter; known are \(known.joined(separator: ", "))")
            }
            values[pair.key, default: []].append(pair.value)
        }
        for (name, all) in values where all.count > 1 && !repeatable.contains(name) {
            throw .invalid("\(name) is given \(all.count) times")
        }
        return values
    }
}

/// Why a request is not answered as it would like.
struct APIProblem: Error, Sendable, Equatable {
    enum Kind: Sendable { case invalid, notFound, unavailable }

    var kind: Kind
    /// Stable and machine-readable.
    var code: String
    /// What and where.
    var message: String

    static func invalid(_ message: String) -> APIProblem {
        APIProblem(kind: .invalid, code: "invalid-parameter", message: message)
    }

    static func notFound(_ code: String, _ message: String) -> APIProblem {
        APIProblem(kind: .notFound, code: code, message: message)
    }

    static func unavailable(_ error: StoreError) -> APIProblem {
        APIProblem(kind: .unavailable, code: "store-unavailable", message: "the store does not answer (\(error.code)): ask again")
    }
}

extension GatewayResponse {
    /// What it tells is of people: no cache on the way may keep it.
    static func api(_ status: Int, _ body: JSONValue) -> GatewayResponse {
        GatewayResponse(status, .answered, headers: ["Cache-Control": "no-store"], body: body.serialized())
    }

    static let unauthorized = error(
        401, .unauthorized, code: "unauthorized", "the integration's token is needed: Authorization: Bearer …",
        headers: ["WWW-Authenticate": "Bearer"])

    static func forbidden(needs role: Role) -> GatewayResponse {
        error(403, .forbidden, code: "forbidden", "this needs the token of the role \(role)")
    }

    static func refused(_ problem: APIProblem) -> GatewayResponse {
        switch problem.kind {
        case .invalid: error(400, .malformed, code: problem.code, problem.message)
        case .notFound: error(404, .notFound, code: problem.code, problem.message)
        case .unavailable:
            error(503, .storeUnavailable, code: problem.code, problem.message, headers: ["Retry-After": "5"])
        }
    }
}
