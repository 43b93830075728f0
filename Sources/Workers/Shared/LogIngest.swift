import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import ServiceLifecycle
import Store

/// The first step of either direction: folds what topics carry into the durable queue.
///
/// One batch of the log is one transaction of the store, and its offsets are committed only after that transaction: a
/// crash in between delivers the batch again, which folds into the same rows without effect.
struct LogIngest: Sendable {
    private let rules: any IntakeRules
    private let log: any EventLog
    private let store: Store
    /// The topic of what cannot be taken in.
    private let deadLetters: String
    private let clock: any WallClock
    private let logger: Logger
    private let integrations: IntegrationCache

    init(
        _ rules: any IntakeRules, log: any EventLog, store: Store, deadLetters: String, clock: any WallClock, logger: Logger
    ) {
        self.rules = rules
        self.log = log
        self.store = store
        self.deadLetters = deadLetters
        self.clock = clock
        self.logger = logger
        integrations = IntegrationCache(store: store, clock: clock)
    }

    /// Consumes until the log is closed or the task is cancelled. `onNews` hears which integrations have new rows.
    func run(onNews: @Sendable (Set<String>) async -> Void) async throws {
        let subscription = try await log.subscribe(
            group: rules.group, topics: rules.topics, options: SubscriptionOptions()
        )
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { await follow(subscription.assignments) }
                try await consume(subscription, onNews: onNews)
            }
        } catch {
            await subscription.close()
            throw error
        }
        await subscription.close()
    }

    private func consume(_ subscription: any LogSubscription, onNews: @Sendable (Set<String>) async -> Void) async throws {
        while let batch = try await cancelWhenGracefulShutdown({ try await subscription.next() }) {
            let news = await persistently("a batch could not be taken in yet") { try await ingest(batch.records) }
            guard let news else { return }
            let outcome = await persistently("offsets could not be committed yet") { try await subscription.commit(batch) }
            if outcome == .abandoned {
                logger.info("partitions moved before their batch was committed; it will be delivered again")
            }
            await onNews(news)
        }
    }

    /// Does `work`, waiting out failures of the store and of the log: giving up would lose the change.
    /// `nil` when the worker was stopped first.
    private func persistently<Result>(_ complaint: Logger.Message, _ work: () async throws -> Result) async -> Result? {
        var pause = Duration.milliseconds(200)
        while !Task.isStopping {
            do {
                return try await work()
            } catch {
                logger.warning(complaint, metadata: ["error": "\(error)"])
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
    func ingest(_ records: [LogRecord]) async throws -> Set<String> {
        var intake = Intake(rules)
        for record in records { intake.read(record) }
        let known = try await integrations.integrations(including: intake.names)
        intake.sort(into: known)

        if !intake.deadLetters.isEmpty {
            try await bury(intake.deadLetters)
            report(intake.deadLetters)
        }
        if !intake.entries.isEmpty {
            _ = try await store.enqueue(intake.entries, direction: rules.direction, tags: intake.tags, now: clock.now())
            Counter(label: "tandem_ingested_total").increment(by: intake.entries.count)
        }
        return Set(intake.entries.map(\.key.integration))
    }

    /// Publishes dead letters. One the log will not take (it grew by its headers) goes without its value rather than
    /// holding up its partition for ever; the headers still say where the original lies.
    private func bury(_ letters: [Intake.Letter]) async throws {
        do throws(EventLogError) {
            try await log.publish(letters.map { OutgoingRecord(topic: deadLetters, message: $0.message) })
        } catch {
            guard !error.isTransient else { throw error }
            let bare = letters.map { letter in
                var message = letter.message
                message.value = nil
                return OutgoingRecord(topic: deadLetters, message: message)
            }
            try await log.publish(bare)
        }
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
