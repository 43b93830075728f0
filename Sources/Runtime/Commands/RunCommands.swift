import ArgumentParser
import Connectors
import Contracts
import Foundation
import Store
import SyncCore
import Workers

/// `tandem run`: begins runs and steers them.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Begins a run of an integration, or steers the one under way.",
        discussion: """
            A run is carried out by 'tandem up' or a sync-runner, goes on after a crash where it was, and can be paused. Runs of \
            one integration do not overlap. 'tandem runs' shows how they go.
            """,
        subcommands: [
            Full.self, Initial.self, Now.self, Backfill.self, Pause.self, Resume.self, Cancel.self, Approve.self,
        ])

    struct Full: BeginCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads everything on both sides: updates what differs, finds deletions and drift.")
        @OptionGroup var begin: BeginOptions
        var kind: RunKind { .full }
    }

    struct Initial: BeginCommand {
        static let configuration = CommandConfiguration(abstract: "Makes everybody known to marketing who is selected.")
        @OptionGroup var begin: BeginOptions
        var kind: RunKind { .initial }
    }

    struct Now: BeginCommand {
        static let configuration = CommandConfiguration(abstract: "Looks for changes in the CRM at once (Sync now).")
        @OptionGroup var begin: BeginOptions
        var kind: RunKind { .incremental }
    }

    struct Backfill: BeginCommand {
        static let configuration = CommandConfiguration(abstract: "Carries fields over for everybody who is linked.")
        @OptionGroup var begin: BeginOptions
        @Option(name: .customLong("field"), help: "A mapped CRM field as object/name, e.g. contact/Tier__c; may be repeated.")
        var names: [String]
        var kind: RunKind { .backfill }

        func fields() throws -> [CRMObject: [String]] {
            var fields: [CRMObject: [String]] = [:]
            for name in names {
                let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
                guard parts.count == 2, let object = CRMObject(rawValue: parts[0]) else {
                    throw ValidationError("--field must be object/name such as contact/Tier__c, not \"\(name)\"")
                }
                fields[object, default: []].append(parts[1])
            }
            return fields
        }

        func validate() throws { _ = try fields() }
    }

    struct Pause: SteerCommand {
        static let configuration = CommandConfiguration(abstract: "Stops reading; nothing is lost.")
        @OptionGroup var steer: SteerOptions
        var order: RunControl { .pause }
    }

    struct Resume: SteerCommand {
        static let configuration = CommandConfiguration(abstract: "Goes on with a run that was paused.")
        @OptionGroup var steer: SteerOptions
        var order: RunControl { .resume }
    }

    struct Cancel: SteerCommand {
        static let configuration = CommandConfiguration(abstract: "Ends a run for good; what it handed over is delivered.")
        @OptionGroup var steer: SteerOptions
        var order: RunControl { .cancel }
    }

    struct Approve: SteerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a run go on that was held because so many records are gone.")
        @OptionGroup var steer: SteerOptions
        var order: RunControl { .approve }
    }
}

struct BeginOptions: ParsableArguments {
    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Flag(help: "Does not wait for the run to end.")
    var detach = false
}

/// A command that begins a run and follows it.
protocol BeginCommand: AsyncParsableCommand {
    var begin: BeginOptions { get }
    var kind: RunKind { get }
    func fields() throws -> [CRMObject: [String]]
}

extension BeginCommand {
    func fields() throws -> [CRMObject: [String]] { [:] }

    func run() async throws {
        let store = try Cluster.openStore(try begin.options.load())
        defer { try? store.close() }
        _ = try await store.known(begin.name)
        let run = try await refusals {
            try await RunDesk(store: store).begin(
                kind, of: begin.name, fields: try fields(), requestID: UUID().uuidString, now: SystemClock().now())
        }
        guard !begin.detach else { return print("run \(run.id) of \(begin.name) waits for a runner") }
        let last = try await RunWatch.onOutput(store).follow(run.id)
        if last?.state == .failed { throw ExitCode.failure }
    }
}

struct SteerOptions: ParsableArguments {
    @OptionGroup var options: ClusterOptions

    @Argument(help: "The integration.")
    var name: String

    @Option(help: "The run's number; the run under way without.")
    var run: Int64?
}

/// A command that steers a run.
protocol SteerCommand: AsyncParsableCommand {
    var steer: SteerOptions { get }
    var order: RunControl { get }
}

extension SteerCommand {
    func run() async throws {
        let store = try Cluster.openStore(try steer.options.load())
        defer { try? store.close() }
        let now = SystemClock().now()
        let run = try await refusals {
            try await RunDesk(store: store).steer(order, run: steer.run, of: steer.name, now: now)
        }
        print(RunText.line(run, now: now, isTerminal: false))
    }
}

/// What a run does not do is told as the command's failure.
private func refusals<Value>(_ work: () async throws -> Value) async throws -> Value {
    do {
        return try await work()
    } catch let refusal as RunRefusal {
        throw CommandFailure(description: refusal.reason)
    }
}

/// `tandem runs`: how runs go.
struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "Lists the latest runs: read, handed over to be written, skipped, failed, rate, time left.",
        discussion: "With --follow, follows the run under way until it is over: a live bar on a terminal, else plain lines.")

    @OptionGroup var options: ClusterOptions

    @Argument(help: "Only this integration.")
    var name: String?

    @Option(help: "How many to list.")
    var limit = 20

    @Flag(help: "Follows the run under way.")
    var follow = false

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit must be from 1 to 1000") }
        guard !follow || name != nil else { throw ValidationError("--follow needs the integration") }
    }

    func run() async throws {
        let store = try Cluster.openStore(try options.load())
        defer { try? store.close() }
        if let name { _ = try await store.known(name) }
        guard follow, let name else {
            return print(RunText.table(try await store.runs(of: name, limit: limit), now: SystemClock().now()))
        }
        guard let run = try await store.activeRun(of: name) else { return print("no run of \(name) is under way") }
        try await RunWatch.onOutput(store).follow(run.id)
    }
}
