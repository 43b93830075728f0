import Contracts
import EventLog

/// What is wrong with a connection to the log.
struct LogSabotage: Sendable {
    /// Whether a failure to publish is kept from who published.
    var hidesFailures = false
    /// Whether a batch is committed as soon as it is there, and not when it is done.
    var commitsEarly = false
    var received: @Sendable (LogRecord) -> LogRecord = { $0 }
}

/// A connection to the log with something wrong with it.
struct SabotagedLog: EventLog {
    let log: any EventLog
    let sabotage: LogSabotage

    func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        do throws(EventLogError) {
            try await log.publish(records)
        } catch {
            guard sabotage.hidesFailures else { throw error }
        }
    }

    func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) async throws(EventLogError) -> any LogSubscription {
        let subscription = try await log.subscribe(group: group, topics: topics, options: options)
        return SabotagedSubscription(subscription: subscription, sabotage: sabotage)
    }

    func close() async { await log.close() }
}

private struct SabotagedSubscription: LogSubscription {
    let subscription: any LogSubscription
    let sabotage: LogSabotage

    var assignments: AsyncStream<AssignmentChange> { subscription.assignments }

    func next() async throws(EventLogError) -> LogBatch? {
        guard let batch = try await subscription.next() else { return nil }
        if sabotage.commitsEarly { _ = try await subscription.commit(batch) }
        return LogBatch(records: batch.records.map(sabotage.received), ticket: batch.ticket)
    }

    func commit(_ batch: LogBatch) async throws(EventLogError) -> CommitOutcome {
        sabotage.commitsEarly ? .committed : try await subscription.commit(batch)
    }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws(EventLogError) {
        try await subscription.seek(partition, to: offset)
    }

    func close() async { await subscription.close() }
}

extension LogRecord {
    /// The same, as if what it tells of had happened when it arrived.
    var datedAtArrival: LogRecord {
        guard var event = try? EventCodec.decode(message) else { return self }
        switch event.message {
        case .recordChange(var change):
            change.occurredAt = timestamp
            event.message = .recordChange(change)
        case .automationAction(var action):
            action.occurredAt = timestamp
            event.message = .automationAction(action)
        case .syncCommand, .runNotification, .activity: return self
        }
        var record = self
        record.message = EventCodec.encode(event)
        return record
    }
}

extension LogRecord {
    /// The same, as if what it tells of had not been told before.
    var anotherActivity: LogRecord {
        guard var event = try? EventCodec.decode(message), case .activity(var activity) = event.message else { return self }
        activity.activityID += "-\(partition)-\(offset)"
        event.message = .activity(activity)
        var record = self
        record.message = EventCodec.encode(event)
        return record
    }
}
