import Crypto
import Foundation
import GRDB

/// The 256-bit key that seals secrets at rest (CON-3). It prints as `•••`.
public struct StoreKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: [UInt8]

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a key as ``revealBase64()`` wrote it; `nil` unless it is exactly 32 bytes.
    public init?(base64: String) {
        guard let data = Data(base64Encoded: base64), data.count == 32 else { return nil }
        self.init(bytes: Array(data))
    }

    /// A new key from the system's secure random source.
    public static func generate() -> StoreKey {
        var source = SystemRandomNumberGenerator()
        return StoreKey(bytes: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &source) })
    }

    /// The key itself, for the one place that keeps it.
    public func revealBase64() -> String { Data(bytes).base64EncodedString() }

    public var description: String { "•••" }
    public var debugDescription: String { "•••" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// AES-256-GCM with a random nonce; `purpose` is authenticated with it, so that what is sealed for one purpose does not
    /// open for another.
    func seal(_ text: String, purpose: String) throws -> Data {
        let box = try AES.GCM.seal(Array(text.utf8), using: SymmetricKey(data: bytes), authenticating: Array(purpose.utf8))
        guard let combined = box.combined else {
            throw StoreError(code: "sealing-failed", message: "the secret could not be sealed")
        }
        return combined
    }

    /// `nil` when it was sealed with another key, for another purpose, or was altered since.
    func unseal(_ sealed: Data, purpose: String) -> String? {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let bytes = try? AES.GCM.open(box, using: SymmetricKey(data: bytes), authenticating: Array(purpose.utf8))
        else { return nil }
        return String(bytes: bytes, encoding: .utf8)
    }
}

/// The table `key_check`: one sealed word that tells a wrong key at once, before anything is sealed with it.
enum KeyCheckTable {
    private static let purpose = "key-check"
    private static let word = "tandem"

    static func verify(_ key: StoreKey, _ db: Database) throws {
        if let sealed = try Data.fetchOne(db, sql: "SELECT sealed FROM key_check WHERE id = 1") {
            guard key.unseal(sealed, purpose: purpose) == word else {
                throw StoreError(code: "wrong-key", message: "the store's secrets were sealed with another key")
            }
        } else {
            let sealed = try key.seal(word, purpose: purpose)
            try db.execute(sql: "INSERT INTO key_check (id, sealed) VALUES (1, ?)", arguments: [sealed])
        }
    }
}
