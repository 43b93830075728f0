import Runtime

@main
enum Main {
    static func main() async { await EntryPoint.activityRecorder() }
}
