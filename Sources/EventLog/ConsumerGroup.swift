internal import Contracts

/// One consumer group of an embedded log: which member has which partition, how far each came, and what is in flight.
actor ConsumerGroup {
    typealias MemberID = Int

    /// A partition as this group sees it.
    struct Partition {
        let id: PartitionID
        let name: TopicPartition
        /// The offset the next record gets.
        var end: Int64
        var committed: Int64
        var owner: MemberID?
        /// The next offset to hand out.
        var position: Int64
        /// Changes whenever the partition moves or is sought in: work handed out before then no longer counts.
        var epoch: UInt64 = 0
        /// Set once a batch was given up: later commits must not skip what it held.
        var isHeldBack = false
    }

    /// What a member was handed and has not settled.
    struct InFlight {
        struct Part {
            let epoch: UInt64
            let next: Int64
        }

        let ticket: UInt64
        let parts: [PartitionID: Part]
        var isCommitting = false
        /// The drain time-out passed.
        var isOverdue = false
        var hasTimer = false

        /// Whether partitions that must move, and a close, wait for it. A commit that is being written settles it itself.
        var holdsUp: Bool { !isOverdue || isCommitting }
    }

    final class Member {
        let topics: Set<String>
        let options: SubscriptionOptions
        let changes: AsyncStream<AssignmentChange>.Continuation
        var inFlight: InFlight?
        var isClosing = false
        var isAsking = false
        /// The task inside `next()`, to be woken once so many records are there.
        var waiting: (threshold: Int, continuation: CheckedContinuation<Void, Never>)?
        var leaving: [CheckedContinuation<Void, Never>] = []
        var nextTicket: UInt64 = 1
        /// Which partition the next batch begins with, so that a full one does not starve the others.
        var turn = 0

        init(
            topics: Set<String>, options: SubscriptionOptions, changes: AsyncStream<AssignmentChange>.Continuation
        ) {
            self.topics = topics
            self.options = options
            self.changes = changes
        }
    }

    private let name: String
    let database: LogDatabase
    let writer: LogWriter
    private let timer: any Clock<Duration>
    /// The group's row, known after the first member joined.
    private(set) var row: Int64 = 0
    var partitions: [PartitionID: Partition] = [:]
    var members: [MemberID: Member] = [:]
    private var lastMember: MemberID = 0
    private var isClosed = false

    init(name: String, database: LogDatabase, writer: LogWriter, timer: any Clock<Duration>) {
        self.name = name
        self.database = database
        self.writer = writer
        self.timer = timer
    }

    // MARK: Membership

    func join(
        topics: [String], options: SubscriptionOptions, changes: AsyncStream<AssignmentChange>.Continuation
    ) async throws(EventLogError) -> MemberID {
        let found = try await writer.partitions(of: topics)
        let (row, committed) = try await database.write { [name] db in
            try GroupTable.register(name, partitions: found.map(\.id), db)
        }
        self.row = row
        for partition in found where partitions[partition.id] == nil {
            let start = max(committed[partition.id] ?? 0, partition.firstOffset)
            partitions[partition.id] = Partition(
                id: partition.id, name: partition.name, end: partition.end, committed: start, position: start)
        }
        await writer.addListener(self)
        // What was appended before that.
        recordsArrived(in: try await writer.partitions(of: topics))
        guard !isClosed else { throw .closed }
        lastMember += 1
        members[lastMember] = Member(topics: Set(topics), options: options, changes: changes)
        rebalance()
        return lastMember
    }

    /// Leaves once the work in flight is settled or the drain time-out has passed.
    func leave(_ id: MemberID) async {
        guard let member = members[id] else { return }
        member.isClosing = true
        wake(id)
        guard member.inFlight?.holdsUp == true else { return remove(id) }
        startDrainTimer(id)
        await withCheckedContinuation { member.leaving.append($0) }
    }

    /// Lets every member leave.
    func close() async {
        isClosed = true
        await withTaskGroup { tasks in
            for id in members.keys { tasks.addTask { await self.leave(id) } }
        }
    }

    private func remove(_ id: MemberID) {
        guard let member = members.removeValue(forKey: id) else { return }
        let owned = partitions.values.filter { $0.owner == id }
        for partition in owned { give(partition.id, to: nil) }
        if !owned.isEmpty {
            let names = sorted(owned)
            member.changes.yield(member.inFlight == nil ? .revoked(names) : .lost(names))
        }
        member.changes.finish()
        for continuation in member.leaving { continuation.resume() }
        rebalance()
    }

    // MARK: Assignment

    /// Moves every partition that is free to move to the member it should be with. Safe to call at any time.
    func rebalance() {
        let targets = rangeAssignment()
        var gained: [MemberID: [Partition]] = [:]
        var given: [MemberID: [Partition]] = [:]
        var lost: [MemberID: [Partition]] = [:]
        for partition in partitions.values where partition.owner != targets[partition.id] {
            if let owner = partition.owner, let inFlight = members[owner]?.inFlight,
                inFlight.parts[partition.id]?.epoch == partition.epoch
            {
                guard !inFlight.holdsUp else {
                    startDrainTimer(owner)
                    continue
                }
                lost[owner, default: []].append(partition)
            } else if let owner = partition.owner {
                given[owner, default: []].append(partition)
            }
            let target = targets[partition.id]
            give(partition.id, to: target)
            if let target { gained[target, default: []].append(partition) }
        }
        for (owner, moved) in given { members[owner]?.changes.yield(.revoked(sorted(moved))) }
        for (owner, moved) in lost { members[owner]?.changes.yield(.lost(sorted(moved))) }
        for (owner, moved) in gained {
            members[owner]?.changes.yield(.assigned(sorted(moved)))
            wakeIfReady(owner)
        }
    }

    private func give(_ id: PartitionID, to member: MemberID?) {
        guard var partition = partitions[id] else { return }
        partition.owner = member
        partition.epoch += 1
        partition.position = partition.committed
        partition.isHeldBack = false
        partitions[id] = partition
    }

    /// Kafka's range assignor: per topic, each member gets a run of neighbouring partitions.
    private func rangeAssignment() -> [PartitionID: MemberID] {
        var targets: [PartitionID: MemberID] = [:]
        for (topic, ofTopic) in Dictionary(grouping: partitions.values, by: \.name.topic) {
            let candidates = members.filter { $0.value.topics.contains(topic) && !$0.value.isClosing }.keys.sorted()
            guard !candidates.isEmpty else { continue }
            let ordered = ofTopic.sorted { $0.name.partition < $1.name.partition }
            for (index, partition) in ordered.enumerated() {
                targets[partition.id] = candidates[index * candidates.count / ordered.count]
            }
        }
        return targets
    }

    private func sorted(_ partitions: [Partition]) -> [TopicPartition] {
        partitions.map(\.name).sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
    }

    // MARK: Work in flight

    /// To be called when a member's batch is committed or given up.
    func settle(_ id: MemberID) {
        guard let member = members[id] else { return }
        member.inFlight = nil
        if member.isClosing { remove(id) } else { rebalance() }
    }

    private func startDrainTimer(_ id: MemberID) {
        guard let member = members[id], let inFlight = member.inFlight, !inFlight.hasTimer else { return }
        member.inFlight?.hasTimer = true
        let timer = timer
        Task {
            // A cancelled sleep would only abandon the work early; nothing cancels this task.
            try? await timer.sleep(for: member.options.drainTimeout)
            self.drainTimeoutPassed(id, ticket: inFlight.ticket)
        }
    }

    private func drainTimeoutPassed(_ id: MemberID, ticket: UInt64) {
        guard let member = members[id], member.inFlight?.ticket == ticket else { return }
        member.inFlight?.isOverdue = true
        moveOn(from: id)
    }

    /// Ends the waiting for a batch that is overdue.
    func moveOn(from id: MemberID) {
        guard let member = members[id], member.inFlight?.holdsUp == false else { return }
        if member.isClosing { remove(id) } else { rebalance() }
    }

    // MARK: Waiting

    /// Takes note of where partitions end now, and wakes the members that waited for it.
    func recordsArrived(in grown: [Catalog.Partition]) {
        var owners: Set<MemberID> = []
        for partition in grown {
            guard let known = partitions[partition.id], known.end < partition.end else { continue }
            partitions[partition.id]?.end = partition.end
            if let owner = known.owner { owners.insert(owner) }
        }
        for owner in owners { wakeIfReady(owner) }
    }

    /// How many records are there for `id` to read.
    func available(to id: MemberID) -> Int {
        partitions.values.reduce(0) { $1.owner == id ? $0 + Int(max($1.end - $1.position, 0)) : $0 }
    }

    /// Waits until `threshold` records are there, `limit` has passed, or something ends the wait.
    func wait(_ id: MemberID, for threshold: Int, limit: Duration?) async {
        guard let member = members[id], !member.isClosing else { return }
        let timer = timer
        let timeout = limit.map { limit in
            Task {
                try await timer.sleep(for: limit)
                self.wake(id)
            }
        }
        defer { timeout?.cancel() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { member.waiting = (threshold, $0) }
        } onCancel: {
            Task { await self.wake(id) }
        }
    }

    func wakeIfReady(_ id: MemberID) {
        guard let threshold = members[id]?.waiting?.threshold, available(to: id) >= threshold else { return }
        wake(id)
    }

    private func wake(_ id: MemberID) {
        let waiting = members[id]?.waiting
        members[id]?.waiting = nil
        waiting?.continuation.resume()
    }
}
