public import Connectors
public import Contracts
public import EventLog
public import Logging
import Metrics
import ServiceLifecycle
public import Store
import SyncCore

/// The first step of inbound: folds what the topics carry into the durable queue.
///
/// One batch of the log is one transaction of the store, and its offsets are committed only after that transaction: a
/// crash in between delivers the batch again, which folds into the same rows without effect.
public struct InboundIngest: Sendable {
    private let log: any EventLog
    private let store: Store
    private let topics: Topics
    private let clock: any WallClock
    private let logger: Logger
    private let integrations: IntegrationCache
    /// The consumer group of every inbound batcher.
    public static let group = "tandem-inbound-batcher"

    public init(log: any EventLog, store: Store, topics: Topics, clock: any WallClock, logger: Logger) {
        self.log = log
        self.store = store
        self.topics = topics
        self.clock = clock
        self.logger = logger
        integrations = IntegrationCache(store: store, clock: clock)
    }

    /// Consumes until the log is closed or the task is cancelled. `onNews` hears which integrations have new rows.
    public func run(onNews: @Sendable (Set<String>) async -> Void) async throws {
        let subscription = try await log.subscribe(
            group: Self.group, topics: [topics.marketingChanges, topics.automationEvents], options: SubscriptionOptions())
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow(subscription.assignments) }
            await consume(subscription, onNews: onNews)
            group.cancelAll()
        }
        await subscription.close()
    }

    private func consume(_ subscription: any LogSubscription, onNews: @Sendable (Set<String>) async -> Void) async {
        do {
            while let batch = try await cancelWhenGracefulShutdown({ try await subscription.next() }) {
                guard let news = await ingestPersistently(batch.records) else { return }
                if try await subscription.commit(batch) == .abandoned {
                    logger.info("partitions moved before their batch was committed; it will be delivered again")
                }
                await onNews(news)
            }
        } catch {
            logger.error("the subscription ended", metadata: ["error": "\(error)"])
        }
    }

    /// Ingests a batch, waiting out failures of the store and of the log: giving up would lose the change.
    /// `nil` when the worker was stopped first.
    private func ingestPersistently(_ records: [LogRecord]) async -> Set<String>? {
        var pause = Duration.milliseconds(200)
        while !Task.isStopping {
            do {
                return try await ingest(records)
            } catch {
                logger.warning(
                    "a batch could not be taken in yet", metadata: ["error": "\(error)", "records": "\(records.count)"])
                guard (try? await clock.sleep(until: clock.now().advanced(by: pause))) != nil else { return nil }
                pause = min(pause * 2, .seconds(10))
            }
        }
        return nil
    }

    /// Folds `records` into the queue and sends what cannot be read to the dead letters.
    ///
    /// - Returns: the integrations that have new or changed rows.
    /// - Throws: ``StoreError`` or ``EventLogError``; nothing is half done then that a repetition would do twice.
    public func ingest(_ records: [LogRecord]) async throws -> Set<String> {
        var intake = Intake()
        for record in records { intake.read(record) }
        let known = try await integrations.integrations(including: intake.names)
        intake.sort(into: known)

        if !intake.deadLetters.isEmpty {
            try await log.publish(
                intake.deadLetters.map { OutgoingRecord(topic: topics.deadLetters, message: $0.message) })
            report(intake.deadLetters)
        }
        if !intake.entries.isEmpty {
            _ = try await store.enqueue(intake.entries, direction: .inbound, tags: intake.tags, now: clock.now())
            Counter(label: "tandem_ingested_total").increment(by: intake.entries.count)
        }
        return Set(intake.entries.map(\.key.integration))
    }

    private func report(_ letters: [Intake.Letter]) {
        for (code, group) in Dictionary(grouping: letters, by: \.code) {
            Counter(label: "tandem_dead_letters_total", dimensions: [("code", code)]).increment(by: group.count)
            logger.warning(
                "messages sent to the dead letters",
                metadata: ["code": "\(code)", "count": "\(group.count)", "first": "\(group[0].reason)"])
        }
    }

    private static func describe(_ change: AssignmentChange) -> (what: String, partitions: String) {
        let (what, partitions) =
            switch change {
            case .assigned(let partitions): ("assigned", partitions)
            case .revoked(let partitions): ("revoked", partitions)
            case .lost(let partitions): ("lost", partitions)
            }
        return (what, partitions.map { "\($0.topic)/\($0.partition)" }.joined(separator: " "))
    }

    private func follow(_ assignments: AsyncStream<AssignmentChange>) async {
        for await change in assignments {
            let (what, partitions) = Self.describe(change)
            logger.info("partitions \(what)", metadata: ["partitions": "\(partitions)"])
        }
    }
}
