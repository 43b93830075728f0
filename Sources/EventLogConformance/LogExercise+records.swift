import Contracts
import EventLog

extension LogExercise {
    /// What becomes of records between publishing and delivery.
    static let records = [
        LogExercise("records of one key keep their partition and order") { bench in
            try await bench.publish(0..<200) { "key \($0 % 10)" }
            let member = try await bench.subscribe()
            let records = try await bench.take(200, from: member, "200 records")
            for (key, ofKey) in Dictionary(grouping: records, by: \.message.key) {
                let numbers = ofKey.map(\.number)
                try require(numbers == numbers.sorted(), "key \(key ?? []) came as \(numbers)")
                try require(Set(ofKey.map(\.partition)).count == 1, "key \(key ?? []) lies in one partition")
                let offsets = ofKey.map(\.offset)
                try require(zip(offsets, offsets.dropFirst()).allSatisfy(<), "offsets increase: \(offsets)")
            }
            try require(Set(records.map(\.number)) == Set(0..<200), "every record came")
            try require(Set(records.map(\.partition)).count > 1, "ten keys use more than one partition")
        },

        LogExercise("keys, values and headers arrive as they were published, and null is not empty") { bench in
            let header = MessageHeader("kind", "é")
            let messages = [
                EncodedMessage(key: [0, 255], value: [1, 2, 3], headers: [header]),
                EncodedMessage(key: nil, value: [4], headers: []),
                EncodedMessage(key: [5], value: nil, headers: [header]),
                EncodedMessage(key: nil, value: nil, headers: [MessageHeader("n", nil), MessageHeader("e", [])]),
                EncodedMessage(key: [], value: [], headers: [header, MessageHeader("kind", "again"), header]),
                EncodedMessage(key: [6], value: Array(repeating: 7, count: 200_000), headers: []),
            ]
            try await bench.log.publish(messages.map { OutgoingRecord(topic: bench.topic, message: $0) })
            let member = try await bench.subscribe()
            var arrived = try await bench.take(messages.count, from: member, "every message").map(\.message)
            for message in messages {
                guard let index = arrived.firstIndex(of: message) else {
                    throw ConformanceFailure("not delivered as published: key \(message.key ?? []), \(message.headers)")
                }
                arrived.remove(at: index)
            }
        },

        LogExercise("a batch holds at most as many records as asked for") { bench in
            try await bench.publish(0..<25)
            let member = try await bench.subscribe(maxBatch: 10)
            var numbers: [Int] = []
            while numbers.count < 25 {
                let batch = try await bench.batch(from: member, "25 records in tens")
                try require(batch.records.count <= 10, "a batch of \(batch.records.count)")
                numbers += batch.records.map(\.number)
                _ = try await member.commit(batch)
            }
            try require(numbers == Array(0..<25), "in order: \(numbers)")
        },

        LogExercise("one subscription serves several topics") { bench in
            let topics = [bench.topic("x"), bench.topic("y")]
            try await bench.log.publish(
                (0..<20).map { number in
                    OutgoingRecord(
                        topic: topics[number % 2],
                        message: EncodedMessage(key: [1], value: Array("\(number)".utf8), headers: []))
                })
            let member = try await bench.subscribe(topics: topics)
            let records = try await bench.take(20, from: member, "both topics")
            for (index, topic) in topics.enumerated() {
                let numbers = records.filter { $0.topic == topic }.map(\.number)
                try require(numbers == Array(stride(from: index, to: 20, by: 2)), "\(topic) brought \(numbers)")
            }
        },

        LogExercise("what is published while a member waits reaches it") { bench in
            try await bench.publish(0..<1)
            let member = try await bench.subscribe()
            try await bench.take(1, from: member, "the first record")
            async let waiting = bench.batch(from: member, "news")
            try await bench.publish(1..<2)
            let numbers = try await waiting.records.map(\.number)
            try require(numbers == [1], "news brought \(numbers)")
        },

        LogExercise("publishing nothing succeeds") { bench in try await bench.log.publish([]) },
    ]
}
