import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import ServiceLifecycle

/// Consumes topics batch by batch, for whichever worker: a batch's offsets are committed only after it was taken in for good, so
/// that a crash in between delivers it again.
struct LogConsumer: Sendable {
    let group: String
    let topics: [String]
    let log: any EventLog
    let clock: any WallClock
    let logger: Logger

    /// Consumes until the log is closed or the task is cancelled.
    /// - Parameters:
    ///   - takeIn: takes a batch in so that a repetition does no harm; which integrations there is news for. What it throws is
    ///     waited out: giving up would lose the batch.
    ///   - onNews: hears of them once the batch is committed.
    func run(
        takeIn: @Sendable ([LogRecord]) async throws -> Set<String>, onNews: @Sendable (Set<String>) async -> Void
    ) async throws {
        let subscription = try await log.subscribe(group: group, topics: topics, options: SubscriptionOptions())
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { await follow(subscription.assignments) }
                try await consume(subscription, takeIn: takeIn, onNews: onNews)
            }
        } catch {
            await subscription.close()
            throw error
        }
        await subscription.close()
    }

    private func consume(
        _ subscription: any LogSubscription, takeIn: ([LogRecord]) async throws -> Set<String>,
        onNews: (Set<String>) async -> Void
    ) async throws {
        while let batch = try await cancelWhenGracefulShutdown({ try await subscription.next() }) {
            let news = await persistently("a batch could not be taken in yet") { try await takeIn(batch.records) }
            guard let news else { return }
            let outcome = await persistently("offsets could not be committed yet") { try await subscription.commit(batch) }
            if outcome == .abandoned {
                logger.info("partitions moved before their batch was committed; it will be delivered again")
            }
            await onNews(news)
        }
    }

    /// Does `work`, waiting out failures of the store and of the log. `nil` when the worker was stopped first.
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
