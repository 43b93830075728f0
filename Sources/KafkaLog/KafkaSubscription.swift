internal import Contracts
internal import EventLog
internal import Foundation
internal import Synchronization

/// A member of a consumer group: passes calls on to the thread that owns the consumer.
final class KafkaSubscription: LogSubscription {
    let assignments: AsyncStream<AssignmentChange>
    private let inbox: ConsumerInbox
    private let lastCall = Atomic<UInt64>(0)

    init(
        group: String, topics: [String], options: SubscriptionOptions, configuration: KafkaConfiguration,
        context: ClientContext
    ) throws(EventLogError) {
        let (assignments, changes) = AsyncStream.makeStream(
            of: AssignmentChange.self, bufferingPolicy: .bufferingNewest(1000))
        self.assignments = assignments
        let handle = try ConsumerHandle(group: group, topics: topics, configuration, context)
        let inbox = ConsumerInbox(wake: handle.wake)
        self.inbox = inbox
        let thread = Thread {
            ConsumerLoop(
                handle, inbox, options: options, closeTimeout: configuration.closeTimeout, changes: changes
            ).run()
        }
        thread.name = "kafka-\(group)"
        thread.start()
    }

    var isClosed: Bool { inbox.isFinished }

    func next() async throws(EventLogError) -> LogBatch? {
        let call = lastCall.wrappingAdd(1, ordering: .relaxed).newValue
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { inbox.send(.next(call, $0)) }
        } onCancel: {
            inbox.send(.cancel(call))
        }.get()
    }

    func commit(_ batch: LogBatch) async throws(EventLogError) -> CommitOutcome {
        try await withCheckedContinuation { inbox.send(.commit(ticket: batch.ticket, $0)) }.get()
    }

    func seek(_ partition: TopicPartition, to offset: Int64) async throws(EventLogError) {
        try await withCheckedContinuation { inbox.send(.seek(partition, offset, $0)) }.get()
    }

    func close() async {
        await withCheckedContinuation { inbox.send(.close($0)) }
    }
}

/// What a subscription asks of its consumer's thread.
enum ConsumerCommand: Sendable {
    typealias Reply<Value> = CheckedContinuation<Result<Value, EventLogError>, Never>

    case next(UInt64, Reply<LogBatch?>)
    case cancel(UInt64)
    case commit(ticket: UInt64, Reply<CommitOutcome>)
    case seek(TopicPartition, Int64, Reply<Void>)
    case close(CheckedContinuation<Void, Never>)

    /// The answer once the consumer is gone.
    func answerClosed(_ failure: EventLogError?) {
        switch self {
        case .next(_, let reply): reply.resume(returning: failure.map(Result.failure) ?? .success(nil))
        case .commit(_, let reply): reply.resume(returning: .success(.abandoned))
        case .seek(_, _, let reply): reply.resume(returning: .failure(failure ?? .closed))
        case .close(let reply): reply.resume()
        case .cancel: break
        }
    }
}

/// Commands on their way to a consumer's thread.
///
/// A lock and a semaphore, because the receiver is a thread that blocks in librdkafka.
final class ConsumerInbox: Sendable {
    private struct State {
        var commands: [ConsumerCommand] = []
        var isFinished = false
        var failure: EventLogError?
    }

    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)
    private let wake: @Sendable () -> Void

    /// `wake` ends a poll of librdkafka that is under way; it is not called after ``finish(_:)``.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    var isFinished: Bool { state.withLock(\.isFinished) }
    var isEmpty: Bool { state.withLock(\.commands.isEmpty) }

    func send(_ command: ConsumerCommand) {
        let refused = state.withLock { state -> (ConsumerCommand, EventLogError?)? in
            guard !state.isFinished else { return (command, state.failure) }
            state.commands.append(command)
            wake()
            return nil
        }
        if let (command, failure) = refused { command.answerClosed(failure) } else { arrived.signal() }
    }

    func take() -> [ConsumerCommand] {
        state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Blocks the thread until a command comes, or `limit` has passed.
    func wait(upTo limit: Duration) {
        guard isEmpty else { return }
        _ = arrived.wait(timeout: .now() + .milliseconds(Int(limit.milliseconds)))
    }

    /// From now on commands are answered at once.
    func finish(_ failure: EventLogError?) {
        let rest = state.withLock { state in
            state.isFinished = true
            state.failure = failure
            defer { state.commands = [] }
            return state.commands
        }
        for command in rest { command.answerClosed(failure) }
    }
}
