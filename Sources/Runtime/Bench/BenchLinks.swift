import Connectors
import Contracts
import Foundation
import Playground
import Store
import SyncCore

/// A store with many links, and with what a pass saw of them, made in a process of its own.
enum BenchLinks {
    private static let perTransaction = 10_000
    private static let perPage = 2_000

    /// Any key does: both processes have to have the same.
    static func key() throws -> StoreKey {
        guard let key = StoreKey(base64: Data(repeating: 7, count: 32).base64EncodedString()) else {
            throw CommandFailure(description: "the store's key cannot be made")
        }
        return key
    }

    static func inOwnProcess(people: Int, directory: String, ports: BenchVendors.Ports) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["links", String(people), directory, String(ports.salesforce), String(ports.marketing)]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CommandFailure(description: "the links could not be made") }
    }

    /// What the process does.
    static func make(people: Int, directory: String, ports: BenchVendors.Ports) async throws {
        let now = SystemClock().now()
        let store = try Store.open(path: directory + "/tandem.sqlite", key: try key())
        defer { try? store.close() }
        try await apply(store, ports, now: now)
        let ids = try String(contentsOfFile: directory + "/ids", encoding: .utf8).split(separator: "\n").map(String.init)
        guard ids.count == people else { throw CommandFailure(description: "\(ids.count) of \(people) contacts were loaded") }
        guard let lease = try await store.acquireLease("bench", holder: "bench", ttl: .seconds(3600), now: now) else { return }
        for start in stride(from: 0, to: people, by: perTransaction) {
            let links = (start..<min(start + perTransaction, people)).map { link($0 + 1, crmID: ids[$0]) }
            try await store.saveLinks(links, lease: lease, now: now)
        }
        try await pretendToHaveSeen(ids, store, lease: lease, now: now)
    }

    private static func apply(_ store: Store, _ ports: BenchVendors.Ports, now: Timestamp) async throws {
        let playground = await Playground(requestsPerSecond: 1_000_000, clock: { now })
        var settings = playground.settings(
            salesforceURL: "http://127.0.0.1:\(ports.salesforce)", marketingURL: "http://127.0.0.1:\(ports.marketing)",
            window: .standard, outbound: OutboundSettings(selection: [.contact: .criteria(.all([]))]))
        // Marketing lists custom fields apart, 100 values a call: the bench is about people.
        settings.mappings = .defaults
        settings.crm.budget = APIBudget(backfill: 100, outbound: 100, inbound: 100)
        _ = try await store.apply(settings, secrets: Playground.secrets, now: now)
    }

    private static func link(_ number: Int, crmID: String) -> Link {
        let key = RecordKey(integration: Playground.integration, object: "contact", recordID: String(number))
        var link = Link(creating: .contact, for: key)
        (link.state, link.crmID) = (.linked, crmID)
        link.base = [
            "FirstName": .text("Ann"), "LastName": .text("Lee \(number)"), "Email": .text("person.\(number)@example.com"),
            "Phone": .text("+1 555 0100"),
        ]
        return link
    }

    /// A run that saw all but every thousandth of them.
    private static func pretendToHaveSeen(_ ids: [String], _ store: Store, lease: Lease, now: Timestamp) async throws {
        guard
            case .begun(let run) = try await store.beginRun(.full, of: Playground.integration, requestID: "seen", now: now)
        else { return }
        let chunk = RunChunk(run: run.id, number: 0, source: .crmPages(.contact))
        _ = try await store.planRun(run.id, chunks: [chunk], expected: ids.count, lease: lease, now: now)
        for start in stride(from: 0, to: ids.count, by: perPage) {
            let seen = (start..<min(start + perPage, ids.count)).filter { !$0.isMultiple(of: 1_000) }.map {
                SeenSet.print(of: ids[$0])
            }
            _ = try await store.saveChunk(chunk, adding: RunCounts(read: seen.count), seen: seen, lease: lease, now: now)
        }
    }
}
