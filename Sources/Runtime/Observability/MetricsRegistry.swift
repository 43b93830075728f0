import Metrics
import Synchronization

/// Keeps what swift-metrics reports and shows it in Prometheus' text format.
///
/// Metric calls are synchronous and come from any thread, so the values live behind one mutex rather than in an actor.
final class MetricsRegistry: MetricsFactory, Sendable {
    struct Series: Hashable {
        var name: String
        var labels: [String]

        init(_ name: String, _ dimensions: [(String, String)]) {
            self.name = name
            labels = dimensions.map { "\($0)=\"\(Self.escaped($1))\"" }.sorted()
        }

        private static func escaped(_ value: String) -> String {
            value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }
    }

    struct Value {
        var kind: String
        var total: Double
        /// Observations, for recorders and timers.
        var count: Int64
    }

    private let values = Mutex<[Series: Value]>([:])

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler(registry: self, series: Series(label, dimensions), kind: "counter")
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        Handler(registry: self, series: Series(label, dimensions), kind: "gauge")
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        Handler(registry: self, series: Series(label, dimensions), kind: aggregate ? "summary" : "gauge")
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        Handler(registry: self, series: Series(label, dimensions), kind: "summary")
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    fileprivate func update(_ series: Series, kind: String, _ change: (inout Value) -> Void) {
        values.withLock { values in change(&values[series, default: Value(kind: kind, total: 0, count: 0)]) }
    }

    /// The sum over all series of a name.
    func total(of name: String) -> Double {
        values.withLock { values in values.reduce(0) { $1.key.name == name ? $0 + $1.value.total : $0 } }
    }

    /// Every series in Prometheus' text exposition format, sorted.
    func exposition() -> String {
        let snapshot = values.withLock { $0 }
        var text = ""
        for (name, series) in Dictionary(grouping: snapshot, by: \.key.name).sorted(by: { $0.key < $1.key }) {
            text += "# TYPE \(name) \(series[0].value.kind)\n"
            for (key, value) in series.sorted(by: { $0.key.labels.lexicographicallyPrecedes($1.key.labels) }) {
                let labels = key.labels.isEmpty ? "" : "{\(key.labels.joined(separator: ","))}"
                if value.kind == "summary" {
                    text += "\(name)_sum\(labels) \(value.total)\n\(name)_count\(labels) \(value.count)\n"
                } else {
                    text += "\(name)\(labels) \(value.total)\n"
                }
            }
        }
        return text
    }
}

private final class Handler: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    private let registry: MetricsRegistry
    private let series: MetricsRegistry.Series
    private let kind: String

    init(registry: MetricsRegistry, series: MetricsRegistry.Series, kind: String) {
        self.registry = registry
        self.series = series
        self.kind = kind
    }

    func increment(by amount: Int64) { registry.update(series, kind: kind) { $0.total += Double(amount) } }
    func reset() { registry.update(series, kind: kind) { $0.total = 0 } }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { registry.update(series, kind: kind) { $0.total = value } }
    func increment(by amount: Double) { registry.update(series, kind: kind) { $0.total += amount } }
    func decrement(by amount: Double) { registry.update(series, kind: kind) { $0.total -= amount } }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let accumulates = kind == "summary"
        registry.update(series, kind: kind) {
            $0.total = accumulates ? $0.total + value : value
            $0.count += 1
        }
    }

    /// Prometheus counts time in seconds.
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
