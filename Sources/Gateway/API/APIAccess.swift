import Connectors
import Store
import SyncCore

/// Tells by its token what a request may do. A token is good for one integration.
struct APIAccess: Sendable {
    enum Verdict: Sendable, Equatable { case accepted(Role), refused, unavailable }

    private let directories: [(role: Role, directory: IntegrationDirectory)]

    init(store: Store, clock: any WallClock) {
        directories = [
            (.standard, IntegrationDirectory(store: store, secret: .panelToken, clock: clock)),
            (.manager, IntegrationDirectory(store: store, secret: .managerToken, clock: clock)),
        ]
    }

    /// An unknown integration is refused as a wrong token is, so that neither can be told from the other.
    func verdict(integration: String, authorization: String?) async -> Verdict {
        guard let token = Self.token(in: authorization) else { return .refused }
        var isUnavailable = false
        for (role, directory) in directories {
            switch await directory.verdict(integration: integration, secret: token) {
            case .accepted: return .accepted(role)
            case .unavailable: isUnavailable = true
            case .refused: continue
            }
        }
        return isUnavailable ? .unavailable : .refused
    }

    /// The token of `Bearer <token>`; the scheme's case does not matter (RFC 9110).
    private static func token(in authorization: String?) -> String? {
        let parts = (authorization ?? "").split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
