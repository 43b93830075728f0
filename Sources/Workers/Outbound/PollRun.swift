import Connectors
import Contracts
import EventLog
import Logging
import Metrics
import Store
import SyncCore

/// The run was broken off between two pages: its integration was paused or set up anew, or the worker is to stop. Nothing is
/// wrong with it; it goes on from the page it was on.
struct PollInterrupted: Error {}

/// One run of an integration's polls, or the rest of one that somebody else began (OUT-7).
///
/// An object's records are read in passes. A first pass takes everybody selected, by id; every other takes what changed
/// between the last watermark and the server's now, by stamp and id, and looks back a little behind the watermark for
/// transactions that committed late. Each page is published before the cursor moves past it, and the watermark moves only
/// once the last page was, so that a poll that dies anywhere repeats a page at worst.
struct PollRun {
    let integration: StoredIntegration
    let connections: any Connections
    let schemas: PollSchemaCache
    let store: Store
    let log: any EventLog
    let topic: String
    let clock: any WallClock
    let logger: Logger
    let lease: Lease

    private var name: String { integration.settings.name }
    private var publisher: ChangePublisher { ChangePublisher(log: log, topic: topic) }
    private var outbound: OutboundSettings { integration.settings.outbound }

    // MARK: Selections

    /// Begins a first pass for every object whose selection is new, whether it is time for a poll or not: *new from now on*
    /// counts from when it was set.
    /// - Parameter isForced: whether objects are polled though there is no schedule.
    func noteSelections(isForced: Bool = false) async throws {
        let polls = try await store.polls(of: name)
        let changed = outbound.polledObjects.filter { object in
            let selection = outbound.selection[object] ?? .none
            // Without a schedule other producers may still ask who is selected.
            let isAskedFor = isForced || outbound.schedule != nil || selection != .none || polls[object] != nil
            return isAskedFor && polls[object]?.selection != selection
        }
        guard !changed.isEmpty else { return }
        // The records' times are the server's; when the settings were applied, our clock told.
        let (server, now) = (try await connections.crm(of: integration).serverTime(), clock.now())
        let since = server.advanced(by: min(.zero, integration.updatedAt.since(now)))
        for object in changed {
            let poll = ObjectPoll(
                object: object, selection: outbound.selection[object] ?? .none, since: since,
                watermark: polls[object]?.watermark, pass: ObjectPoll.Pass(isFirst: true, from: since, until: server))
            try await store.savePoll(poll, of: name, schedule: nil, lease: lease, now: now)
        }
    }

    // MARK: The run

    /// - Parameter scheduled: the schedule it is a run of; `nil` where there is none.
    @discardableResult
    func run(_ scheduled: ScheduleState?) async throws -> PollTally {
        var tally = PollTally(state: scheduled)
        if scheduled?.startedAt == nil {
            tally.start(at: clock.now())
            try await save(tally)
        }
        for object in outbound.polledObjects {
            do {
                try await poll(object, &tally)
            } catch let error as SyncError where error.concernsOneObject {
                report(error, of: object)
            }
        }
        tally.finish(at: clock.now())
        try await save(tally)
        report(tally)
        return tally
    }

    private func save(_ tally: PollTally) async throws(StoreError) {
        guard let state = tally.state else { return }
        try await store.saveSchedule(state, of: name, lease: lease, now: clock.now())
    }

    private func poll(_ object: CRMObject, _ tally: inout PollTally) async throws {
        let known = try await schemas.schemas(of: integration, for: object)
        do {
            try await passes(of: object, known, &tally)
        } catch let error as SyncError where error.errorClass == .schema {
            // The fields may have changed since they were described; a second refusal is about the object.
            await schemas.forget()
            try await passes(of: object, try await schemas.schemas(of: integration, for: object), &tally)
        }
    }

    /// Ends the pass that is under way, if any, then looks for what changed until now.
    private func passes(of object: CRMObject, _ known: PollSchemas, _ tally: inout PollTally) async throws {
        guard var poll = try await store.polls(of: name)[object] else { return }
        let crm = try await connections.crm(of: integration)
        try await finish(&poll, crm, known, &tally)
        let until = try await crm.serverTime()
        let from = (poll.watermark ?? until).advanced(by: .zero - outbound.overlap)
        poll.pass = ObjectPoll.Pass(isFirst: false, from: from, until: until)
        try await finish(&poll, crm, known, &tally)
    }

    private func finish(
        _ poll: inout ObjectPoll, _ crm: any CRMConnection, _ known: PollSchemas, _ tally: inout PollTally
    ) async throws {
        let fields = known.fields(of: poll.object, settings: integration.settings)
        while let pass = poll.pass {
            try await checkStillWanted()
            let page = try await crm.page(pass.request(of: poll, fields: fields))
            let ids = page.records.map(\.id)
            let sorted = PollPage(
                page.records, links: try await store.links(integration: name, crmIDs: ids, object: poll.object),
                context: known.context, since: poll.since, now: clock.now())
            try await publisher.publish(sorted.published, from: PollPage.source)
            if page.next == nil {
                // The server's time as its last answer told it: ours may have been put forward since the pass began.
                poll.pass?.until = min(pass.until, try await crm.serverTime())
            }
            poll.advance(to: page.next)
            tally.add(sorted)
            try await store.savePoll(poll, of: name, schedule: tally.state, lease: lease, now: clock.now())
            try await count(sorted)
            // A first pass may take thousands of calls.
            try await store.keepBudget(.outbound, of: integration, await crm.usage(), now: clock.now())
        }
    }

    private func checkStillWanted() async throws {
        guard !Task.isStopping, let current = try await store.integration(name), current.state == .active,
            current.revision == integration.revision
        else { throw PollInterrupted() }
    }

    // MARK: What operators see

    private func count(_ page: PollPage) async throws {
        let dimensions = [("integration", name)]
        Counter(label: "tandem_polled_total", dimensions: dimensions).increment(by: page.read)
        try await EchoCounts(integration: name, store: store).add(suppressed: page.echoes)
    }

    private func report(_ tally: PollTally) {
        logger.info(
            "polled",
            metadata: [
                "run": "\(tally.state?.runs ?? 0)", "read": "\(tally.read)", "published": "\(tally.published)",
                "echoes": "\(tally.echoes)", "next": "\(tally.state?.nextAt.iso8601 ?? "")",
            ])
    }

    private func report(_ error: SyncError, of object: CRMObject) {
        let dimensions = [("integration", name), ("object", object.rawValue), ("code", error.code)]
        Counter(label: "tandem_poll_failures_total", dimensions: dimensions).increment()
        logger.warning(
            "an object could not be polled; the others were",
            metadata: ["object": "\(object.rawValue)", "code": "\(error.code)", "message": "\(error.message)"])
    }
}

/// How a run goes. What it read counts for its schedule from where somebody else left it.
struct PollTally {
    var state: ScheduleState?
    private(set) var read = 0
    private(set) var published = 0
    private(set) var echoes = 0

    init(state: ScheduleState?) { self.state = state }

    mutating func start(at now: Timestamp) {
        state?.startedAt = now
        state?.read = 0
        state?.published = 0
    }

    mutating func add(_ page: PollPage) {
        read += page.read
        published += page.published.count
        echoes += page.echoes
        state?.read += page.read
        state?.published += page.published.count
    }

    /// Runs that were missed are made up for by one.
    mutating func finish(at now: Timestamp) {
        guard var finished = state else { return }
        let next = finished.schedule.next(after: finished.nextAt)
        finished.nextAt = next > now ? next : finished.schedule.next(after: now)
        (finished.startedAt, finished.finishedAt, finished.runs) = (nil, now, finished.runs + 1)
        state = finished
    }
}

extension ObjectPoll {
    /// Moves on to the page that begins there; with none, the pass is over.
    mutating func advance(to next: CRMCursor?) {
        guard let pass else { return }
        if let next {
            self.pass?.afterStamp = next.stamp
            self.pass?.afterID = next.id
            return
        }
        // What changed before a first pass began is still to be looked for where polls came from before it.
        watermark = pass.isFirst ? watermark ?? pass.until : pass.until
        self.pass = nil
    }
}

extension ObjectPoll.Pass {
    func request(of poll: ObjectPoll, fields: [String]) -> CRMFeedRequest {
        CRMFeedRequest(
            object: poll.object,
            scope: isFirst ? .selected(poll.selection, since: poll.since) : .changed(from: from, until: until),
            fields: fields, after: afterID.map { CRMCursor(stamp: afterStamp, id: $0) })
    }
}
