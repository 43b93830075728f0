import Foundation
import Store
import SyncCore

/// The key that seals credentials in the store: configured, or made once and kept beside the store.
enum StoreKeyFile {
    /// Where the key comes from, as an operator would look for it.
    static func place(in configuration: ClusterConfiguration) -> String {
        configuration.store.key == nil ? path(in: configuration) : "store.key of the configuration"
    }

    static func key(for configuration: ClusterConfiguration) throws(StoreError) -> StoreKey {
        let place = place(in: configuration)
        if let configured = configuration.store.key { return try parse(configured.reveal(), from: place) }
        let path = path(in: configuration)
        if let kept = try read(path) { return kept }
        try create(path)
        // Whichever process was first: what stands in the file is the key of all.
        guard let kept = try read(path) else { throw failure("\(path) cannot be read") }
        return kept
    }

    private static func path(in configuration: ClusterConfiguration) -> String { configuration.file("store.key") }

    private static func read(_ path: String) throws(StoreError) -> StoreKey? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let bytes = FileManager.default.contents(atPath: path) else { throw failure("\(path) cannot be read") }
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return try parse(text, from: path)
    }

    /// Makes a key unless there is one by then. It is written whole under another name first: a link fails when its name
    /// is taken, and nobody ever reads half a key.
    private static func create(_ path: String) throws(StoreError) {
        let draft = "\(path).\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: draft) }
        do {
            let isCreated = FileManager.default.createFile(
                atPath: draft, contents: nil, attributes: [.posixPermissions: 0o600])
            guard isCreated, let file = FileHandle(forWritingAtPath: draft) else { throw failure("\(path) cannot be written") }
            try file.write(contentsOf: Data(StoreKey.generate().revealBase64().utf8))
            try file.synchronize()
            try file.close()
            try FileManager.default.linkItem(atPath: draft, toPath: path)
        } catch {
            guard FileManager.default.fileExists(atPath: path) else { throw failure("\(path) cannot be written") }
        }
    }

    private static func parse(_ text: String, from place: String) throws(StoreError) -> StoreKey {
        guard let key = StoreKey(base64: text) else { throw failure("\(place) is not a key: 32 bytes in base64 are needed") }
        return key
    }

    private static func failure(_ message: String) -> StoreError { StoreError(code: "store-key", message: message) }
}
