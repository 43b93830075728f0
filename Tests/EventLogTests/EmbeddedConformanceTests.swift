import Contracts
import EventLog
import EventLogConformance
import Foundation
import Testing

@Suite("The embedded log keeps the port's rules")
struct EmbeddedConformanceTests {
    @Test("conformance", arguments: LogExercise.all)
    func conforms(to exercise: LogExercise) async throws {
        let folder = try TemporaryFolder()
        try await exercise.run { try folder.open() }
    }
}

/// A folder that goes away with the test, and logs in it.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "tandem-log-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.appending(path: "log.sqlite").path }

    func open(
        partitions: Int = 4, timer: any Clock<Duration> = ContinuousClock(),
        clock: @escaping @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_700_000_000_000) }
    ) throws -> EmbeddedLog {
        try EmbeddedLog.open(path: path, partitions: partitions, timer: timer, clock: clock)
    }
}
