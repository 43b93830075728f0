import Foundation
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("CON-3 The key file")
struct StoreKeyFileTests {
    private let directory = ScratchDirectory()

    private var configuration: ClusterConfiguration {
        var configuration = ClusterConfiguration()
        configuration.dataDirectory = directory.path
        return configuration
    }

    @Test("processes that start together on a fresh directory all get the one key that stays")
    func race() async throws {
        try directory.make()
        let configuration = configuration
        let keys = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<32 {
                group.addTask { @concurrent in try StoreKeyFile.key(for: configuration).revealBase64() }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
        #expect(keys == [try StoreKeyFile.key(for: configuration).revealBase64()])
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["store.key"], "drafts are removed")
    }

    @Test("only its owner reads it")
    func permissions() throws {
        try directory.make()
        _ = try StoreKeyFile.key(for: configuration)
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.path + "/store.key")
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    }

    @Test("a file that is no key is refused and stays as it is")
    func malformed() throws {
        try directory.make()
        try directory.write("store.key", "short")
        let error = #expect(throws: StoreError.self) { try StoreKeyFile.key(for: configuration) }
        #expect(error?.message.contains("store.key is not a key") == true)
        #expect(FileManager.default.contents(atPath: directory.path + "/store.key") == Data("short".utf8))
    }
}
