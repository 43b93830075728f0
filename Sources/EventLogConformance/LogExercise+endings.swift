import Contracts
import EventLog

extension LogExercise {
    /// How subscriptions and logs end.
    static let endings = [
        LogExercise("closing a subscription ends a wait, and may be repeated") { bench in
            try await bench.publish(0..<1)
            let member = try await bench.subscribe()
            let last = try await bench.batch(from: member, "a batch")
            _ = try await member.commit(last)
            async let waiting = bench.within("next() to end") { try await member.next() }
            await member.close()
            try require(try await waiting == nil, "a closed subscription brings nothing")
            await member.close()
            try require(try await member.next() == nil, "a closed subscription stays silent")
            try require(try await member.commit(last) == .abandoned, "a closed subscription commits nothing")
            var changes: [AssignmentChange] = []
            for await change in member.assignments { changes.append(change) }
            guard case .revoked = changes.last else { throw ConformanceFailure("ended with \(changes)") }
        },

        LogExercise("cancelling a task ends its wait, and the member goes on") { bench in
            try await bench.publish(0..<1)
            let member = try await bench.subscribe()
            try await bench.take(1, from: member, "the first record")
            let waiting = Task { try await member.next() }
            waiting.cancel()
            let batch = try await bench.within("a cancelled next() to end") { try await waiting.value }
            try require(batch == nil, "a cancelled wait brings nothing")
            try await bench.publish(1..<2)
            let numbers = try await bench.take(1, from: member, "what came later").map(\.number)
            try require(numbers == [1], "after a cancelled wait: \(numbers)")
        },

        LogExercise("closing a log ends its subscriptions and refuses more work") { bench in
            let member = try await bench.subscribe()
            async let waiting = bench.within("next() to end") { try await member.next() }
            await bench.log.close()
            try require(try await waiting == nil, "a closed log brings nothing")
            do {
                try await bench.publish(0..<1)
            } catch let error as EventLogError {
                return try require(!error.isTransient, "a closed log stays closed: \(error)")
            }
            throw ConformanceFailure("publishing to a closed log succeeded")
        },
    ]
}
