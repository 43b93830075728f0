import Runtime

@main
enum Main {
    static func main() async throws { try await EntryPoint.bench() }
}
