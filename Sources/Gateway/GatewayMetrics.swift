import Metrics

/// The gateway's counters, made once.
struct GatewayMetrics: Sendable {
    private let requests: [GatewayOutcome: Counter]
    private let events: Counter

    init(factory: any MetricsFactory) {
        let outcomes = GatewayOutcome.allCases.map {
            ($0, Counter(label: "tandem_gateway_requests_total", dimensions: [("outcome", $0.rawValue)], factory: factory))
        }
        requests = Dictionary(outcomes, uniquingKeysWith: { first, _ in first })
        events = Counter(label: "tandem_gateway_events_total", dimensions: [], factory: factory)
    }

    func count(_ outcome: GatewayOutcome) { requests[outcome]?.increment() }
    func countEvent() { events.increment() }
}
