import Contracts
import EventLog

extension EventLog {
    /// All that is on these topics. Something of our own is sent after it, so that its end can be told from a pause.
    func everything(on topics: [String]) async throws -> [LogRecord] {
        let marks = topics.flatMap { topic in
            (0..<40).map {
                OutgoingRecord(topic: topic, message: EncodedMessage(key: Array("\($0)".utf8), value: [0], headers: []))
            }
        }
        try await publish(marks)
        let reader = try await subscribe(group: "crash-tests", topics: topics, options: SubscriptionOptions())
        var (records, seen) = ([LogRecord](), 0)
        while seen < marks.count, let batch = try await reader.next() {
            let own = batch.records.filter { $0.message.value != [0] }
            seen += batch.records.count - own.count
            records += own
            _ = try await reader.commit(batch)
        }
        await reader.close()
        return records
    }
}
