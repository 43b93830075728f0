import ArgumentParser

/// Where the executables start.
public enum EntryPoint {
    public static func tandem() async { await TandemCommand.main() }
    public static func inboundBatcher() async { await InboundBatcherCommand.main() }
    public static func gateway() async { await GatewayCommand.main() }
    public static func bench() async throws { try await Bench.run() }
}
