/// Plays one script from one seed on the calling thread, which must be the only one that runs tasks.
struct Simulation {
    /// More jobs than any run needs: one that never rests is stopped.
    private static let mostJobs = 5_000_000

    let seed: UInt64
    let script: Script
    let sabotage: Sabotage
    let keepsTrace: Bool

    func run() -> RunResult {
        let stage = Stage()
        var scheduler = Scheduler(dice: Dice(seed: seed, purpose: "schedule"), order: script.setting.order)
        // The one task that is not a child of another: it is the root of all, and it ends before this function does.
        let play = Task { await stage.play(self) }
        while !stage.isOver, scheduler.steps < Self.mostJobs {
            if scheduler.step() { continue }
            guard let clock = stage.world?.clock, clock.advance() else { break }
        }
        if !stage.isOver {
            let jobs = scheduler.steps
            stage.world?.referee.fail(.nothingWaitsForever, jobs < Self.mostJobs ? "every task waits" : "\(jobs) jobs and no end")
            play.cancel()
        }
        return RunResult(
            seed: seed, violation: stage.violation, simulated: stage.simulated, jobs: scheduler.steps,
            hash: stage.world?.trace.hash ?? 0,
            trace: stage.world?.trace.lines ?? [])
    }
}
