import Foundation
import Testing

@testable import Runtime

@Suite("'tandem sandbox'")
struct SandboxCommandTests {
    @Test("links of an earlier sandbox are forgotten with its records, nothing else is")
    func forgets() throws {
        let directory = ScratchDirectory()
        try SandboxCommand.forgetLinks(in: directory.path)
        try directory.make()
        for name in ["tandem.sqlite", "tandem.sqlite-wal", "tandem.sqlite-shm", "tandem.yaml", "store.key"] {
            try directory.write(name, "")
        }
        try SandboxCommand.forgetLinks(in: directory.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["store.key", "tandem.yaml"])
    }
}
