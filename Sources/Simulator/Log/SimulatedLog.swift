public import Connectors
public import Contracts
public import EventLog
internal import Synchronization

/// A log in memory with Kafka's semantics, shared by every process of a simulation: one broker's worth of topics.
///
/// It has no threads and no time of its own, and takes every decision in a fixed order, so that the schedule of its callers
/// and the hands of the clock determine all it does. What a real log does wrong now and then, it does when told.
public actor SimulatedLog {
    /// One process's connection, as the broker tells it from others.
    struct Client: Sendable {
        let number: Int
        let process: String
    }

    let clock: any WallClock
    private let sessionTimeout: Duration
    var topics: TopicStore
    var groups: [String: SimulatedGroup] = [:]
    private var lastMember = 0
    // Atomic because a process connects without waiting for the actor.
    private nonisolated let lastClient = Atomic(0)
    /// The last client of each process that was killed; it and those before it are never heard of again.
    private var dead: [String: Int] = [:]
    /// Until when a process stands still.
    private var paused: [String: Timestamp] = [:]
    private var closed: Set<Int> = []
    var waiters: [Int: (group: String, continuation: CheckedContinuation<Void, Never>)] = [:]
    var lastWaiter = 0

    private var recordsToDuplicate = 0
    private var publishesToFail = 0
    private var appendsWhenFailing = false

    /// - Parameters:
    ///   - partitions: the partitions of every topic; topics come into being when they are published or subscribed to.
    ///   - sessionTimeout: how long a member that does not answer keeps its partitions.
    public init(clock: any WallClock, partitions: Int = 3, sessionTimeout: Duration = .seconds(45)) {
        self.clock = clock
        self.sessionTimeout = sessionTimeout
        topics = TopicStore(partitionsPerTopic: partitions)
    }

    /// The log as one process sees it. A process that starts anew takes a new client.
    public nonisolated func client(of process: String) -> any EventLog {
        let number = lastClient.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        return SimulatedClient(client: Client(number: number, process: process), log: self)
    }

    // MARK: Faults

    /// The process was killed: its clients so far reach the broker no more, and their partitions move once the session
    /// time-out has passed.
    public func silence(_ process: String) {
        let last = lastClient.load(ordering: .sequentiallyConsistent)
        dead[process] = last
        silence(until: nil) { $0.process == process && $0.number <= last }
    }

    /// The process stands still, or is cut off, until `end`; a call with another end changes it, and one that lies in the
    /// past ends it. Members whose session timed out by then learn that what they had in flight is lost, and join again when
    /// they next ask for records.
    public func pause(_ process: String, until end: Timestamp) {
        paused[process] = end
        silence(until: end) { [dead] in $0.process == process && $0.number > dead[process] ?? 0 }
    }

    private func silence(until end: Timestamp?, where isSilent: (Client) -> Bool) {
        let now = clock.now()
        for name in groups.keys.sorted() {
            update(name) { $0.silence(from: now, until: end) { isSilent($0.client) } }
        }
    }

    /// Every partition of `group` is taken away at once, work in flight or not, and shared out differently.
    public func rebalance(group: String) {
        let now = clock.now()
        if groups[group] != nil { update(group) { $0.rebalance(at: now) } }
    }

    /// The next `count` records published are appended twice, as by a producer's retry after a lost acknowledgement: the
    /// second time behind everything that was published with them.
    public func duplicateNext(_ count: Int) { recordsToDuplicate = max(count, 0) }

    /// The next `count` publishes fail, with their records appended all the same or not.
    public func failNextPublishes(_ count: Int, appended: Bool) {
        publishesToFail = count
        appendsWhenFailing = appended
    }

    /// The next assignment of every partition of `group` goes back by up to `count` committed records.
    public func rewind(group: String, by count: Int) {
        if groups[group] != nil { update(group) { $0.rewind(by: count) } }
    }

    // MARK: Observations

    /// How many records of every topic it ever subscribed to the group has not committed.
    public func lag(of group: String) -> Int {
        Set((groups[group]?.partitions ?? []).map(\.name.topic)).reduce(0) { $0 + lag(of: group, topic: $1) }
    }

    /// How many records of `topic` the group has not committed; all of them when it never subscribed to it.
    public func lag(of group: String, topic: String) -> Int {
        (groups[group]?.partitions ?? []).filter { $0.name.topic == topic }
            .reduce(topics.count(of: topic)) { $0 - Int($1.committed) }
    }

    /// Every record of `topic`, by partition and offset.
    public func records(of topic: String) -> [LogRecord] { topics.records(of: topic) }

    // MARK: What clients do

    func publish(_ records: [OutgoingRecord], by client: Client) throws(EventLogError) {
        try check(client)
        guard !isDead(client), pauseEnd(of: client) == nil else { throw .unreachable }
        guard !records.isEmpty else { return }
        let fails = publishesToFail > 0
        if fails { publishesToFail -= 1 }
        if !fails || appendsWhenFailing { append(records) }
        if fails { throw .unacknowledged }
    }

    private func append(_ records: [OutgoingRecord]) {
        let again = records.prefix(recordsToDuplicate)
        recordsToDuplicate -= again.count
        let now = clock.now()
        for record in records + again { topics.append(record, at: now) }
        let grown = Set(records.map(\.topic))
        for name in groups.keys.sorted() where groups[name]?.partitions.contains(where: { grown.contains($0.name.topic) }) == true
        {
            update(name) { $0.noteChange() }
        }
    }

    func subscribe(
        _ client: Client, group: String, topics names: [String], options: SubscriptionOptions
    ) throws(EventLogError) -> SimulatedSubscription {
        try check(client)
        guard !names.isEmpty else {
            throw EventLogError(code: "INVALID_SUBSCRIPTION", reason: "no topic was named", isTransient: false)
        }
        let (changes, continuation) = AsyncStream.makeStream(
            of: AssignmentChange.self, bufferingPolicy: .bufferingNewest(1000))
        lastMember += 1
        let id = lastMember
        let now = clock.now()
        let partitions = names.flatMap { topics.partitions(of: $0) }
        let pauseEnd = pauseEnd(of: client)
        let isSilent = isDead(client) || pauseEnd != nil
        let member = SimulatedGroup.Member(
            client: client, topics: names, options: options, changes: continuation, silentSince: isSilent ? now : nil,
            silentUntil: pauseEnd)
        update(group) {
            $0.add(member, as: id, partitions: partitions)
            // One that cannot reach the broker yet joins when it asks for records.
            if !isSilent { $0.join(id, at: now) }
        }
        return SimulatedSubscription(id: id, group: group, log: self, assignments: changes)
    }

    func close(_ client: Client) async {
        guard closed.insert(client.number).inserted else { return }
        for name in groups.keys.sorted() {
            let members = groups[name]?.members.filter { $0.value.client.number == client.number } ?? [:]
            for id in members.keys.sorted() { await leave(id, group: name) }
        }
    }

    private func check(_ client: Client) throws(EventLogError) {
        if closed.contains(client.number) {
            throw EventLogError(code: "CLOSED", reason: "the log is closed", isTransient: false)
        }
    }

    private func isDead(_ client: Client) -> Bool { client.number <= dead[client.process] ?? 0 }

    /// Until when the client stands still, if it does.
    private func pauseEnd(of client: Client) -> Timestamp? { paused[client.process].flatMap { $0 > clock.now() ? $0 : nil } }

    /// Changes a group, and wakes whoever waits for it to change.
    func update<Result>(_ name: String, _ change: (inout SimulatedGroup) -> Result) -> Result {
        let before = groups[name]?.generation
        let result = change(&groups[name, default: SimulatedGroup(sessionTimeout: sessionTimeout)])
        if groups[name]?.generation != before { wakeAll(of: name) }
        return result
    }
}

extension EventLogError {
    static let unreachable = EventLogError(code: "_TRANSPORT", reason: "the broker cannot be reached", isTransient: true)
    static let unacknowledged = EventLogError(
        code: "_MSG_TIMED_OUT", reason: "the broker did not acknowledge in time", isTransient: true)
}
