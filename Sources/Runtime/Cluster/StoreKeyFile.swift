import Foundation
import Store
import SyncCore

/// The key that seals credentials in the store: configured, or made once and kept beside the store.
enum StoreKeyFile {
    static func key(for configuration: ClusterConfiguration) throws -> StoreKey {
        if let configured = configuration.store.key { return try parse(configured.reveal(), from: "store.key") }
        let path = configuration.file("store.key")
        if let text = try? String(contentsOfFile: path, encoding: .utf8) {
            return try parse(text.trimmingCharacters(in: .whitespacesAndNewlines), from: path)
        }
        let key = StoreKey.generate()
        let created = FileManager.default.createFile(
            atPath: path, contents: Data(key.revealBase64().utf8), attributes: [.posixPermissions: 0o600])
        guard created else { throw StoreError(code: "store-key", message: "the key file \(path) cannot be written") }
        return key
    }

    private static func parse(_ text: String, from place: String) throws -> StoreKey {
        guard let key = StoreKey(base64: text) else {
            throw StoreError(code: "store-key", message: "\(place) is not a key: 32 bytes in base64 are needed")
        }
        return key
    }
}
