import Connectors
import EventLogConformance
import Simulator
import Testing

@Suite("The simulated log keeps the port's rules")
struct SimulatedLogConformanceTests {
    @Test("conformance", arguments: LogExercise.all)
    func conforms(to exercise: LogExercise) async throws {
        try await exercise.run { SimulatedLog(clock: SystemClock()).client(of: "process") }
    }
}
