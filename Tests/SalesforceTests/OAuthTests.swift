import Connectors
import Contracts
import Foundation
import SyncCore
import Testing

@testable import Salesforce

@Suite("OAuth")
struct OAuthTests {
    private let clock = VirtualClock(now: Timestamp(seconds: 1_800_000_000))
    private static let granted: JSONValue = ["access_token": "00D!x", "instance_url": "https://acme.my.salesforce.com/"]

    private func oauth(
        _ flow: CRMSettings.Flow, secret: String? = nil, key: String? = nil, org: ScriptedOrg
    ) throws -> SalesforceOAuth {
        let settings = CRMSettings(
            loginURL: "https://login.salesforce.com/", flow: flow, clientID: "client&id", username: "sync@acme.test"
        )
        let credentials = SalesforceCredentials(clientSecret: secret.map(Secret.init), privateKey: key.map(Secret.init))
        return try SalesforceOAuth(settings: settings, credentials: credentials, transport: org, clock: clock)
    }

    private func form(_ org: ScriptedOrg) async throws -> [String: String] {
        let request = try #require(await org.calls.first?.request)
        #expect(request.url == "https://login.salesforce.com/services/oauth2/token")
        #expect(request.headers["Content-Type"] == "application/x-www-form-urlencoded")
        let pairs = String(decoding: request.body, as: UTF8.self).split(separator: "&").map { $0.split(separator: "=") }
        return Dictionary(
            pairs.map { (String($0[0]), String($0[1]).removingPercentEncoding ?? "") }, uniquingKeysWith: { first, _ in first }
        )
    }

    @Test("CON-1 refresh token: asks with client and token; a rotated token is handed on", arguments: [nil, "next"])
    func refreshToken(rotated: String?) async throws {
        let org = ScriptedOrg { _ throws(TransportError) in
            var answer = Self.granted.objectValue ?? [:]
            answer["refresh_token"] = rotated.map(JSONValue.string)
            return .json(200, .object(answer))
        }
        let grant = try await oauth(.refreshToken, secret: "s3cret", org: org).grant(refreshToken: Secret("r/1"))
        #expect(grant.access == AccessToken(token: Secret("00D!x"), endpoint: "https://acme.my.salesforce.com"))
        #expect(grant.rotatedRefreshToken == rotated.map(Secret.init))
        let expected = [
            "grant_type": "refresh_token", "refresh_token": "r/1", "client_id": "client&id", "client_secret": "s3cret",
        ]
        #expect(try await form(org) == expected)
    }

    @Test(
        "GEN-4 revoking ends a refresh token; one that is dead already is no error, any other refusal is",
        arguments: [
            (200, nil, nil), (400, "invalid_token", nil), (400, "unsupported_token_type", nil),
            (400, "invalid_request", "invalid_request"), (503, nil, "token-endpoint-unavailable"),
        ] as [(Int, String?, String?)])
    func revoke(status: Int, code: String?, expected: String?) async throws {
        let org = ScriptedOrg { _ throws(TransportError) in
            .json(status, .object(code.map { ["error": .string($0), "error_description": "no"] } ?? [:]))
        }
        let oauth = try oauth(.refreshToken, org: org)
        let failure: SyncError?
        do throws(SyncError) {
            try await oauth.revoke(Secret("r/1"))
            failure = nil
        } catch {
            failure = error
        }
        #expect(failure?.code == expected)
        let request = try #require(await org.calls.first?.request)
        #expect(request.url == "https://login.salesforce.com/services/oauth2/revoke")
        #expect(String(decoding: request.body, as: UTF8.self) == "token=r%2F1")
    }

    @Test("CON-1 client credentials: asks with client and secret")
    func clientCredentials() async throws {
        let org = ScriptedOrg { _ throws(TransportError) in .json(200, Self.granted) }
        _ = try await oauth(.clientCredentials, secret: "s3cret", org: org).grant(refreshToken: nil)
        let expected = ["grant_type": "client_credentials", "client_id": "client&id", "client_secret": "s3cret"]
        #expect(try await form(org) == expected)
    }

    @Test("CON-1 JWT bearer: an RS256 assertion for user and login host that dies within minutes")
    func jwtBearer() async throws {
        let org = ScriptedOrg { _ throws(TransportError) in .json(200, Self.granted) }
        _ = try await oauth(.jwtBearer, key: TestKey.pem, org: org).grant(refreshToken: nil)
        let form = try await form(org)
        #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer")
        let parts = try #require(form["assertion"]).split(separator: ".")
        #expect(parts.count == 3)
        #expect(try json(parts[0])["alg"] == "RS256")
        #expect(
            try json(parts[1]) == [
                "iss": "client&id", "sub": "sync@acme.test", "aud": "https://login.salesforce.com", "exp": 1_800_000_180,
            ])
        // The signature of a 2048-bit key.
        #expect(try data(parts[2]).count == 256)
    }

    @Test("CON-1 what a flow needs and lacks is an auth error that names it, before any request")
    func incomplete() async throws {
        let org = ScriptedOrg { _ throws(TransportError) in .json(200, Self.granted) }
        for flow in CRMSettings.Flow.allCases {
            let oauth = try oauth(flow, org: org)
            let error = await #expect(throws: SyncError.self) { try await oauth.grant(refreshToken: nil) }
            #expect(error?.code == "credentials-incomplete")
            #expect(error?.errorClass == .auth)
        }
        let broken = try oauth(.jwtBearer, key: "not a key", org: org)
        let error = await #expect(throws: SyncError.self) { try await broken.grant(refreshToken: nil) }
        #expect(error?.code == "private-key-unusable")
        #expect(await org.calls.isEmpty)
    }

    @Test(
        "CON-1 the token endpoint's own error is shown; only what may pass is transient",
        arguments: [
            ("invalid_grant", "expired access/refresh token", ErrorClass.auth), ("invalid_grant", "inactive_user", .auth),
            ("invalid_client_id", "client identifier invalid", .auth), ("invalid_client", "invalid client credentials", .auth),
            ("unsupported_grant_type", "grant type not supported", .auth), ("something_new", "?", .auth),
            ("rate_limit_exceeded", "slow down", .transient), ("invalid_grant", "login rate exceeded", .transient),
        ])
    func refusals(code: String, description: String, expected: ErrorClass) async throws {
        let org = ScriptedOrg { _ throws(TransportError) in
            .json(400, ["error": .string(code), "error_description": .string(description)])
        }
        let oauth = try oauth(.clientCredentials, secret: "s3cret", org: org)
        await #expect(throws: SyncError(expected, code: code, message: description)) { try await oauth.grant(refreshToken: nil) }
    }

    @Test("An unreachable or unreadable token endpoint is transient", arguments: 0..<4)
    func unavailable(index: Int) async throws {
        let org = ScriptedOrg { _ throws(TransportError) in
            switch index {
            case 0: throw .inDoubt("time-out")
            case 1: HTTPResponse(status: 503, body: Array("<html>".utf8))
            case 2: HTTPResponse(status: 200, body: Array("<html>".utf8))
            default: .json(200, ["access_token": "x"])
            }
        }
        let oauth = try oauth(.clientCredentials, secret: "s3cret", org: org)
        let error = await #expect(throws: SyncError.self) { try await oauth.grant(refreshToken: nil) }
        #expect(error?.errorClass == .transient)
    }

    @Test("CON-1 a host that is not Salesforce's says so", arguments: [301, 403, 404])
    func wrongHost(status: Int) async throws {
        let org = ScriptedOrg { _ throws(TransportError) in HTTPResponse(status: status, body: Array("<html>".utf8)) }
        let oauth = try oauth(.clientCredentials, secret: "s3cret", org: org)
        let error = await #expect(throws: SyncError.self) { try await oauth.grant(refreshToken: nil) }
        #expect(error?.errorClass == .auth)
        #expect(error?.code == "not-the-api")
    }

    private func data(_ part: Substring) throws -> Data {
        let base64 = part.replacing("-", with: "+").replacing("_", with: "/")
        return try #require(Data(base64Encoded: base64 + String(repeating: "=", count: (4 - base64.count % 4) % 4)))
    }

    private func json(_ part: Substring) throws -> JSONValue { try JSONValue.parse(Array(data(part))) }
}
