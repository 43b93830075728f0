import ArgumentParser
import Foundation

/// `tandem demo`: the main job on emulated vendors, in one process, checked at the end.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Plays both directions on emulated vendors and compares them field by field.",
        discussion: """
            Starts an emulated Salesforce and ActiveCampaign and a whole Tandem in this process. Batch windows are \
            shortened (100 records or 1 second instead of 10 minutes), polls do not wait for their hour, full runs confirm \
            drift after 2 seconds instead of 3 minutes, and the account's rate limit is raised, so that it ends soon. \
            Fails when the two vendors differ anywhere without an explanation.
            """)

    @Option(help: "Takes the people from this CSV file instead of made-up ones.")
    var people: String?

    @Option(help: "How many people to make up.")
    var count = 600

    @Option(help: "Keeps log and state in this directory instead of a temporary one.")
    var data: String?

    func run() async throws {
        let people = try self.people.map { try DemoPeople.file($0) } ?? DemoPeople.invented(count)
        let temporary = FileManager.default.temporaryDirectory.appending(path: "tandem-demo-\(UUID().uuidString.prefix(8))").path
        let directory = data ?? temporary
        defer {
            if data == nil { try? FileManager.default.removeItem(atPath: directory) }
        }
        let isProven = try await DemoWorld.run(directory: directory) { world in
            try await DemoStory(world: world, people: people, screen: DemoScreen()).play()
        }
        if !isProven { throw ExitCode.failure }
    }
}
