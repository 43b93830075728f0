import Connectors
public import Contracts
import ServiceLifecycle
import Store
import SyncCore

/// When a loop wants its next turn.
public enum NextTurn: Sendable, Equatable {
    case now
    case at(Timestamp)
}

/// Keeps the loops of every integration going: each does a turn when it is due or when there is news for its integration.
struct IntegrationLoops: Sendable {
    typealias Turn = @Sendable () async -> NextTurn

    let store: Store
    let clock: any WallClock
    /// How often to look for integrations applied meanwhile.
    let pollInterval: Duration
    private let wakeUps = WakeUps()

    init(store: Store, clock: any WallClock, pollInterval: Duration) {
        self.store = store
        self.clock = clock
        self.pollInterval = pollInterval
    }

    /// Works until the task is stopped: on a graceful shutdown each loop ends after its turn.
    /// - Parameter turns: the loops of one integration, made once.
    func run(_ turns: @Sendable (_ integration: String) -> [Turn]) async {
        await withDiscardingTaskGroup { group in
            var started: Set<String> = []
            while !Task.isStopping {
                let names = ((try? await store.integrations()) ?? []).map(\.settings.name)
                for name in names where started.insert(name).inserted {
                    for turn in turns(name) {
                        let wakeUp = await wakeUps.add(to: name)
                        group.addTask { await loop(wakeUp, turn: turn) }
                    }
                }
                await cancelWhenGracefulShutdown {
                    try? await clock.sleep(until: clock.now().advanced(by: pollInterval))
                }
            }
        }
    }

    /// There is news for these integrations: their loops take their next turn at once.
    func wake(_ names: Set<String>) async { await wakeUps.wake(names) }

    private func loop(_ wakeUp: WakeUp, turn: Turn) async {
        while !Task.isStopping {
            switch await turn() {
            case .now: continue
            case .at(let moment): await cancelWhenGracefulShutdown { await wakeUp.wait(until: moment, clock: clock) }
            }
        }
    }
}

/// The wake-ups of the loops of each integration.
private actor WakeUps {
    private var all: [String: [WakeUp]] = [:]

    func add(to name: String) -> WakeUp {
        let wakeUp = WakeUp()
        all[name, default: []].append(wakeUp)
        return wakeUp
    }

    func wake(_ names: Set<String>) async {
        for name in names {
            for wakeUp in all[name] ?? [] { await wakeUp.wake() }
        }
    }
}
