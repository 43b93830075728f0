internal import Contracts
internal import EventLog

/// One consumer group of a simulated log, as a value that is told the time: who its members are, which of them has which
/// partition, and how far each partition came.
struct SimulatedGroup {
    typealias MemberID = Int

    /// A partition as this group sees it.
    struct Partition {
        let name: TopicPartition
        var committed: Int64 = 0
        /// The next offset to hand out.
        var position: Int64 = 0
        var owner: MemberID?
        /// Changes whenever the partition moves or is sought in: work handed out before then no longer counts.
        var epoch = 0
        /// Set once a batch was given up: later commits must not skip what it held.
        var isHeldBack = false
        /// How many committed records the next assignment forgets.
        var rewind: Int64 = 0
    }

    /// What a member was handed and has not settled.
    struct InFlight {
        struct Part {
            let partition: TopicPartition
            let epoch: Int
            let next: Int64
        }

        let ticket: UInt64
        let parts: [Part]
        /// Until when partitions that must move wait for it.
        var drainBy: Timestamp?
    }

    struct Member {
        let client: SimulatedLog.Client
        let topics: [String]
        let options: SubscriptionOptions
        let changes: AsyncStream<AssignmentChange>.Continuation
        /// Whether the group counts on it; not any more after its session timed out.
        var isIn = false
        var isAsking = false
        var isClosing = false
        /// Since when it has not answered.
        var silentSince: Timestamp?
        /// When it answers again; `nil` for never.
        var silentUntil: Timestamp?
        var inFlight: InFlight?
        var lastTicket: UInt64 = 0
        /// Which partition the next batch begins with, so that a full one does not starve the others.
        var turn = 0
    }

    let sessionTimeout: Duration
    /// In the order of topic and number.
    private(set) var partitions: [Partition] = []
    var members: [MemberID: Member] = [:]
    /// Rises with every change that somebody who waits may have waited for.
    private(set) var generation = 0
    /// Kafka's member identifiers are random: with each forced rebalance the members line up differently.
    private var rotation = 0

    init(sessionTimeout: Duration) { self.sessionTimeout = sessionTimeout }

    mutating func noteChange() { generation += 1 }

    // MARK: Membership

    mutating func add(_ member: Member, as id: MemberID, partitions found: [TopicPartition]) {
        members[id] = member
        for name in found where !partitions.contains(where: { $0.name == name }) { partitions.append(Partition(name: name)) }
        partitions.sort { ($0.name.topic, $0.name.partition) < ($1.name.topic, $1.name.partition) }
    }

    /// The member joins, or joins again after it was given up.
    mutating func join(_ id: MemberID, at now: Timestamp) {
        guard members[id]?.isIn == false else { return }
        members[id]?.isIn = true
        noteChange()
        advance(to: now)
    }

    mutating func remove(_ id: MemberID, at now: Timestamp) {
        guard let member = members[id] else { return }
        release(owned(by: id), of: id)
        members[id] = nil
        member.changes.finish()
        noteChange()
        advance(to: now)
    }

    /// Members of which `isSilent` holds do not answer from now on until `end`, or ever.
    mutating func silence(from now: Timestamp, until end: Timestamp?, where isSilent: (Member) -> Bool) {
        advance(to: now)
        for (id, member) in members where isSilent(member) {
            members[id]?.silentSince = member.silentSince ?? now
            members[id]?.silentUntil = end
            noteChange()
        }
        advance(to: now)
    }

    // MARK: Time

    /// Gives up members whose session timed out, hears those that answer again, and moves what is free to move.
    mutating func advance(to now: Timestamp) {
        for id in members.keys.sorted() {
            if let timeout = sessionEnd(of: id), timeout <= now { evict(id) }
            if let end = members[id]?.silentUntil, end <= now { revive(id, at: now) }
        }
        assign(at: now)
    }

    private mutating func evict(_ id: MemberID) {
        release(owned(by: id), of: id, abruptly: true)
        members[id]?.isIn = false
        members[id]?.inFlight = nil
        noteChange()
    }

    private mutating func revive(_ id: MemberID, at now: Timestamp) {
        members[id]?.silentSince = nil
        members[id]?.silentUntil = nil
        noteChange()
        if members[id]?.isClosing == true { remove(id, at: now) }
    }

    /// When ``advance(to:)`` has something to do next.
    func deadline(after now: Timestamp) -> Timestamp? {
        members.flatMap { id, member in
            // A member that does not answer cannot give up a partition either.
            [sessionEnd(of: id), member.silentUntil, member.silentSince == nil ? member.inFlight?.drainBy : nil]
        }.compactMap { $0 }.filter { $0 > now }.min()
    }

    private func sessionEnd(of id: MemberID) -> Timestamp? {
        guard let member = members[id], member.isIn, let since = member.silentSince else { return nil }
        let end = since.advanced(by: sessionTimeout)
        // One that answers in time keeps its session.
        return member.silentUntil.map { $0 < end } == true ? nil : end
    }

    // MARK: Assignment

    /// Takes every partition from its owner at once and shares them out anew.
    mutating func rebalance(at now: Timestamp) {
        rotation += 1
        for id in members.keys.sorted() where members[id]?.silentSince == nil { release(owned(by: id), of: id) }
        noteChange()
        advance(to: now)
    }

    /// Moves partitions to where they should be. One with work in flight waits until that is settled or overdue, one of a
    /// member that does not answer until its session times out.
    private mutating func assign(at now: Timestamp) {
        let targets = targets()
        var gained: [MemberID: [TopicPartition]] = [:]
        for index in partitions.indices where partitions[index].owner != targets[index] {
            if let owner = partitions[index].owner {
                guard members[owner]?.silentSince == nil else { continue }
                guard !isInFlight(index, with: owner) || isOverdue(owner, at: now) else { continue }
                release([index], of: owner)
            }
            guard let target = targets[index] else { continue }
            give(index, to: target)
            gained[target, default: []].append(partitions[index].name)
        }
        for (id, names) in gained.sorted(by: { $0.key < $1.key }) { members[id]?.changes.yield(.assigned(names)) }
    }

    /// Kafka's range assignor: per topic, each member gets a run of neighbouring partitions.
    private func targets() -> [MemberID?] {
        var places: [String: [Int]] = [:]
        for index in partitions.indices { places[partitions[index].name.topic, default: []].append(index) }
        var targets: [MemberID?] = Array(repeating: nil, count: partitions.count)
        for (topic, indices) in places {
            let candidates = members.filter { $0.value.isIn && !$0.value.isClosing && $0.value.topics.contains(topic) }
                .keys.sorted()
            guard !candidates.isEmpty else { continue }
            for (place, index) in indices.enumerated() {
                targets[index] = candidates[(place * candidates.count / indices.count + rotation) % candidates.count]
            }
        }
        return targets
    }

    private func isInFlight(_ index: Int, with owner: MemberID) -> Bool {
        members[owner]?.inFlight?.parts.contains {
            $0.partition == partitions[index].name && $0.epoch == partitions[index].epoch
        } ?? false
    }

    /// Whether the owner has had the drain time-out to settle what is in flight. The first question starts the time.
    private mutating func isOverdue(_ owner: MemberID, at now: Timestamp) -> Bool { drainBy(of: owner, from: now) <= now }

    private mutating func drainBy(of id: MemberID, from now: Timestamp) -> Timestamp {
        guard let member = members[id], let inFlight = member.inFlight else { return now }
        if let drainBy = inFlight.drainBy { return drainBy }
        let drainBy = now.advanced(by: member.options.drainTimeout)
        members[id]?.inFlight?.drainBy = drainBy
        noteChange()
        return drainBy
    }

    func owned(by id: MemberID) -> [Int] { partitions.indices.filter { partitions[$0].owner == id } }

    private mutating func release(_ indices: [Int], of id: MemberID, abruptly: Bool = false) {
        var revoked: [TopicPartition] = []
        var lost: [TopicPartition] = []
        for index in indices {
            if abruptly || isInFlight(index, with: id) {
                lost.append(partitions[index].name)
            } else {
                revoked.append(partitions[index].name)
            }
        }
        if !revoked.isEmpty { members[id]?.changes.yield(.revoked(revoked)) }
        if !lost.isEmpty { members[id]?.changes.yield(.lost(lost)) }
        for index in indices { give(index, to: nil) }
    }

    private mutating func give(_ index: Int, to member: MemberID?) {
        if member != nil {
            partitions[index].committed -= min(partitions[index].rewind, partitions[index].committed)
            partitions[index].rewind = 0
        }
        partitions[index].owner = member
        partitions[index].epoch += 1
        partitions[index].position = partitions[index].committed
        partitions[index].isHeldBack = false
        noteChange()
    }

    // MARK: Offsets

    /// The next assignment of every partition forgets up to `count` committed records.
    mutating func rewind(by count: Int) {
        for index in partitions.indices { partitions[index].rewind = Int64(max(count, 0)) }
    }

    mutating func seek(_ name: TopicPartition, to offset: Int64, by id: MemberID) -> Bool {
        guard let index = partitions.firstIndex(where: { $0.name == name && $0.owner == id }) else { return false }
        partitions[index].position = offset
        partitions[index].epoch += 1
        partitions[index].isHeldBack = false
        noteChange()
        return true
    }

    mutating func setPosition(_ offset: Int64, of index: Int) { partitions[index].position = offset }

    // MARK: Work in flight

    /// A batch nobody committed: it stays uncommitted, and later commits stop short of it.
    mutating func giveUp(by id: MemberID, at now: Timestamp) {
        guard members[id]?.inFlight != nil else { return }
        for index in partitions.indices where isInFlight(index, with: id) { partitions[index].isHeldBack = true }
        settle(id, at: now)
    }

    mutating func commit(_ ticket: UInt64, by id: MemberID, at now: Timestamp) -> CommitOutcome {
        guard let inFlight = members[id]?.inFlight, inFlight.ticket == ticket else { return .abandoned }
        var outcome = CommitOutcome.committed
        for part in inFlight.parts {
            if let index = partitions.firstIndex(where: { $0.name == part.partition }),
                partitions[index].epoch == part.epoch, !partitions[index].isHeldBack
            {
                partitions[index].committed = part.next
            } else {
                outcome = .abandoned
            }
        }
        settle(id, at: now)
        return outcome
    }

    private mutating func settle(_ id: MemberID, at now: Timestamp) {
        members[id]?.inFlight = nil
        noteChange()
        assign(at: now)
    }

    /// The member wants to leave. Until when it has to wait for its batch; `nil` when there is nothing to wait for.
    mutating func startLeaving(_ id: MemberID, at now: Timestamp) -> Timestamp? {
        advance(to: now)
        guard let member = members[id] else { return nil }
        if !member.isClosing {
            members[id]?.isClosing = true
            noteChange()
        }
        let drainBy = drainBy(of: id, from: now)
        return drainBy > now ? drainBy : nil
    }
}
