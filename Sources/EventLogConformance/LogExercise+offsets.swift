import Contracts
import EventLog

extension LogExercise {
    /// What is delivered again, and what is not.
    static let offsets = [
        LogExercise("the next member goes on exactly after the last commit") { bench in
            try await bench.publish(0..<10)
            let first = try await bench.subscribe(maxBatch: 4)
            let done = try await bench.batch(from: first, "a batch to commit")
            try require(try await first.commit(done) == .committed, "a batch in hand can be committed")
            _ = try await bench.batch(from: first, "a batch to leave behind")
            await first.close()
            let second = try await bench.subscribe()
            let numbers = try await bench.take(10 - done.records.count, from: second, "the rest").map(\.number)
            try require(numbers == Array(done.records.count..<10), "resumed with \(numbers)")
        },

        LogExercise("later commits do not skip a batch that was given up") { bench in
            try await bench.publish(0..<4)
            let first = try await bench.subscribe(maxBatch: 2)
            let givenUp = try await bench.batch(from: first, "a batch to give up")
            let later = try await bench.batch(from: first, "a later batch")
            try require(later.records.first?.number == givenUp.records.count, "next() goes on")
            try require(try await first.commit(givenUp) == .abandoned, "a batch that was given up cannot be committed")
            try require(try await first.commit(later) == .abandoned, "a commit beyond it would lose it")
            await first.close()
            let second = try await bench.subscribe()
            let numbers = try await bench.take(4, from: second, "all of it again").map(\.number)
            try require(numbers == [0, 1, 2, 3], "delivered again: \(numbers)")
        },

        LogExercise("groups are independent") { bench in
            try await bench.publish(0..<20)
            let groups = [bench.group("x"), bench.group("y")]
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for group in groups {
                    tasks.addTask {
                        let member = try await bench.subscribe(group)
                        let numbers = try await bench.take(20, from: member, group).map(\.number)
                        try require(numbers == Array(0..<20), "\(group) got \(numbers)")
                    }
                }
                try await tasks.waitForAll()
            }
        },

        LogExercise("seeking replays, and a batch from before the seek no longer counts") { bench in
            try await bench.publish(0..<10)
            let member = try await bench.subscribe()
            let records = try await bench.take(10, from: member, "everything once")
            guard let fifth = records.first(where: { $0.number == 5 }) else { throw ConformanceFailure("no record 5") }
            let partition = TopicPartition(topic: fifth.topic, partition: fifth.partition)
            try await member.seek(partition, to: fifth.offset)
            let again = try await bench.batch(from: member, "the replay")
            try require(again.records.first?.number == 5, "replayed from \(again.records.first?.number ?? -1)")
            try await member.seek(partition, to: fifth.offset)
            try require(try await member.commit(again) == .abandoned, "sought away under the batch")
            let numbers = try await bench.take(5, from: member, "the replay, again").map(\.number)
            try require(numbers == Array(5..<10), "replayed \(numbers)")
        },

        LogExercise("a partition of someone else cannot be sought in") { bench in
            try await bench.publish(0..<1)
            let member = try await bench.subscribe()
            try await bench.take(1, from: member, "the assignment")
            do {
                try await member.seek(TopicPartition(topic: bench.topic("other"), partition: 0), to: 0)
            } catch { return }
            throw ConformanceFailure("seeking in a partition that is not assigned succeeded")
        },
    ]
}
