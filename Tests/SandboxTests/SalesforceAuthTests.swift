import Foundation
import Sandbox
import Testing

@Suite("Salesforce emulator: OAuth 2.0")
struct SalesforceAuthTests {
    private func jwt(_ claims: [String: SandboxValue], algorithm: String = "RS256") -> String {
        let parts: [SandboxValue] = [["alg": .string(algorithm)], .object(claims)]
        let encoded = parts.map {
            Data($0.json()).base64EncodedString().split(separator: "=")[0].split(separator: "+").joined(separator: "-")
                .split(separator: "/").joined(separator: "_")
        }
        return encoded.joined(separator: ".") + ".c2ln"
    }

    private func grant(_ assertion: String) -> String {
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=\(assertion)"
    }

    @Test("a refresh answers issued_at as text and neither a lifetime nor, without rotation, a new refresh token")
    func refresh() async {
        let client = await SalesforceClient()
        let answer = await SalesforceClient.token(client.sandbox, SalesforceClient.refresh())
        #expect(answer["issued_at"]?.text == String(client.clock.now))
        #expect(answer["expires_in"] == nil)
        #expect(answer["refresh_token"] == nil)
        #expect(answer["instance_url"] == "https://acme.my.salesforce.com")
    }

    @Test("rotation kills the old token at once, and replaying it ends the grant")
    func rotation() async {
        let client = await SalesforceClient { $0.rotatesRefreshTokens = true }
        // The client's own first token used up the initial refresh token.
        let replay = await SalesforceClient.token(client.sandbox, SalesforceClient.refresh())
        #expect(replay["error"] == "invalid_grant")
        #expect(await client.send("GET", "/limits").status == 401)

        let first = await client.sandbox.approve()
        let rotated = await SalesforceClient.token(client.sandbox, SalesforceClient.refresh(first))
        let second = rotated["refresh_token"]?.text ?? ""
        #expect(second != first)
        #expect(await SalesforceClient.token(client.sandbox, SalesforceClient.refresh(second))["access_token"] != nil)
        #expect(await SalesforceClient.token(client.sandbox, SalesforceClient.refresh(first))["error"] == "invalid_grant")
        #expect(await SalesforceClient.token(client.sandbox, SalesforceClient.refresh(second))["error"] == "invalid_grant")
    }

    @Test("the sixth grant silently kills the oldest")
    func grantCap() async {
        let client = await SalesforceClient()
        for _ in 0..<5 { _ = await client.sandbox.approve() }
        #expect(await SalesforceClient.token(client.sandbox, SalesforceClient.refresh())["error"] == "invalid_grant")
    }

    @Test("client credentials work on My Domain only")
    func clientCredentials() async {
        let client = await SalesforceClient()
        let form = "grant_type=client_credentials&client_id=sandbox-client&client_secret=sandbox-secret"
        #expect(await SalesforceClient.token(client.sandbox, form)["access_token"] != nil)
        let login = await SalesforceClient.token(client.sandbox, form, host: "login.salesforce.com")
        #expect(login["error"] == "invalid_grant")
        #expect(await SalesforceClient.token(client.sandbox, form + "x")["error"] == "invalid_client")
    }

    @Test("JWT bearer checks issuer, user, audience, expiry and algorithm")
    func jwtBearer() async {
        let client = await SalesforceClient()
        let expiry = SandboxValue.integer(client.clock.now / 1000 + 180)
        let good: [String: SandboxValue] = [
            "iss": "sandbox-client", "sub": "sync@acme.test", "aud": "https://login.salesforce.com", "exp": expiry,
        ]
        #expect(await SalesforceClient.token(client.sandbox, grant(jwt(good)))["access_token"] != nil)
        let bad: [(String, SandboxValue, String)] = [
            ("iss", "other", "client identifier invalid"), ("sub", "x@y.z", "user hasn't approved this consumer"),
            ("aud", "https://example.com", "audience is invalid"), ("exp", 1_700_000_000, "expired authorization code"),
            ("exp", .integer(client.clock.now / 1000 + 3600), "expired authorization code"),
        ]
        for (claim, value, description) in bad {
            let answer = await SalesforceClient.token(client.sandbox, grant(jwt(good.merging([claim: value]) { $1 })))
            #expect(answer["error_description"]?.text == description)
        }
        let unsigned = await SalesforceClient.token(client.sandbox, grant(jwt(good, algorithm: "none")))
        #expect(unsigned["error_description"] == "invalid assertion")
        #expect(await SalesforceClient.token(client.sandbox, grant("junk"))["error_description"] == "invalid assertion")
    }

    @Test("a token lives its time, then 401 with an error array")
    func expiry() async {
        let client = await SalesforceClient()
        #expect(await client.send("GET", "/limits").status == 200)
        client.clock.advance(seconds: 7200)
        let late = await client.send("GET", "/limits")
        #expect(late.status == 401)
        #expect(late.code() == "INVALID_SESSION_ID")
    }

    @Test("revoking the refresh token ends its sessions, revoking an access token only that one")
    func revocation() async {
        let client = await SalesforceClient()
        func revoke(_ token: String) async {
            _ = await client.sandbox.reply(
                to: SandboxRequest(method: "POST", path: "/services/oauth2/revoke", body: Array("token=\(token)".utf8)))
        }
        let other = await SalesforceClient.token(client.sandbox, SalesforceClient.refresh())["access_token"]?.text ?? ""
        await revoke(other)
        #expect(await client.send("GET", "/limits", token: other).status == 401)
        #expect(await client.send("GET", "/limits").status == 200)
        await revoke("sandbox-refresh-token")
        #expect(await client.send("GET", "/limits").status == 401)
        #expect(await SalesforceClient.token(client.sandbox, SalesforceClient.refresh())["error"] == "invalid_grant")
    }
}
