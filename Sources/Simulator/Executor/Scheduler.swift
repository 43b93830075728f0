import CJobs

/// Runs every task of the process on the calling thread, the next one chosen by dice.
///
/// Where two tasks are ready, the thread pool of a real process may run either first; here the seed decides, so that a
/// schedule that breaks something can be had again.
struct Scheduler {
    /// How the next task is chosen.
    enum Order: String, Sendable, Hashable, Codable {
        /// Any that is ready.
        case any
        /// The one that has been ready longest, as a calm machine would.
        case oldest
        /// Mostly the one that became ready last, which starves the others.
        case newest
    }

    private var dice: Dice
    private let order: Order
    /// How many jobs ran.
    private(set) var steps = 0

    /// Takes over all tasks of the process for good; the calling thread is the one they run on.
    init(dice: Dice, order: Order) {
        jobs_capture()
        self.dice = dice
        self.order = order
    }

    /// Runs one job; `false` when none is ready.
    mutating func step() -> Bool {
        let count = jobs_waiting()
        guard count > 0 else { return false }
        jobs_run(place(among: count))
        steps += 1
        return true
    }

    private mutating func place(among count: Int) -> Int {
        switch order {
        case .any: dice.below(count)
        case .oldest: 0
        case .newest: dice.chance(0.8) ? count - 1 : dice.below(count)
        }
    }
}
