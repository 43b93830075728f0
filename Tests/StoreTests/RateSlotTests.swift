import Contracts
import Store
import SyncCore
import Testing

@Suite("OUT-9 Rate slots")
struct RateSlotTests {
    private let store: Store

    init() throws { store = try memoryStore() }

    private func take(_ wanted: Int, limit: Int = 5, account: String = "acme", at now: Timestamp) async throws -> SlotGrant {
        try await store.takeSlots(account: account, limit: limit, wanted: wanted, now: now)
    }

    private func taken(_ grant: SlotGrant) -> [Int] { if case .taken(let slots) = grant { slots } else { [] } }

    private func milliseconds(_ count: Int64) -> Timestamp { Timestamp(milliseconds: at(0).milliseconds + count) }

    @Test("As many as the limit has, then none until a second after an answer")
    func limit() async throws {
        let first = taken(try await take(3, at: at(0)))
        let second = taken(try await take(9, at: at(0)))
        #expect([first.count, second.count] == [3, 2])
        #expect(Set(first + second).count == 5)
        #expect(try await take(1, at: at(0)) == .wait(until: at(1)), "no answer that is still out frees a slot sooner")
        try await store.freeSlots(account: "acme", slots: [first[0]], at: milliseconds(200))
        #expect(try await take(1, at: milliseconds(300)) == .wait(until: milliseconds(1200)))
        #expect(taken(try await take(9, at: milliseconds(1200))).count == 1)
    }

    @Test("At least one is granted, whatever is asked for, and accounts do not share")
    func bounds() async throws {
        #expect(taken(try await take(0, limit: 0, at: at(0))).count == 1)
        #expect(try await take(1, limit: -3, at: at(0)) == .wait(until: at(1)))
        #expect(taken(try await take(2, account: "other", at: at(0))).count == 2)
    }

    @Test("A slot whose process died is free after 90 seconds; a late answer takes nothing from its next owner")
    func crash() async throws {
        let lost = taken(try await take(1, limit: 1, at: at(0)))
        #expect(try await take(1, limit: 1, at: at(89)) == .wait(until: at(90)))
        let next = taken(try await take(1, limit: 1, at: at(90)))
        #expect(next.count == 1)
        try await store.freeSlots(account: "acme", slots: lost, at: at(80))
        #expect(try await take(1, limit: 1, at: at(91)) == .wait(until: at(92)))
    }

    @Test("A pause holds, also against answers that come in after it")
    func pause() async throws {
        let slots = taken(try await take(5, at: at(0)))
        try await store.pauseSlots(account: "acme", until: at(60))
        try await store.pauseSlots(account: "acme", until: at(30))
        try await store.freeSlots(account: "acme", slots: slots, at: at(1))
        #expect(try await take(1, at: at(59)) == .wait(until: at(60)))
        #expect(taken(try await take(9, at: at(60))).count == 5)
    }

    @Test("A changed limit counts from the next request on")
    func changedLimit() async throws {
        let five = taken(try await take(5, limit: 5, at: at(0)))
        try await store.freeSlots(account: "acme", slots: Array(five[..<3]), at: milliseconds(100))
        #expect(try await take(9, limit: 2, at: milliseconds(1100)) == .wait(until: milliseconds(2100)))
        #expect(taken(try await take(9, limit: 3, at: milliseconds(1100))).count == 1)
        #expect(taken(try await take(9, limit: 10, at: milliseconds(1100))).count == 7)
    }

    /// On its way to the vendor or back; without an answer when its process died.
    private struct Request {
        var slot: Int
        var answeredAt: Int64?
    }

    @Test("No second holds more requests than the limit, whatever the latencies and crashes", arguments: UInt64(1)...10)
    func neverTooMany(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let limit = Int.random(in: 1...6, using: &random)
        var waits: [Int64] = Array(repeating: 0, count: 4)
        var open: [Request] = []
        var arrivals: [Int64] = []
        // Steps of 20 ms; up to 3 s between sending and answering; one process in fifty dies with its requests on the way.
        for moment in stride(from: Int64(0), to: 60_000, by: 20) {
            let now = milliseconds(moment)
            let answered = open.filter { $0.answeredAt.map { $0 <= moment } ?? false }
            open.removeAll { $0.answeredAt.map { $0 <= moment } ?? false }
            if !answered.isEmpty { try await store.freeSlots(account: "acme", slots: answered.map(\.slot), at: now) }
            for process in waits.indices.shuffled(using: &random) where waits[process] <= moment {
                let wanted = Int.random(in: 1...3, using: &random)
                switch try await take(wanted, limit: limit, at: now) {
                case .wait(let until):
                    #expect(until > now)
                    waits[process] = until.milliseconds - at(0).milliseconds
                case .taken(let slots):
                    #expect((1...wanted).contains(slots.count))
                    let dies = Int.random(in: 0..<50, using: &random) == 0
                    for slot in slots {
                        let arrival = moment + .random(in: 0...1500, using: &random)
                        let answer = arrival + .random(in: 0...1500, using: &random)
                        open.append(Request(slot: slot, answeredAt: dies ? nil : answer))
                        arrivals.append(arrival)
                    }
                    waits[process] = moment + .random(in: 0...300, using: &random)
                }
            }
        }
        arrivals.sort()
        #expect(arrivals.count > limit * 10, "they do get through")
        for (index, arrival) in arrivals.enumerated() where index >= limit {
            #expect(arrival - arrivals[index - limit] >= 1000)
        }
    }
}
