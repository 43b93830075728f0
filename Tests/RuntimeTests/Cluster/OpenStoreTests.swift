import Foundation
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("Opening the store: every failure names what and where")
struct OpenStoreTests {
    private let directory = ScratchDirectory()

    private func configuration(key: StoreKey? = nil) -> ClusterConfiguration {
        var configuration = ClusterConfiguration()
        configuration.dataDirectory = directory.path
        configuration.store.key = key.map { Secret($0.revealBase64()) }
        return configuration
    }

    @Test("another key than the store was sealed with: the path, and which key it was")
    func wrongKey() throws {
        try Cluster.openStore(configuration(key: .generate())).close()
        let configured = #expect(throws: StoreError.self) { try Cluster.openStore(configuration(key: .generate())) }
        #expect(configured?.code == "wrong-key")
        #expect(configured?.message.contains(directory.path + "/tandem.sqlite") == true)
        #expect(configured?.message.contains("the key is store.key of the configuration") == true)
        let made = #expect(throws: StoreError.self) { try Cluster.openStore(configuration()) }
        #expect(made?.message.contains("the key is \(directory.path)/store.key") == true)
    }

    @Test("a data directory that cannot be made")
    func noDirectory() throws {
        try directory.make()
        try directory.write("file", "")
        var configuration = configuration()
        configuration.dataDirectory = directory.path + "/file/data"
        let error = #expect(throws: StoreError.self) { try Cluster.openStore(configuration) }
        #expect(error?.code == "no-data-directory")
        #expect(error?.message.hasPrefix("the data directory \(configuration.dataDirectory) cannot be made: ") == true)
    }

    @Test("a store path in a directory that does not exist")
    func noStoreDirectory() throws {
        var configuration = configuration()
        configuration.store.path = directory.path + "/nowhere/tandem.sqlite"
        let error = #expect(throws: StoreError.self) { try Cluster.openStore(configuration) }
        #expect(error?.code == "cannot-open")
        #expect(error?.message.hasPrefix("the store \(directory.path)/nowhere/tandem.sqlite does not open: ") == true)
    }
}
