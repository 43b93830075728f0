import Connectors
import Contracts
import EventLog
import Simulator
import Testing

@Suite("The simulated log delivers at least once", .timeLimit(.minutes(1)))
struct SimulatedLogDeliveryTests {
    private let clock = VirtualClock()
    private let log: SimulatedLog
    private let ledger = Ledger()

    init() { log = SimulatedLog(clock: clock) }

    @Test("nothing is skipped, whatever befalls the members and the producer", arguments: UInt64(0)..<8)
    func nothingIsSkipped(seed: UInt64) async throws {
        var dice = Dice(seed: seed)
        var published = 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Somebody always sleeps, so that time can go on from sleeper to sleeper and everyone gets a turn in between.
            group.addTask { while (try? await clock.sleep(until: clock.now().advanced(by: .seconds(1)))) != nil {} }
            let processes = ["a", "b", "c"]
            for process in processes {
                let member = try await member(of: process)
                group.addTask { try await work(member) }
            }
            for _ in 0..<80 {
                let process = dice.pick(processes) ?? "a"
                switch dice.below(9) {
                case 0: await log.rebalance(group: "g")
                case 1: await log.rewind(group: "g", by: dice.below(4))
                case 2: await log.duplicateNext(dice.below(4))
                case 3: await log.failNextPublishes(1, appended: dice.chance(0.5))
                case 4: await log.pause(process, until: clock.now().advanced(by: .seconds(dice.below(90))))
                case 5:
                    await log.silence(process)
                    let member = try await member(of: process)
                    group.addTask { try await work(member) }
                case 6: for _ in 0..<dice.below(60) { await letTimePass() }
                default:
                    let count = dice.between(1...6)
                    try await publish(published..<published + count)
                    published += count
                }
            }
            let end = clock.now().advanced(by: .seconds(3600))
            while await log.lag(of: "g") > 0, clock.now() < end { await letTimePass() }
            #expect(await log.lag(of: "g") == 0)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(await ledger.seen == Set(0..<published))
    }

    private func letTimePass() async {
        await clock.waitForSleepers()
        await clock.advanceToNextSleeper()
    }

    private func publish(_ numbers: Range<Int>) async throws {
        let records = numbers.map {
            OutgoingRecord(
                topic: "t", message: EncodedMessage(key: [UInt8($0 % 7)], value: Array("\($0)".utf8), headers: []))
        }
        do {
            try await log.client(of: "producer").publish(records)
        } catch {
            try await log.client(of: "producer").publish(records)
        }
    }

    private func member(of process: String) async throws -> any LogSubscription {
        try await log.client(of: process).subscribe(
            group: "g", topics: ["t"],
            options: SubscriptionOptions(maxBatch: 5, linger: .milliseconds(20), drainTimeout: .seconds(10)))
    }

    /// Takes what comes and insists on committing it, as a worker does.
    private func work(_ member: any LogSubscription) async throws {
        while let batch = try await member.next() {
            while (try? await member.commit(batch)) == nil {
                guard (try? await clock.sleep(until: clock.now().advanced(by: .seconds(1)))) != nil else { return }
            }
            // One that died with its batch in hand never comes here.
            await ledger.note(batch.records)
        }
    }

    private actor Ledger {
        private(set) var seen: Set<Int> = []

        func note(_ records: [LogRecord]) {
            for record in records {
                if let value = record.message.value, let number = Int(String(decoding: value, as: UTF8.self)) {
                    seen.insert(number)
                }
            }
        }
    }
}
