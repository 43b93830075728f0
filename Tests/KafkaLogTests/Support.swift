import Contracts
import EventLog
import Testing

extension SubscriptionOptions {
    static let quick = SubscriptionOptions(linger: .milliseconds(20), drainTimeout: .milliseconds(200))
}

extension [OutgoingRecord] {
    /// Records of topic `t` whose values are `numbers`.
    static func numbered(_ numbers: Range<Int>, keyed: Bool = false) -> [OutgoingRecord] {
        numbers.map { number in
            OutgoingRecord(
                topic: "t",
                message: EncodedMessage(
                    key: keyed ? [UInt8]("key \(number)".utf8) : [1], value: [UInt8]("\(number)".utf8), headers: []))
        }
    }
}

extension LogSubscription {
    /// Takes and commits batches until they hold at least `count` records; the numbers in them.
    func take(_ count: Int) async throws -> [Int] {
        var numbers: [Int] = []
        while numbers.count < count {
            let next = try await within { try await self.next() }
            guard let batch = next else { throw EndedEarly() }
            numbers += batch.records.compactMap { $0.message.value.flatMap { Int(String(decoding: $0, as: UTF8.self)) } }
            _ = try await commit(batch)
        }
        return numbers
    }
}

extension EventLog {
    /// What a new group finds on topic `t`.
    func read(_ count: Int) async throws -> [Int] {
        let member = try await subscribe(group: "reader", topics: ["t"], options: .quick)
        let numbers = try await member.take(count)
        await member.close()
        return numbers
    }
}

/// Ends a wait that would last for ever.
func within<Value: Sendable>(
    _ limit: Duration = .seconds(40), _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { tasks in
        tasks.addTask { try await body() }
        tasks.addTask {
            try await ContinuousClock().sleep(for: limit)
            throw EndedEarly()
        }
        defer { tasks.cancelAll() }
        return try #require(try await tasks.next())
    }
}

struct EndedEarly: Error {}
