internal import Contracts
internal import EventLog

/// The life of one consumer, all on its own thread: polls, hands out batches, stores offsets, seeks, and lets
/// partitions go. Doing these in sequence on the polling thread is what librdkafka 2.0 needs to neither lose nor repeat
/// records around a rebalance; for the same reason records are taken one by one, which is as fast as in batches.
final class ConsumerLoop {
    private struct Assigned {
        /// Changes whenever the partition is assigned or sought in: work handed out before then no longer counts.
        let epoch: UInt64
        /// Set once a batch was given up: later commits must not skip what it held.
        var isHeldBack = false
    }

    private struct InFlight {
        let ticket: UInt64
        let parts: [TopicPartition: (epoch: UInt64, next: Int64)]
    }

    /// How long a batch may be out before partitions are paused, so that polling can go on. Pausing throws away what
    /// was fetched ahead, so a consumer that is merely busy should not pay for it.
    private static let patience: Duration = .seconds(1)
    private static let pollLimit: Duration = .seconds(1)
    private static let seekLimit: Duration = .seconds(5)
    /// A batch is cut here even when it holds fewer records than asked for, so that memory stays bounded.
    private static let maxBatchBytes = 16 << 20

    private let handle: ConsumerHandle
    private let inbox: ConsumerInbox
    private let options: SubscriptionOptions
    private let closeTimeout: Duration
    private let changes: AsyncStream<AssignmentChange>.Continuation

    private var assigned: [TopicPartition: Assigned] = [:]
    private var lastEpoch: UInt64 = 0
    private var lastTicket: UInt64 = 0
    private var inFlight: InFlight?
    /// The call of `next()` that waits, if one does.
    private var asking: (call: UInt64, reply: ConsumerCommand.Reply<LogBatch?>)?
    private var cancelled: Set<UInt64> = []
    private var lastAnswered: UInt64 = 0
    /// Records polled and not yet handed out.
    private var buffer: [LogRecord] = []
    private var bufferedBytes = 0
    private var lingerEnd: ContinuousClock.Instant?
    /// Since when nobody has asked for records.
    private var idleSince = ContinuousClock.now
    private var isPaused = false
    private var closing: [CheckedContinuation<Void, Never>] = []
    private var failure: EventLogError?

    init(
        _ handle: ConsumerHandle, _ inbox: ConsumerInbox, options: SubscriptionOptions, closeTimeout: Duration,
        changes: AsyncStream<AssignmentChange>.Continuation
    ) {
        self.handle = handle
        self.inbox = inbox
        self.options = options
        self.closeTimeout = closeTimeout
        self.changes = changes
    }

    func run() {
        // The loop outlives every poll, and `destroy` ends the reference.
        handle.onRebalance { [unowned self] in rebalance($0) }
        while failure == nil, closing.isEmpty {
            obey()
            guard failure == nil, closing.isEmpty else { break }
            if asking != nil { fill() } else { idle() }
        }
        shutDown()
    }

    // MARK: Commands

    private func obey() {
        for command in inbox.take() {
            switch command {
            case .next(let call, let reply): ask(call, reply)
            case .cancel(let call): cancel(call)
            case .commit(let ticket, let reply): reply.resume(returning: .success(commit(ticket)))
            case .seek(let partition, let offset, let reply): reply.resume(returning: seek(partition, offset))
            case .close(let reply):
                closing.append(reply)
                answer(.success(nil))
            }
        }
    }

    private func ask(_ call: UInt64, _ reply: ConsumerCommand.Reply<LogBatch?>) {
        giveUp()
        if let failure {
            reply.resume(returning: .failure(failure))
        } else if cancelled.remove(call) != nil || !closing.isEmpty {
            reply.resume(returning: .success(nil))
        } else if asking != nil {
            reply.resume(
                returning: .failure(
                    EventLogError(code: "BUSY", reason: "next() is already waiting for this member", isTransient: true)))
        } else {
            asking = (call, reply)
        }
        lastAnswered = max(lastAnswered, call)
    }

    private func cancel(_ call: UInt64) {
        if asking?.call == call {
            answer(.success(nil))
        } else if call > lastAnswered {
            // It overtook its own `next()`.
            cancelled.insert(call)
        }
    }

    private func answer(_ result: Result<LogBatch?, EventLogError>) {
        asking?.reply.resume(returning: result)
        asking = nil
        lingerEnd = nil
        idleSince = .now
    }

    /// A batch nobody committed: it stays uncommitted, and later commits stop short of it.
    private func giveUp() {
        for (partition, part) in inFlight?.parts ?? [:] where assigned[partition]?.epoch == part.epoch {
            assigned[partition]?.isHeldBack = true
        }
        inFlight = nil
    }

    private func commit(_ ticket: UInt64) -> CommitOutcome {
        guard let inFlight, inFlight.ticket == ticket else { return .abandoned }
        self.inFlight = nil
        let valid = inFlight.parts.filter { partition, part in
            assigned[partition].map { $0.epoch == part.epoch && !$0.isHeldBack } ?? false
        }.mapValues(\.next)
        guard !valid.isEmpty else { return .abandoned }
        do {
            try handle.store(valid)
        } catch {
            // librdkafka knows of a revocation before its callback comes: the work counts as someone else's.
            handle.log("warning", "offsets were not stored: \(error)")
            return .abandoned
        }
        return valid.count == inFlight.parts.count ? .committed : .abandoned
    }

    private func seek(_ partition: TopicPartition, _ offset: Int64) -> Result<Void, EventLogError> {
        guard assigned[partition] != nil else {
            return .failure(
                EventLogError(
                    code: "NOT_ASSIGNED", reason: "\(partition.topic)/\(partition.partition) is not assigned to this member",
                    isTransient: true))
        }
        // Resuming goes back to where a partition was paused, so it must not come after the seek.
        resumeAll()
        do { try handle.seek(partition, to: max(offset, 0), limit: Self.seekLimit) } catch { return .failure(error) }
        track(partition)
        dropBuffered { $0 == partition }
        return .success(())
    }

    // MARK: Records

    /// Polls until the batch that is asked for is full, or has lingered, or a command comes.
    private func fill() {
        resumeAll()
        while inbox.isEmpty, failure == nil {
            if isFull || lingerEnd.map({ $0 <= .now }) == true, !buffer.isEmpty { return handOut() }
            poll(upTo: lingerEnd.map { ContinuousClock.now.duration(to: $0) } ?? Self.pollLimit)
            if buffer.isEmpty {
                lingerEnd = nil
            } else if lingerEnd == nil {
                lingerEnd = .now + options.linger
            }
        }
    }

    private var isFull: Bool { buffer.count >= max(options.maxBatch, 1) || bufferedBytes >= Self.maxBatchBytes }

    /// Nobody asks for records: waits, and once that takes long, polls on with everything paused.
    private func idle() {
        if assigned.isEmpty || isPaused {
            poll(upTo: Self.pollLimit)
            // Something arrived in spite of the pause, which a rebalance may have undone.
            if isFull { pauseAll() }
            return
        }
        let waited = idleSince.duration(to: .now)
        if waited < Self.patience { inbox.wait(upTo: Self.patience - waited) } else { pauseAll() }
    }

    private func poll(upTo limit: Duration) {
        switch handle.poll(upTo: limit) {
        case .nothing: break
        case .record(let record):
            buffer.append(record)
            bufferedBytes += record.size
        case .failure(let error, let endsSubscription):
            guard endsSubscription else { return handle.log("warning", "\(error)") }
            failure = handle.fatalError ?? error
        }
    }

    private func handOut() {
        lastTicket += 1
        var parts: [TopicPartition: (epoch: UInt64, next: Int64)] = [:]
        for record in buffer {
            let partition = TopicPartition(topic: record.topic, partition: record.partition)
            guard let epoch = assigned[partition]?.epoch else { continue }
            parts[partition] = (epoch, record.offset + 1)
        }
        inFlight = InFlight(ticket: lastTicket, parts: parts)
        let batch = LogBatch(records: buffer, ticket: lastTicket)
        dropBuffered { _ in true }
        answer(.success(batch))
    }

    private func dropBuffered(_ isDropped: (TopicPartition) -> Bool) {
        buffer.removeAll { isDropped(TopicPartition(topic: $0.topic, partition: $0.partition)) }
        bufferedBytes = buffer.reduce(0) { $0 + $1.size }
    }

    private func pauseAll() {
        isPaused = true
        handle.pause(assigned.keys)
    }

    private func resumeAll() {
        guard isPaused else { return }
        isPaused = false
        handle.resume(assigned.keys)
    }

    // MARK: Rebalances

    /// Comes from within a poll.
    private func rebalance(_ rebalance: Rebalance) {
        switch rebalance {
        case .assign(let partitions):
            handle.assign(partitions, incremental: handle.isCooperative)
            for partition in partitions { track(partition) }
            if isPaused { handle.pause(partitions) }
            if !partitions.isEmpty { changes.yield(.assigned(partitions)) }
        case .revoke(let partitions):
            let isLost = handle.isAssignmentLost
            if !isLost { drain(until: .now + min(options.drainTimeout, handle.maxPollInterval / 2)) { partitions.contains($0) } }
            for partition in partitions { assigned[partition] = nil }
            dropBuffered(partitions.contains)
            // Commits what is stored, too.
            handle.unassign(partitions, incremental: handle.isCooperative)
            if !partitions.isEmpty { changes.yield(isLost ? .lost(partitions) : .revoked(partitions)) }
        case .failure(let error):
            handle.log("error", "rebalance failed: \(error)")
            handle.unassign(Array(assigned.keys), incremental: false)
            assigned = [:]
            dropBuffered { _ in true }
        }
    }

    private func track(_ partition: TopicPartition) {
        lastEpoch += 1
        assigned[partition] = Assigned(epoch: lastEpoch)
    }

    /// Waits for the batch in flight to be settled, if it holds partitions that are `concerned`.
    private func drain(until deadline: ContinuousClock.Instant, concerned: (TopicPartition) -> Bool) {
        while let inFlight, inFlight.parts.keys.contains(where: concerned) {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return }
            inbox.wait(upTo: left)
            obey()
        }
    }

    // MARK: The end

    private func shutDown() {
        if failure == nil { drain(until: .now + options.drainTimeout) { _ in true } }
        inFlight = nil
        let remaining = assigned.keys.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        let isClosed = handle.close(within: closeTimeout)
        if !isClosed { handle.log("warning", "the consumer did not leave its group in time; it will be timed out") }
        if !remaining.isEmpty { changes.yield(failure == nil ? .revoked(remaining) : .lost(remaining)) }
        changes.finish()
        answer(failure.map(Result.failure) ?? .success(nil))
        inbox.finish(failure)
        // A consumer that does not close may block its destruction as well; nobody has to wait for that.
        if isClosed { handle.destroy() }
        for reply in closing { reply.resume() }
        if !isClosed { handle.destroy() }
    }
}

extension LogRecord {
    /// About what it takes in memory.
    fileprivate var size: Int {
        message.headers.reduce(100 + (message.key?.count ?? 0) + (message.value?.count ?? 0)) {
            $0 + $1.name.utf8.count + ($1.value?.count ?? 0)
        }
    }
}
