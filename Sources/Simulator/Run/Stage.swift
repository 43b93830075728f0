import Contracts
import Synchronization

/// Where a run's root task leaves what the driver of the tasks wants to know.
final class Stage: Sendable {
    private struct State {
        var world: SimulatedWorld?
        var isOver = false
        var failure: Violation?
    }

    private let state = Mutex(State())

    var world: SimulatedWorld? { state.withLock(\.world) }
    var isOver: Bool { state.withLock(\.isOver) }
    var violation: Violation? { state.withLock(\.failure) ?? world?.referee.violation }

    var simulated: Duration {
        guard let world else { return .zero }
        return world.clock.now().since(SimulatedWorld.beginning)
    }

    /// Builds the world and plays the script in it to the end, or to the first violation.
    func play(_ simulation: Simulation) async {
        do {
            let world = try await SimulatedWorld(
                seed: simulation.seed, setting: simulation.script.setting, sabotage: simulation.sabotage,
                keepsTrace: simulation.keepsTrace)
            state.withLock { $0.world = world }
            await perform(simulation.script, in: world)
        } catch {
            let complaint = Violation(
                invariant: .workersGoOn, detail: "the world could not be built: \(error)", at: SimulatedWorld.beginning)
            state.withLock { $0.failure = complaint }
        }
        state.withLock { $0.isOver = true }
    }

    private func perform(_ script: Script, in world: SimulatedWorld) async {
        let cluster = SimulatedCluster(world: world)
        await withTaskGroup(of: Void.self) { group in
            world.post.connect { await cluster.gateway() }
            group.addTask { await cluster.run() }
            group.addTask { await world.post.run(world.marketing) }
            for (name, role) in script.setting.names { await cluster.start(name, as: role) }
            await Player(world: world, cluster: cluster).play(script)
            await cluster.end()
            group.cancelAll()
        }
    }
}
