import Connectors
import Contracts
import Foundation
import Playground
import Sandbox

/// The emulated vendors with many people, in a process of their own.
struct BenchVendors {
    struct Ports: Sendable {
        var salesforce: Int
        var marketing: Int
    }

    private let process: Process
    private let directory: String

    static func start(people: Int, directory: String) throws -> BenchVendors {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["vendors", String(people), directory]
        try process.run()
        return BenchVendors(process: process, directory: directory)
    }

    /// Once they serve.
    func ports() async throws -> Ports {
        let clock = SystemClock()
        while process.isRunning {
            let text = (try? String(contentsOfFile: directory + "/ports", encoding: .utf8)) ?? ""
            let ports = text.split(separator: " ").compactMap { Int($0) }
            if ports.count == 2 { return Ports(salesforce: ports[0], marketing: ports[1]) }
            try await clock.sleep(until: clock.now().advanced(by: .milliseconds(50)))
        }
        throw CommandFailure(description: "the emulated vendors did not start")
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// What the process does: everybody is on both sides with the same values, and the CRM shows whose they are.
    static func serve(people: Int, directory: String) async throws {
        let clock = SystemClock()
        let playground = await Playground(requestsPerSecond: 1_000_000, clock: { clock.now() })
        let ids = await playground.salesforce.load(
            "Contact",
            rows: (1...people).map { number in
                var contact = BenchEvents.contact(number)
                contact["Tandem_Id__c"] = .string("\(Playground.integration):\(number)")
                contact[Playground.statusField] = "Synced successfully"
                return contact
            })
        try Data(ids.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: directory + "/ids"))
        await playground.marketing.importContacts(
            (1...people).map { number in
                .init(
                    email: "person.\(number)@example.com", firstName: "Ann", lastName: "Lee \(number)", phone: "+1 555 0100")
            })
        let (salesforce, marketing) = (
            SandboxServer(handler: playground.salesforce), SandboxServer(handler: playground.marketing)
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await salesforce.run() }
            group.addTask { try await marketing.run() }
            let ports = "\(try await salesforce.port()) \(try await marketing.port())"
            try Data(ports.utf8).write(to: URL(fileURLWithPath: directory + "/ports"), options: .atomic)
            try await group.waitForAll()
        }
    }
}
