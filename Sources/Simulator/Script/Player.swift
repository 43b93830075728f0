import Connectors
import Contracts

/// Does what a script says, when it says so.
struct Player: Sendable {
    let world: SimulatedWorld
    let cluster: SimulatedCluster

    /// Plays every step, or up to the first violation.
    func play(_ script: Script) async {
        for step in script.steps {
            try? await world.clock.sleep(until: SimulatedWorld.beginning.advanced(by: step.at))
            guard world.referee.violation == nil else { return }
        }
    }
}
