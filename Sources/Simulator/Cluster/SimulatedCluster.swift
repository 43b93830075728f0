import Contracts
import Gateway
import Store
import Vendors
import Workers

/// The processes of a simulated cluster, which come and go.
actor SimulatedCluster {
    typealias Sabotage = @Sendable (any Connections) -> any Connections

    private let world: SimulatedWorld
    private var running: [String: SimulatedProcess] = [:]
    private var starts: [String: Int] = [:]
    private let births: AsyncStream<SimulatedProcess>
    private let midwife: AsyncStream<SimulatedProcess>.Continuation

    init(world: SimulatedWorld) {
        self.world = world
        (births, midwife) = AsyncStream.makeStream(of: SimulatedProcess.self)
    }

    /// Keeps processes going until ``end()``. A worker that ends or gives up by itself is a fault of the code.
    nonisolated func run() async {
        await withTaskGroup(of: Void.self) { group in
            for await process in births {
                group.addTask {
                    if let complaint = await process.run() { self.world.referee.fail(.workersGoOn, complaint) }
                    await self.ended(process)
                }
            }
            group.cancelAll()
        }
    }

    /// The names of the processes that run, sorted.
    var names: [String] { running.keys.sorted() }

    /// Whether a process runs and was not killed.
    func isAlive(_ name: String) -> Bool { running[name].map { !$0.lifeline.isDead } ?? false }

    /// Starts a process, unless it runs.
    func start(_ name: String, as role: Role) async {
        guard running[name] == nil else { return }
        starts[name, default: 0] += 1
        let process = SimulatedProcess(name: name, role: role, start: starts[name] ?? 1, in: world)
        running[name] = process
        world.trace.note("cluster", "starts \(name)")
        midwife.yield(process)
    }

    /// Kills a process: at once, or at its passage of that number from now on.
    func kill(_ name: String, at passage: Passage? = nil, number: Int? = nil) async {
        guard let process = running[name] else { return }
        if let number { return process.lifeline.kill(at: passage, number: number) }
        process.lifeline.kill()
    }

    /// Stops a process for a while as a whole.
    func freeze(_ name: String, for duration: Duration) async {
        guard let process = running[name] else { return }
        let end = world.clock.now().advanced(by: duration)
        process.lifeline.freeze(until: end)
        await world.log.pause(process.identity, until: end)
    }

    /// Stops a process in the midst of its work: its tasks stand still, while the log's client goes on telling that it lives.
    func freeze(_ name: String, at nap: (passage: Passage, number: Int, length: Duration)?) {
        running[name]?.lifeline.freeze(at: nap)
    }

    /// A gateway that runs.
    func gateway() -> SimulatedProcess? { running.values.filter { $0.role == .gateway }.min { $0.name < $1.name } }

    /// Ends everything at once.
    func end() {
        for process in running.values { process.lifeline.kill() }
        midwife.finish()
    }

    private func ended(_ process: SimulatedProcess) async {
        guard running[process.name]?.start == process.start else { return }
        running[process.name] = nil
        world.trace.note("cluster", "\(process.name) is dead")
        await world.log.silence(process.identity)
    }
}
