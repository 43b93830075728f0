import ArgumentParser
import Contracts
import Foundation

/// `tandem contracts`: the documents other producers and consumers build on.
struct ContractsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contracts",
        abstract: "Writes the JSON Schemas and the AsyncAPI document, or checks that they match the code.")

    @Option(help: "Writes the documents into this directory.")
    var write: String?

    @Option(help: "Fails when a document in this directory differs from the code.")
    var check: String?

    func validate() throws {
        if (write == nil) == (check == nil) { throw ValidationError("say either --write DIRECTORY or --check DIRECTORY") }
    }

    func run() throws {
        if let write { try self.write(to: write) }
        if let check { try self.check(check) }
    }

    private func write(to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for document in ContractDocuments.all() {
            try Data(document.content.utf8).write(to: URL(fileURLWithPath: directory + "/" + document.path))
            print("wrote \(directory)/\(document.path)")
        }
    }

    private func check(_ directory: String) throws {
        let documents = ContractDocuments.all()
        let stale = documents.filter { document in
            FileManager.default.contents(atPath: directory + "/" + document.path) != Data(document.content.utf8)
        }
        guard stale.isEmpty else {
            let names = stale.map(\.path).joined(separator: ", ")
            throw CommandFailure(
                description: "not as the code says: \(names) in \(directory); 'make contracts' writes them anew")
        }
        print("\(documents.count) documents match the code")
    }
}
