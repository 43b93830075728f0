public import SyncCore

/// What authorises requests to a vendor, and where to send them.
public struct AccessToken: Sendable, Hashable {
    public var token: Secret
    /// The base of the vendor's API for this token, e.g. Salesforce's `instance_url`; without a trailing slash.
    public var endpoint: String

    public init(token: Secret, endpoint: String) {
        self.token = token
        self.endpoint = endpoint
    }
}

/// A token endpoint's answer.
public struct TokenGrant: Sendable {
    public var access: AccessToken
    /// Set when the vendor rotates refresh tokens: the one used for this grant is dead from now on.
    public var rotatedRefreshToken: Secret?

    public init(access: AccessToken, rotatedRefreshToken: Secret? = nil) {
        self.access = access
        self.rotatedRefreshToken = rotatedRefreshToken
    }
}

/// Where a connection's refresh token is kept. It is loaded anew for every refresh, since another process may have rotated it.
public struct RefreshTokenStore: Sendable {
    public var load: @Sendable () async throws(SyncError) -> Secret?
    /// Returns only when the token is durable.
    public var save: @Sendable (Secret) async throws(SyncError) -> Void

    public init(
        load: @escaping @Sendable () async throws(SyncError) -> Secret?,
        save: @escaping @Sendable (Secret) async throws(SyncError) -> Void
    ) {
        self.load = load
        self.save = save
    }

    /// For flows without refresh tokens.
    public static let none = RefreshTokenStore(load: { () async throws(SyncError) in nil }, save: { _ in })
}

/// The access token of one connection, asked for once however many callers need it.
public actor TokenSource {
    private let refreshTokens: RefreshTokenStore
    private let request: @Sendable (Secret?) async throws(SyncError) -> TokenGrant
    private var current: AccessToken?
    /// A rotated refresh token that could not be saved, with the one it replaced.
    private var unsaved: (token: Secret, replaced: Secret?)?
    private var refresh: Task<Result<AccessToken, SyncError>, Never>?

    /// - Parameters:
    ///   - refreshTokens: where the refresh token is kept.
    ///   - request: asks the vendor for a token, with the refresh token if there is one.
    public init(
        refreshTokens: RefreshTokenStore = .none,
        request: @escaping @Sendable (Secret?) async throws(SyncError) -> TokenGrant
    ) {
        self.refreshTokens = refreshTokens
        self.request = request
    }

    /// A token to use: the current one, or a new one when there is none or it is `dead`, the one the vendor just refused.
    ///
    /// A caller whose token was replaced meanwhile gets the replacement without another request. Fails with what the token
    /// endpoint said, after one request at most: retrying is for the caller's schedule.
    public func token(replacing dead: AccessToken? = nil) async throws(SyncError) -> AccessToken {
        if let current, current != dead { return current }
        let running = refresh ?? startRefresh()
        return try await running.value.get()
    }

    // A task of its own: one impatient caller's cancellation must not lose a rotated token between its grant and its save.
    private func startRefresh() -> Task<Result<AccessToken, SyncError>, Never> {
        let task = Task { await refreshed() }
        refresh = task
        return task
    }

    private func refreshed() async -> Result<AccessToken, SyncError> {
        defer { refresh = nil }
        do throws(SyncError) {
            let refreshToken = try await refreshToken()
            let grant = try await request(refreshToken)
            if let rotated = grant.rotatedRefreshToken {
                // Before the access token is used: a crash after this line loses nothing, one before it would lose the grant.
                unsaved = (rotated, refreshToken)
                try await refreshTokens.save(rotated)
                unsaved = nil
            }
            current = grant.access
            return .success(grant.access)
        } catch {
            current = nil
            return .failure(error)
        }
    }

    /// The stored token, or the one that an earlier refresh could not save, as soon as it is saved.
    private func refreshToken() async throws(SyncError) -> Secret? {
        let stored = try await refreshTokens.load()
        // A token stored meanwhile by someone else, such as a manager who connected anew, is the newer one.
        guard let kept = unsaved, kept.token != stored, kept.replaced == stored else {
            unsaved = nil
            return stored
        }
        try await refreshTokens.save(kept.token)
        unsaved = nil
        return kept.token
    }
}
