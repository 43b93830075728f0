import Contracts
import EventLog

extension LogExercise {
    /// Several members in one group.
    static let members = [
        LogExercise("members share the partitions, and those of one that leaves move on without loss") { bench in
            let ledger = Ledger()
            try await bench.publish(0..<1)
            let staying = try await bench.subscribe(maxBatch: 7)
            let leaving = try await bench.subscribe(maxBatch: 7)
            let work = Task { try await ledger.work(staying, name: "staying") }
            let otherWork = Task { try await ledger.work(leaving, name: "leaving") }
            try await bench.within("both members to have partitions") {
                var changes = leaving.assignments.makeAsyncIterator()
                while let change = await changes.next(isolation: nil) {
                    if case .assigned(let partitions) = change, !partitions.isEmpty { return }
                }
                throw ConformanceFailure("the second member was never assigned anything")
            }
            try await bench.publish(1..<100) { "key \($0)" }
            try await bench.within("100 records") { await ledger.wait(for: 100) }
            let workers = await ledger.workers
            try require(workers.count == 2, "both members work: \(workers)")

            await leaving.close()
            try await bench.publish(100..<200) { "key \($0)" }
            try await bench.within("the rest after one left") { await ledger.wait(for: 200) }
            await staying.close()
            try await work.value
            try await otherWork.value
        },

        LogExercise("a member that settles its work gives partitions up in order") { bench in
            try await bench.publish(0..<100) { "key \($0)" }
            let first = try await bench.subscribe()
            let batch = try await bench.batch(from: first, "work in flight")
            try require(try await first.commit(batch) == .committed, "a batch in hand can be committed")
            let work = Task {
                while let batch = try await first.next() { _ = try await first.commit(batch) }
            }
            let second = try await bench.subscribe()
            // A log may assign members only while they ask for records.
            let otherWork = Task {
                while let batch = try await second.next() { _ = try await second.commit(batch) }
            }
            try await bench.within("an orderly hand-over") {
                for await change in first.assignments {
                    switch change {
                    case .revoked: return
                    case .lost(let partitions): throw ConformanceFailure("\(partitions.count) partitions were lost")
                    case .assigned: break
                    }
                }
            }
            await first.close()
            await second.close()
            try await work.value
            try await otherWork.value
        },
    ]
}

/// Notes who works on what; a record must never be in two hands at once.
private actor Ledger {
    private var inHand: [Int: String] = [:]
    private var done: Set<Int> = []
    private(set) var workers: Set<String> = []
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    func work(_ member: any LogSubscription, name: String) async throws {
        while let batch = try await member.next() {
            let numbers = batch.records.map(\.number)
            for number in numbers {
                if let other = inHand[number] { throw ConformanceFailure("\(number) is with \(other) and \(name) at once") }
                inHand[number] = name
            }
            workers.insert(name)
            // Lets the other member run while this batch is out.
            await Task.yield()
            for number in numbers { inHand[number] = nil }
            _ = try await member.commit(batch)
            done.formUnion(numbers)
            if let waiting, done.count >= waiting.count {
                self.waiting = nil
                waiting.continuation.resume()
            }
        }
    }

    func wait(for count: Int) async {
        guard done.count < count else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiting = (count, $0) }
        } onCancel: {
            Task { await self.stopWaiting() }
        }
    }

    private func stopWaiting() {
        waiting?.continuation.resume()
        waiting = nil
    }
}
