import Contracts
import Synchronization

/// The process died: whatever it was doing has no further effect, and nobody hears of it.
struct ProcessDied: Error {}

/// What a process does where it passes its lifeline.
enum Passage: String, Sendable, Hashable, Codable {
    case clock, store, log, vendor
}

/// One simulated process's thread of life. Everything it does to the world outside passes here, before its effect and after it:
/// the places where a real process may be interrupted, stopped for a while, or killed.
final class Lifeline: Sendable {
    private struct State {
        var isDead = false
        /// How many passages it survives, of one kind or of any.
        var doom: (passage: Passage?, survived: Int)?
        /// How many passages of a kind it goes through before it stands still at one.
        var nap: (passage: Passage, passed: Int, length: Duration)?
        var frozenUntil: Timestamp?
        var mourners: [CheckedContinuation<Void, Never>] = []
        var dice: Dice

        mutating func endure(_ passage: Passage, at now: Timestamp) {
            if let nap, nap.passage == passage {
                self.nap = nap.passed == 0 ? nil : (passage, nap.passed - 1, nap.length)
                if nap.passed == 0 { frozenUntil = now.advanced(by: nap.length) }
            }
            guard let doom, doom.passage ?? passage == passage else { return }
            if doom.survived == 0 { isDead = true } else { self.doom?.survived -= 1 }
        }
    }

    private let clock: SimulatedClock
    private let state: Mutex<State>
    /// The longest a passage may take by itself.
    private let hesitation: Duration

    init(clock: SimulatedClock, dice: Dice, hesitation: Duration = .milliseconds(20)) {
        self.clock = clock
        self.hesitation = hesitation
        state = Mutex(State(dice: dice))
    }

    var isDead: Bool { state.withLock(\.isDead) }

    /// Lets the process go on: at once, a moment later, after it thaws, or never.
    func pass(_ passage: Passage) async throws(ProcessDied) {
        let pause = state.withLock { state -> Duration in
            state.endure(passage, at: clock.now())
            return state.dice.chance(0.5) ? .zero : hesitation * state.dice.unit()
        }
        notifyIfDead()
        if !isDead, pause > .zero { try? await clock.sleep(until: clock.now().advanced(by: pause)) }
        while !isDead, let end = state.withLock(\.frozenUntil), end > clock.now() {
            // A frozen process does not notice that its tasks were cancelled either.
            guard (try? await clock.sleep(until: end)) != nil else { break }
        }
        if isDead { throw ProcessDied() }
    }

    /// Dies now.
    func kill() {
        state.withLock { $0.isDead = true }
        notifyIfDead()
    }

    /// Dies at the passage of that number from now on, counting those of one kind or all.
    func kill(at passage: Passage?, number: Int) { state.withLock { $0.doom = (passage, max(number, 1) - 1) } }

    /// Stands still until then, like a paused virtual machine: what it believes of the world is old when it goes on.
    func freeze(until moment: Timestamp) { state.withLock { $0.frozenUntil = moment } }

    /// Stands still so long once it comes to the passage of that number and kind; `nil`: not any more.
    func freeze(at nap: (passage: Passage, number: Int, length: Duration)?) {
        state.withLock { $0.nap = nap.map { ($0.passage, max($0.number, 1) - 1, $0.length) } }
    }

    /// Returns when the process dies, or the calling task is cancelled.
    func death() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isDead || Task.isCancelled { return true }
                    state.mourners.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            dismissMourners()
        }
    }

    private func notifyIfDead() { if isDead { dismissMourners() } }

    /// All who wait for one process's death do so in one group of tasks, which ends as a whole.
    private func dismissMourners() {
        let mourners = state.withLock { state in
            defer { state.mourners = [] }
            return state.mourners
        }
        for mourner in mourners { mourner.resume() }
    }
}
