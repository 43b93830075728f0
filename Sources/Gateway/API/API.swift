public import Connectors
public import Store
public import SyncCore

/// The HTTP API that panels of CRM records and the tools of managers use:
/// `/api/v1/integrations/{name}/…`, each request with an integration's token as `Authorization: Bearer …` (PERM-1).
///
/// - `GET records/{contact|lead}/{CRM id}/activities`: what the person got from marketing and did there, see ``ActivityList``.
/// - `GET actions`, `GET actions/{request id}`, `GET` and `POST records/{contact|lead}/{CRM id}/actions`: what users of records can
///   have done, see ``ActionsAPI``.
///
/// An answer is a JSON object; one that refuses has `error` with a stable `code` and a `message` that names what and where.
public struct API: Sendable {
    private let access: APIAccess
    private let routes: [APIRoute]

    /// The actions that the marketing side of an integration offers and takes.
    public typealias Connection = @Sendable (StoredIntegration) async throws(SyncError) -> any MarketingActions

    public init(store: Store, clock: any WallClock, actions: @escaping Connection) {
        let actions = ActionsAPI(store: store, clock: clock, connection: actions)
        self.init(access: APIAccess(store: store, clock: clock), routes: ActivityList(store: store).routes + actions.routes)
    }

    init(access: APIAccess, routes: [APIRoute]) {
        self.access = access
        self.routes = routes
    }

    /// - Parameters:
    ///   - path: the parts of the request's path, `api` first.
    ///   - maxBody: the largest body read, in bytes.
    func respond(to request: GatewayRequest, path: [String], maxBody: Int) async -> GatewayResponse {
        guard path.count > 4, path.starts(with: ["api", "v1", "integrations"]) else { return .notFound }
        let parts = path.compactMap { try? PercentEncoding.decode(Array($0.utf8)[...], plusIsSpace: false).get() }
        guard parts.count == path.count else { return .notFound }
        let role: Role
        switch await access.verdict(integration: parts[3], authorization: request.authorization) {
        case .refused: return .unauthorized
        case .unavailable: return .storeUnavailable
        case .accepted(let accepted): role = accepted
        }
        switch request.body {
        case .complete(let bytes) where bytes.count <= maxBody: break
        case .complete, .tooLarge: return .tooLarge(limit: maxBody)
        case .interrupted: return .interrupted
        }
        return await answer(request, integration: parts[3], rest: parts[4...], role: role)
    }

    private func answer(
        _ request: GatewayRequest, integration: String, rest: ArraySlice<String>, role: Role
    ) async -> GatewayResponse {
        let matches = routes.compactMap { route in route.parameters(of: rest).map { (route, $0) } }
        guard let (route, parameters) = matches.first(where: { $0.0.method == request.method }) else {
            let methods = Set(matches.map(\.0.method)).sorted().joined(separator: ", ")
            return methods.isEmpty ? .notFound : .methodNotAllowed(allowed: methods)
        }
        guard role >= route.role else { return .forbidden(needs: route.role) }
        return await route.handle(
            APIRequest(integration: integration, parameters: parameters, role: role, request: request))
    }
}

/// Who may do what (PERM-1); each may also do what those before it may.
enum Role: Int, Sendable, Comparable {
    /// Sees activities, sends campaigns, enters automations.
    case standard
    /// Sets up and keeps up.
    case manager

    static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }
}

/// Something the API does.
struct APIRoute: Sendable {
    typealias Handler = @Sendable (APIRequest) async -> GatewayResponse

    let method: String
    let role: Role
    let handle: Handler
    private let pattern: [String]

    /// - Parameter path: below the integration; `{name}` stands for any one part and hands it over under that name.
    init(_ method: String, _ path: String, for role: Role, _ handle: @escaping Handler) {
        self.method = method
        self.role = role
        self.handle = handle
        pattern = path.split(separator: "/").map(String.init)
    }

    /// What stands in the places of the path's names; `nil` for another path.
    func parameters(of path: ArraySlice<String>) -> [String: String]? {
        guard path.count == pattern.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, expected) in zip(path, pattern) {
            if expected.hasPrefix("{") {
                parameters[String(expected.dropFirst().dropLast())] = part
            } else if part != expected {
                return nil
            }
        }
        return parameters
    }
}
