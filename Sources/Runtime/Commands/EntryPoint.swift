import ArgumentParser
import Foundation

/// Where the executables start.
public enum EntryPoint {
    public static func tandem() async { await start(TandemCommand.self) }
    public static func inboundBatcher() async { await start(InboundBatcherCommand.self) }
    public static func outboundPoller() async { await start(OutboundPollerCommand.self) }
    public static func syncRunner() async { await start(SyncRunnerCommand.self) }
    public static func activityRecorder() async { await start(ActivityRecorderCommand.self) }
    public static func gateway() async { await start(GatewayCommand.self) }
    public static func bench() async throws { try await Bench.run() }

    private static func start(_ command: (some AsyncParsableCommand).Type) async {
        // Databases, their journals and keys are their owner's alone.
        _ = umask(0o077)
        await command.main()
    }
}
