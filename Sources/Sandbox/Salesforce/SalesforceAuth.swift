import Foundation

/// The tokens of the emulated org: grants, the access tokens drawn from them, and what kills them.
///
/// The signature of a JWT bearer assertion is **not** checked (that would need a crypto library, and the module keeps
/// clear of the one the connectors use); its structure, algorithm and claims are.
struct SalesforceAuth: Sendable {
    /// An OAuth error: one object, unlike REST errors.
    struct Refusal: Error, Equatable {
        var error: String
        var description: String

        var answer: SalesforceAnswer {
            SalesforceAnswer(status: 400, body: ["error": .string(error), "error_description": .string(description)])
        }

        static let deadGrant = Refusal(error: "invalid_grant", description: "expired access/refresh token")
    }

    /// Salesforce keeps at most so many grants of one user and app; one more silently kills the oldest.
    private static let mostGrants = 5
    /// Assertions may live this long, in seconds.
    private static let longestAssertion: Int64 = 300

    private let options: SalesforceOptions
    private var generator: SeededGenerator
    private var nextGrant = 1
    /// Live grants, oldest first, each with its live refresh token.
    private var grants: [(id: Int, refreshToken: String)] = []
    /// Refresh tokens that rotation killed, with their grant.
    private var retired: [String: Int] = [:]
    /// Access token → when it dies (ms) and the grant it came from (0: none).
    private var sessions: [String: (expires: Int64, grant: Int)] = [:]

    init(options: SalesforceOptions) {
        self.options = options
        generator = SeededGenerator(seed: options.seed)
        grants = [(nextGrant, options.refreshToken)]
        nextGrant += 1
    }

    func isLive(_ accessToken: String, now: Int64) -> Bool {
        sessions[accessToken].map { now < $0.expires } ?? false
    }

    /// A new grant, as when the user approves the app once more; returns its refresh token.
    mutating func approve() -> String {
        let token = "5Aep" + generator.token(length: 60)
        grants.append((nextGrant, token))
        nextGrant += 1
        if grants.count > Self.mostGrants { end(grant: grants[0].id) }
        return token
    }

    /// Ends every session, as a password change or an admin may.
    mutating func expireSessions() {
        sessions = [:]
    }

    mutating func token(_ form: [String: String], headers: [String: String], now: Int64) throws(Refusal) -> SandboxValue {
        let host = headers["host"] ?? ""
        var form = form
        if let basic = Self.basicCredentials(headers["authorization"]) {
            form["client_id"] = basic.id
            form["client_secret"] = basic.secret
        }
        switch form["grant_type"] {
        case "refresh_token": return try refresh(form, host: host, now: now)
        case "urn:ietf:params:oauth:grant-type:jwt-bearer":
            try checkAssertion(form["assertion"] ?? "", host: host, now: now)
            return session(grant: 0, host: host, now: now)
        case "client_credentials":
            let isLoginHost = host.hasPrefix("login.") || host.hasPrefix("test.")
            guard !isLoginHost else {
                throw Refusal(error: "invalid_grant", description: "request not supported on this domain")
            }
            try checkClient(form, needsSecret: true)
            return session(grant: 0, host: host, now: now)
        default: throw Refusal(error: "unsupported_grant_type", description: "grant type not supported")
        }
    }

    /// Revoking a refresh token ends its grant and sessions; revoking an access token only that.
    mutating func revoke(_ token: String) throws(Refusal) {
        if let grant = grants.first(where: { $0.refreshToken == token }) {
            end(grant: grant.id)
        } else if sessions.removeValue(forKey: token) == nil {
            throw Refusal(error: "invalid_token", description: "invalid token: \(token.prefix(4))…")
        }
    }

    // MARK: The flows

    private mutating func refresh(_ form: [String: String], host: String, now: Int64) throws(Refusal) -> SandboxValue {
        try checkClient(form, needsSecret: form["client_secret"] != nil)
        let token = form["refresh_token"] ?? ""
        if let grant = retired[token] { end(grant: grant) }
        guard let index = grants.firstIndex(where: { $0.refreshToken == token }) else { throw .deadGrant }
        guard options.rotatesRefreshTokens else { return session(grant: grants[index].id, host: host, now: now) }
        let next = "5Aep" + generator.token(length: 60)
        retired[token] = grants[index].id
        grants[index].refreshToken = next
        return session(grant: grants[index].id, host: host, now: now, refreshToken: next)
    }

    private func checkClient(_ form: [String: String], needsSecret: Bool) throws(Refusal) {
        guard form["client_id"] == options.clientID else {
            throw Refusal(error: "invalid_client_id", description: "client identifier invalid")
        }
        guard !needsSecret || form["client_secret"] == options.clientSecret else {
            throw Refusal(error: "invalid_client", description: "invalid client credentials")
        }
    }

    private func checkAssertion(_ assertion: String, host: String, now: Int64) throws(Refusal) {
        let parts = assertion.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty, let header = Self.base64URL(parts[0]), let claims = Self.base64URL(parts[1]),
            header["alg"] == "RS256"
        else { throw Refusal(error: "invalid_grant", description: "invalid assertion") }
        guard claims["iss"]?.text == options.clientID else {
            throw Refusal(error: "invalid_client_id", description: "client identifier invalid")
        }
        guard claims["sub"]?.text == options.username else {
            throw Refusal(error: "invalid_grant", description: "user hasn't approved this consumer")
        }
        let audiences = [
            "https://login.salesforce.com", "https://test.salesforce.com", options.instanceURL, "https://\(host)",
            "http://\(host)",
        ]
        guard let audience = claims["aud"]?.text, audiences.contains(audience) else {
            throw Refusal(error: "invalid_grant", description: "audience is invalid")
        }
        guard let expires = claims["exp"]?.double, expires * 1000 > Double(now),
            expires <= Double(now / 1000 + Self.longestAssertion)
        else { throw Refusal(error: "invalid_grant", description: "expired authorization code") }
    }

    // MARK: Sessions

    private mutating func session(grant: Int, host: String, now: Int64, refreshToken: String? = nil) -> SandboxValue {
        let token = "00D5e000000SBOX!" + generator.token(length: 80)
        sessions[token] = (now + options.tokenLifetime, grant)
        var members: [String: SandboxValue] = [
            "access_token": .string(token), "signature": .string(generator.token(length: 43) + "="), "scope": "refresh_token api",
            "instance_url": .string(options.instanceURL ?? "http://\(host)"), "token_type": "Bearer",
            "id": .string("https://login.salesforce.com/id/00D5e000000SBOXEA2/\(SalesforceUser.integration)"),
            "issued_at": .string(String(now)),
        ]
        if let refreshToken { members["refresh_token"] = .string(refreshToken) }
        return .object(members)
    }

    private mutating func end(grant: Int) {
        grants.removeAll { $0.id == grant }
        sessions = sessions.filter { $0.value.grant != grant }
    }

    // MARK: Encodings

    private static func base64URL(_ text: Substring) -> SandboxValue? {
        var base64 = String(text.map { $0 == "-" ? "+" : ($0 == "_" ? "/" : $0) })
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        return Data(base64Encoded: base64).flatMap { SandboxValue(json: Array($0)) }
    }

    private static func basicCredentials(_ header: String?) -> (id: String, secret: String)? {
        guard let header, header.hasPrefix("Basic "), let data = Data(base64Encoded: String(header.dropFirst(6))) else {
            return nil
        }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
}
