import CryptoExtras

/// An RSA key made for this run of the tests.
enum TestKey {
    static let pem: String = {
        guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else { return "" }
        return key.pemRepresentation
    }()
}
