import Metrics
import Store

/// Counts what came back as Tandem had written it, and what nearly did: the way to tell a loop before it turns.
struct EchoCounts: Sendable {
    let integration: String
    let store: Store

    func add(suppressed: Int = 0, nearMisses: Int = 0) async throws(StoreError) {
        for (name, count) in [("echo_suppressed", suppressed), ("echo_near_miss", nearMisses)] where count > 0 {
            Counter(label: "tandem_\(name)_total", dimensions: [("integration", integration)]).increment(by: count)
        }
        let counts = ["echo-suppressed": suppressed, "echo-near-miss": nearMisses].filter { $0.value > 0 }
        if !counts.isEmpty { try await store.count(counts, integration: integration) }
    }
}
