import Connectors
import Contracts
import EventLog
import Foundation
import KafkaLog
import Logging
import Store
import SyncCore
import Workers

/// Measures what `make bench` prints. Nothing here is asserted: machines differ, and the same one differs by the minute.
enum Bench {
    /// Without arguments everything is measured; with some the process is one that a bench has started for itself.
    static func run(_ arguments: [String] = Array(CommandLine.arguments.dropFirst())) async throws {
        let numbers = arguments.dropFirst(3).compactMap { Int($0) }
        switch (arguments.first, arguments.dropFirst().first.flatMap { Int($0) }) {
        case (nil, _): try await measureAll()
        case ("runs", let people): show(try await BenchRuns.run(people: people ?? 1_000_000))
        case ("vendors", let people?) where arguments.count == 3:
            try await BenchVendors.serve(people: people, directory: arguments[2])
        case ("links", let people?) where numbers.count == 2:
            let ports = BenchVendors.Ports(salesforce: numbers[0], marketing: numbers[1])
            try await BenchLinks.make(people: people, directory: arguments[2], ports: ports)
        default: throw CommandFailure(description: "tandem-bench takes no arguments, or 'runs [RECORDS]'")
        }
    }

    private static func measureAll() async throws {
        show(try BenchCodec.run())
        show(try await BenchLogs.embedded(records: 200_000))
        // The mock keeps 5 MiB a partition and drops what is older: more records would never arrive.
        show(try await BenchLogs.kafka(records: 30_000))
        show(try await BenchInbound.ingest(events: 100_000, people: 20_000))
        show(try await BenchInbound.drain(people: 10_000))
        show(try await BenchOutbound.run(people: 10_000))
        show(try await BenchInbound.memory(events: 1_000_000, people: 20_000))
        show(try await BenchRuns.run(people: 1_000_000))
    }

    private static func show(_ lines: [BenchLine]) {
        for line in lines {
            let name = line.name.padding(toLength: 52, withPad: " ", startingAt: 0)
            let value = String(repeating: " ", count: max(0, 20 - line.value.count)) + line.value
            // Not print: its buffer would hold the lines back when they go to a file or pipe.
            FileHandle.standardOutput.write(Data("\(name)\(value)  \(line.note)\n".utf8))
        }
    }

    /// Runs `work` in a directory of its own that is gone afterwards.
    static func withDirectory<Result>(_ work: (String) async throws -> Result) async throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appending(path: "tandem-bench-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await work(directory)
    }
}

/// The event codec against Foundation's decoder, on one core.
enum BenchCodec {
    static func run() throws -> [BenchLine] {
        let message = BenchEvents.change(person: 4711, edit: 7, at: SystemClock().now())
        let size = message.value?.count ?? 0
        let codec = try rate { _ = try EventCodec.decode(message) }
        let data = Data(message.value ?? [])
        let decoder = JSONDecoder()
        let foundation = try rate { _ = try decoder.decode(JSONValue.self, from: data) }
        return [
            BenchLine(name: "decode an event of \(size) bytes, one core", value: "\(Int(codec).grouped) events/s"),
            BenchLine(
                name: "  the same by JSONDecoder", value: "\(Int(foundation).grouped) events/s",
                note: String(format: "the codec is %.1f times as fast", codec / foundation)),
        ]
    }

    private static func rate(_ work: () throws -> Void) throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        var count = 0
        while clock.now - start < .seconds(2) {
            for _ in 0..<100 { try work() }
            count += 100
        }
        return Double(count) / (clock.now - start).seconds
    }
}
