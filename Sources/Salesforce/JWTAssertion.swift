import Contracts
import JWTKit
import SyncCore

/// The claims of Salesforce's JWT bearer flow, signed by the app's certificate.
struct JWTAssertion {
    private static let lifetime: Duration = .seconds(180)

    let issuer: String
    let subject: String
    let audience: String
    let issuedAt: Timestamp

    private struct Claims: JWTPayload {
        let iss: String
        let sub: String
        let aud: String
        /// In seconds since 1970; Salesforce takes at most a few minutes ahead.
        let exp: Int64

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    /// The assertion in compact form, signed with RS256.
    func signed(with privateKey: Secret) async throws(SyncError) -> String {
        let claims = Claims(
            iss: issuer, sub: subject, aud: audience, exp: issuedAt.advanced(by: Self.lifetime).milliseconds / 1000
        )
        do {
            let key = try Insecure.RSA.PrivateKey(pem: privateKey.reveal())
            return try await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256).sign(claims)
        } catch {
            // The library's own text could quote the key.
            throw SyncError(
                .auth, code: "private-key-unusable", message: "The private key is not an RSA key in PEM form that can sign"
            )
        }
    }
}
