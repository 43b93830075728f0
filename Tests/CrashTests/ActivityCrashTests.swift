import Connectors
import Contracts
import Store
import SyncCore
import Testing

@testable import Sandbox

/// The real executable is killed with SIGKILL again and again while activities come in.
@Suite("Dying is safe for activities", .timeLimit(.minutes(5)))
struct ActivityCrashTests {
    @Test("ACT-4 Kafka: whatever kills the recorder, every activity is recorded once and none is missing")
    func kafka() async throws {
        try await CrashWorld.withKafka("activity-recorder") { world in
            var run = ActivityCrashRun(world: world, kinds: Activity.Kind.allCases, seed: 41)
            try await run.play(rounds: 5, of: 700)
            try await run.finish(named: "Kafka")
        }
    }

    @Test("ACT-4 embedded log: whatever kills the process, every activity posted to it is recorded once and none is missing")
    func embedded() async throws {
        try await CrashWorld.withEmbeddedLog { world in
            var run = ActivityCrashRun(world: world, kinds: [.pageVisited], seed: 42)
            try await run.play(rounds: 6, of: 400)
            try await run.finish(named: "embedded")
        }
    }
}

/// A run: rounds of activities, each with a kill, and the examination at the end.
struct ActivityCrashRun {
    private static let people = 40

    let world: CrashWorld
    let kinds: [Activity.Kind]
    private var generator: SeededGenerator
    private var all: [Activity] = []

    init(world: CrashWorld, kinds: [Activity.Kind], seed: UInt64) {
        self.world = world
        self.kinds = kinds
        generator = SeededGenerator(seed: seed)
    }

    mutating func play(rounds: Int, of count: Int) async throws {
        try await world.worker.start()
        try await world.publisher.tell(tell(50)) {}
        for _ in 0..<rounds {
            // A process that just started takes its time; here each is struck at its work.
            try await until("what was told before is recorded") { try await recorded() == all.count }
            let kills = await world.worker.kills
            await world.striker.arm(.accepted(Int.random(in: 2...30, using: &generator)))
            let world = world
            try await world.publisher.tell(tell(count)) { await world.striker.accepted() }
            try #require(await world.worker.kills == kills + 1)
        }
    }

    /// New activities of many people in no order, and some of them and of those before once more.
    private mutating func tell(_ count: Int) -> [Activity] {
        let again = all.shuffled(using: &generator).prefix(count / 10)
        let start = world.clock.now().milliseconds - 3_600_000
        let new = (all.count..<all.count + count).map { number in
            Activity(
                key: RecordKey(
                    integration: CrashWorld.integration, object: "contact", recordID: String(number % Self.people + 1)),
                activityID: "activity-\(number)", kind: kinds[number % kinds.count],
                occurredAt: Timestamp(milliseconds: start + Int64(number)),
                details: [.url: "https://example.com/pages/\(number)"])
        }
        all += new
        return (new + new.prefix(count / 10) + again).shuffled(using: &generator)
    }

    private func recorded() async throws -> Int {
        try await world.store.activityCounts(integration: CrashWorld.integration).values.reduce(0, +)
    }

    private func until(_ fact: String, _ isTrue: () async throws -> Bool) async throws {
        do {
            try await eventually(fact, every: .milliseconds(2)) {
                try await world.worker.requireAlive()
                return try await isTrue()
            }
        } catch let error as NeverHappened {
            throw NeverHappened(
                description: "\(error); \(try await recorded()) are recorded; the worker's last words:\n"
                    + "\(await world.worker.lastWords())")
        }
    }
}

// MARK: The end

extension ActivityCrashRun {
    /// A last round in peace, of enough activities to reach every partition behind all that came before, and then the proof.
    mutating func finish(named name: String) async throws {
        try await world.publisher.tell(tell(200)) {}
        try await until("all activities are recorded") { try await recorded() >= all.count }
        try await world.worker.stop()
        print(
            "Dying is safe for activities, \(name): \(await world.worker.kills) kills, \(await world.worker.starts) starts; "
                + "\(all.count) activities")
        #expect(await world.worker.kills >= 5)
        try await proveState()
        try await CrashRun.proveNoDeadLetters(try world.openLog())
    }

    private func proveState() async throws {
        let counts = Dictionary(grouping: all, by: \.kind).mapValues(\.count)
        #expect(try await world.store.activityCounts(integration: CrashWorld.integration) == counts)
        for (person, own) in Dictionary(grouping: all, by: \.key.recordID) {
            let kept = try await world.store.activities(
                of: .person(marketingID: person), integration: CrashWorld.integration, limit: all.count
            ).activities
            let expected = own.sorted { $0.occurredAt > $1.occurredAt }
            #expect(kept.map(\.activityID) == expected.map(\.activityID), "\(person)'s activities, the newest first")
            #expect(kept.map(\.occurredAt) == expected.map(\.occurredAt))
            #expect(kept.map(\.kind) == expected.map(\.kind) && kept.map(\.details) == expected.map(\.details))
        }
    }
}
