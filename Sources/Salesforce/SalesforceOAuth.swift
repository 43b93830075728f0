public import Connectors
import Contracts
public import SyncCore

/// Asks Salesforce's token endpoint for access tokens by the flow of the settings (CON-1).
public struct SalesforceOAuth: Sendable {
    private static let jwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

    private let settings: CRMSettings
    private let credentials: SalesforceCredentials
    private let transport: any HTTPTransport
    private let clock: any WallClock
    private let loginHost: String

    /// Fails when the login URL is none, or would send credentials in the clear.
    public init(
        settings: CRMSettings, credentials: SalesforceCredentials, transport: any HTTPTransport, clock: any WallClock
    ) throws(SyncError) {
        self.settings = settings
        self.credentials = credentials
        self.transport = transport
        self.clock = clock
        loginHost = try VendorURL.parse(settings.loginURL, setting: "The Salesforce login URL").base
    }

    /// The connection's tokens, refreshed through this endpoint.
    public func tokenSource(refreshTokens: RefreshTokenStore = .none) -> TokenSource {
        TokenSource(refreshTokens: refreshTokens) { refreshToken throws(SyncError) in
            try await grant(refreshToken: refreshToken)
        }
    }

    /// One token request.
    public func grant(refreshToken: Secret?) async throws(SyncError) -> TokenGrant {
        let response = try await post(try await form(refreshToken: refreshToken), to: "token")
        guard response.status == 200 else { throw Self.refusal(response) }
        guard let answer = response.json, let token = answer["access_token"]?.stringValue,
            let instance = answer["instance_url"]?.stringValue
        else {
            throw .unusableAnswer("the token endpoint's answer has no access_token and instance_url", effect: .repeatable)
        }
        return TokenGrant(
            access: AccessToken(
                token: Secret(token), endpoint: try VendorURL.parse(instance, setting: "Salesforce's instance_url").base
            ),
            rotatedRefreshToken: answer["refresh_token"]?.stringValue.map(Secret.init)
        )
    }

    /// Ends a refresh token and what was granted by it (GEN-4). It is no error when it is dead already.
    public func revoke(_ refreshToken: Secret) async throws(SyncError) {
        let response = try await post([("token", refreshToken.reveal())], to: "revoke")
        guard response.status != 200 else { return }
        let refusal = Self.refusal(response)
        guard ["invalid_token", "unsupported_token_type"].contains(refusal.code) else { throw refusal }
    }

    private func post(_ form: [(String, String)], to endpoint: String) async throws(SyncError) -> HTTPResponse {
        let request = HTTPRequest(
            method: "POST", url: loginHost + "/services/oauth2/\(endpoint)",
            headers: ["Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"],
            body: Array(URLText.form(form).utf8)
        )
        do throws(TransportError) {
            return try await transport.send(request)
        } catch {
            throw SyncError(error, effect: .repeatable)
        }
    }

    private func form(refreshToken: Secret?) async throws(SyncError) -> [(String, String)] {
        let client =
            [("client_id", settings.clientID)] + (credentials.clientSecret.map { [("client_secret", $0.reveal())] } ?? [])
        switch settings.flow {
        case .refreshToken:
            let token = try needed(refreshToken, "a refresh token")
            return [("grant_type", "refresh_token"), ("refresh_token", token.reveal())] + client
        case .clientCredentials:
            _ = try needed(credentials.clientSecret, "the client secret")
            return [("grant_type", "client_credentials")] + client
        case .jwtBearer:
            let assertion = JWTAssertion(
                issuer: settings.clientID, subject: try needed(settings.username, "the user name"), audience: loginHost,
                issuedAt: clock.now()
            )
            let signed = try await assertion.signed(with: try needed(credentials.privateKey, "the private key"))
            return [("grant_type", Self.jwtBearerGrant), ("assertion", signed)]
        }
    }

    private func needed<Part>(_ part: Part?, _ name: String) throws(SyncError) -> Part {
        guard let part else {
            throw SyncError(
                .auth, code: "credentials-incomplete",
                message: "The \(settings.flow.rawValue) flow needs \(name), which is not set"
            )
        }
        return part
    }

    /// OAuth errors are one object with `error` and `error_description`, unlike REST's arrays.
    private static func refusal(_ response: HTTPResponse) -> SyncError {
        guard response.status < 500, response.status != 429 else {
            return SyncError(
                .transient, code: "token-endpoint-unavailable", message: "The token endpoint answered \(response.status)"
            )
        }
        guard let body = response.json, let code = body["error"]?.stringValue else {
            return SyncError(
                .auth, code: "not-the-api",
                message: "The answer (\(response.status)) is not from Salesforce's token endpoint: check the login URL"
            )
        }
        let message = body["error_description"]?.stringValue ?? code
        // A burst of logins is refused under the code of a dead grant; only its text tells them apart.
        let mayPass = code == "rate_limit_exceeded" || message.lowercased().contains("rate exceeded")
        return SyncError(mayPass ? .transient : .auth, code: code, message: message)
    }
}
