import Connectors
import Contracts
import EventLog
import Playground
import Sandbox
import Store
import SyncCore
import Testing
import Vendors

@testable import Runtime
@testable import Workers

// The outbound path in a world.

extension World {
    nonisolated var outboundIngest: OutboundIngest {
        OutboundIngest(log: log, store: store, topics: Topics(), clock: clock, logger: Self.logger)
    }

    nonisolated func poller(
        holder: String = "first", log: (any EventLog)? = nil, transport: (any HTTPTransport)? = nil
    ) -> Poller {
        let connections = VendorConnections(store: store, transport: transport ?? wire, clock: clock, logger: Self.logger)
        return Poller(
            integration: Self.name, holder: holder, store: store, connections: connections, log: log ?? self.log,
            topics: Topics(), clock: clock, settings: DrainSettings(), logger: Self.logger, jitter: { 1 })
    }

    /// Applies the integration with other outbound settings.
    func setOutbound(
        schedule: Schedule? = .every(hours: 1), _ selection: [CRMObject: Selection] = [:], opportunities: Bool = false
    ) async throws {
        var settings = try #require(try await store.integration(Self.name)).settings
        settings.outbound = OutboundSettings(schedule: schedule, selection: selection, opportunities: opportunities)
        _ = try await store.apply(settings, now: clock.now())
    }

    // MARK: Events

    nonisolated func crmChange(
        _ object: CRMObject, _ id: String, kind: RecordChange.Kind = .upserted, fields: [String: JSONValue] = [:],
        at moment: Timestamp? = nil
    ) -> Message {
        let key = RecordKey(integration: Self.name, object: object.rawValue, recordID: id)
        return .recordChange(RecordChange(key: key, kind: kind, occurredAt: moment ?? clock.now(), fields: fields))
    }

    /// The messages as the topic of CRM changes hands them over.
    func crmRecords(_ messages: [Message]) -> [LogRecord] {
        records(messages).map { record in
            var record = record
            record.topic = Topics().crmChanges
            return record
        }
    }

    // MARK: Polls

    /// Lets the poller have its turn and returns what the run published.
    func poll(_ poller: Poller, sourceLocation: SourceLocation = #_sourceLocation) async throws -> [RecordChange] {
        let before = try await schedule()?.runs ?? 0
        _ = await poller.turn()
        let state = try #require(try await schedule(), sourceLocation: sourceLocation)
        #expect(state.runs == before + 1 && state.startedAt == nil, sourceLocation: sourceLocation)
        return try await published(state.published)
    }

    /// The next poll, when it is due.
    func pollLater(_ poller: Poller, sourceLocation: SourceLocation = #_sourceLocation) async throws -> [RecordChange] {
        let next = try #require(try await schedule(), sourceLocation: sourceLocation).nextAt
        await clock.advance(by: next.since(clock.now()))
        return try await poll(poller, sourceLocation: sourceLocation)
    }

    /// The next changes on the topic that were not read yet.
    func published(_ count: Int) async throws -> [RecordChange] {
        try await events(count).compactMap { event in
            if case .recordChange(let change) = event.message { change } else { nil }
        }
    }

    func events(_ count: Int) async throws -> [Event] {
        guard count > 0 else { return [] }
        return try await next(of: "tests", topic: Topics().crmChanges, count: count).map { try EventCodec.decode($0.message) }
    }

    func schedule() async throws -> ScheduleState? { try await store.scheduleState(of: Self.name) }

    func objectPoll(_ object: CRMObject) async throws -> ObjectPoll? { try await store.polls(of: Self.name)[object] }

    /// The pages of an object's records that Salesforce was asked for while `work` went on.
    func pages(_ object: CRMObject, during work: () async throws -> Void) async rethrows -> Int {
        let before = await salesforce.counters().queries[object.apiName, default: 0]
        try await work()
        return await salesforce.counters().queries[object.apiName, default: 0] - before
    }

    // MARK: Records

    /// Records that someone makes in the CRM, all of one stamp; their ids.
    func addRecords(_ count: Int, _ object: CRMObject = .contact, prefix: String = "c") async -> [String] {
        await salesforce.load(
            object.apiName,
            rows: (1...count).map { number in
                var record: [String: SandboxValue] = [
                    "FirstName": "Grace", "LastName": .string("\(prefix)\(number)"),
                    "Email": .string("\(prefix)\(number)@example.org"),
                ]
                if object == .lead { record["Company"] = "Contoso" }
                return record
            })
    }

    /// Pairs a record of the CRM with a person as if both sides had agreed on what it holds.
    func link(_ crmID: String, _ object: CRMObject = .contact, to marketingID: String) async throws {
        var link = Link(creating: object, for: key(marketingID))
        (link.state, link.crmID) = (.linked, crmID)
        let record = try #require(await salesforce.record(object.apiName, id: crmID))
        for field in ["FirstName", "LastName", "Email", "Phone", "Company"] {
            link.base[field] = record[field]?.text.map { .text($0) } ?? .blank
        }
        await salesforce.edit(
            object.apiName, id: crmID,
            ["Tandem_Id__c": .string(link.externalID), "Tandem_Sync_Status__c": "Synced successfully"], asUser: false)
        let lease = try #require(
            try await store.acquireLease("tests", holder: "tests", ttl: .seconds(30), now: clock.now()))
        try await store.saveLinks([link], lease: lease, now: clock.now())
        try await store.releaseLease(lease)
    }

    /// An org that differs from the world's own, and the network on which it takes its place.
    nonisolated func otherOrg(
        clockSkew: Int64 = 0, without missing: Set<String> = []
    ) -> (SalesforceSandbox, InProcessTransport) {
        let clock = clock
        var options = SalesforceOptions { clock.now().milliseconds }
        options.clockSkew = clockSkew
        options.instanceURL = Self.salesforceURL
        options.objects = options.objects.filter { !missing.contains($0.name) }.map { object in
            object.adding([
                .number("AnnualIncome__c", .currency), .text("Occupation__c", 40), .plain("BirthDate__c", .date),
            ])
        }
        let org = SalesforceSandbox(options: options)
        return (org, InProcessTransport(["localhost:1": org, "localhost:2": marketing]))
    }

    // MARK: A look at what came of it

    /// All that waits outbound, the oldest first.
    func outboundRows() async throws -> [QueueRow] {
        try await store.take(integration: Self.name, direction: .outbound, limit: 10_000, now: clock.now())
    }
}

/// A log whose publishing goes wrong as the test says.
actor UnreliableLog: EventLog {
    enum Mishap {
        /// Nothing was appended.
        case refused(code: String, isTransient: Bool)
        /// Everything was appended, but nobody hears of it.
        case answerLost
    }

    private let log: EmbeddedLog
    /// What happens to which publishing, counted from 1.
    private let mishaps: [Int: Mishap]
    private var count = 0

    init(_ log: EmbeddedLog, _ mishaps: [Int: Mishap]) {
        self.log = log
        self.mishaps = mishaps
    }

    func publish(_ records: [OutgoingRecord]) async throws(EventLogError) {
        count += 1
        switch mishaps[count] {
        case nil: try await log.publish(records)
        case .refused(let code, let isTransient): throw EventLogError(code: code, reason: "refused", isTransient: isTransient)
        case .answerLost:
            try await log.publish(records)
            throw EventLogError(code: "_MSG_TIMED_OUT", reason: "timed out", isTransient: true)
        }
    }

    func subscribe(
        group: String, topics: [String], options: SubscriptionOptions
    ) async throws(EventLogError) -> any LogSubscription {
        try await log.subscribe(group: group, topics: topics, options: options)
    }

    func close() async {}
}

/// A network that lets a test step in once a page of an object is on its way back.
actor PageWatch: HTTPTransport {
    private let wire: any HTTPTransport
    private let object: String
    private let page: Int
    private let act: @Sendable () async -> Void
    private var count = 0

    /// - Parameter page: which page to step in after, counted from 1.
    init(_ wire: any HTTPTransport, after page: Int, of object: CRMObject, _ act: @escaping @Sendable () async -> Void) {
        self.wire = wire
        self.object = object.apiName
        self.page = page
        self.act = act
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let response = try await wire.send(request)
        if String(decoding: request.body, as: UTF8.self).contains("FROM%20\(object)%20") {
            count += 1
            if count == page { await act() }
        }
        return response
    }
}
