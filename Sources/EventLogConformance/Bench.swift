import Contracts
import EventLog

/// What exercises work with: a log, names of their own, and waiting with a deadline.
struct Bench: Sendable {
    let log: any EventLog
    let name: String
    let deadline: Duration

    var topic: String { topic("a") }
    var group: String { group("a") }
    func topic(_ suffix: String) -> String { "conformance.\(name).\(suffix)" }
    func group(_ suffix: String) -> String { "conformance-\(name)-\(suffix)" }

    /// Short, so that work nobody settles does not hold up an exercise.
    func options(maxBatch: Int = 1000) -> SubscriptionOptions {
        SubscriptionOptions(maxBatch: maxBatch, linger: .milliseconds(10), drainTimeout: .milliseconds(200))
    }

    func subscribe(
        _ group: String? = nil, topics: [String]? = nil, maxBatch: Int = 1000
    ) async throws -> any LogSubscription {
        try await log.subscribe(group: group ?? self.group, topics: topics ?? [topic], options: options(maxBatch: maxBatch))
    }

    /// Publishes records whose values are `numbers`, all under one key unless told otherwise.
    func publish(
        _ numbers: Range<Int>, to topic: String? = nil, key: @Sendable (Int) -> String = { _ in "one key" }
    ) async throws {
        try await log.publish(
            numbers.map { number in
                OutgoingRecord(
                    topic: topic ?? self.topic,
                    message: EncodedMessage(key: Array(key(number).utf8), value: Array("\(number)".utf8), headers: []))
            })
    }

    /// The next batch; that there is none is a failure.
    func batch(from member: any LogSubscription, _ what: String) async throws -> LogBatch {
        let batch = try await within(what) { try await member.next() }
        guard let batch else { throw ConformanceFailure("next() returned nil while waiting for \(what)") }
        try require(!batch.records.isEmpty, "a batch has records")
        return batch
    }

    /// Batches until they hold `count` records, each batch committed.
    @discardableResult
    func take(_ count: Int, from member: any LogSubscription, _ what: String) async throws -> [LogRecord] {
        var records: [LogRecord] = []
        while records.count < count {
            let batch = try await batch(from: member, "\(what): \(records.count) of \(count)")
            records += batch.records
            let outcome = try await member.commit(batch)
            try require(outcome == .committed, "\(what): a batch in hand can be committed, not \(outcome)")
        }
        try require(records.count == count, "\(what): \(count) records, not \(records.count)")
        return records
    }

    func within<Value: Sendable>(
        _ what: String, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { tasks in
            tasks.addTask { try await body() }
            tasks.addTask { [deadline] in
                try await ContinuousClock().sleep(for: deadline)
                throw ConformanceFailure("\(deadline) were not enough for \(what)")
            }
            defer { tasks.cancelAll() }
            guard let first = try await tasks.next() else { throw ConformanceFailure("nothing ran for \(what)") }
            return first
        }
    }
}

func require(_ condition: Bool, _ rule: @autoclosure () -> String) throws {
    if !condition { throw ConformanceFailure(rule()) }
}

extension LogRecord {
    /// What ``Bench/publish(_:to:key:)`` put in.
    var number: Int { message.value.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? -1 }
}
