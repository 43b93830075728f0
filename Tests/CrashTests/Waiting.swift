import Connectors
import Contracts

/// A fact that did not come about in time.
struct NeverHappened: Error, CustomStringConvertible {
    let description: String
}

/// Waits for a fact: asks for it again and again, at most for `limit`.
func eventually(
    _ fact: String, within limit: Duration = .seconds(40), every pause: Duration = .milliseconds(10),
    _ isTrue: () async throws -> Bool
) async throws {
    let clock = SystemClock()
    let deadline = clock.now().advanced(by: limit)
    while try await !isTrue() {
        guard clock.now() < deadline else { throw NeverHappened(description: "not within \(limit): \(fact)") }
        try await clock.sleep(until: clock.now().advanced(by: pause))
    }
}
