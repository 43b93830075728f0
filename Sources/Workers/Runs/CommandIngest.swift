import Connectors
import Contracts
import EventLog
import Logging
import Store
import SyncCore

/// Carries out what the topic of commands asks for: begins runs and steers them. A refusal is an answer, not a failure: it is
/// logged, and the command is done with. What cannot be read goes to the dead letters.
struct CommandIngest: Sendable {
    private static let component = "CommandIngest"

    let log: any EventLog
    let store: Store
    let topics: Topics
    let clock: any WallClock
    let logger: Logger

    func run(onNews: @Sendable (Set<String>) async -> Void) async throws {
        let consumer = LogConsumer(
            group: topics.runnerGroup, topics: [topics.syncCommands], log: log, clock: clock, logger: logger)
        try await consumer.run(takeIn: { try await ingest($0) }, onNews: onNews)
    }

    /// Which integrations there is something to do for.
    func ingest(_ records: [LogRecord]) async throws -> Set<String> {
        var (names, letters) = (Set<String>(), [Letter]())
        for record in records {
            do {
                let command = try read(record)
                if command.command != .chunk { try await carryOut(command, of: record) }
                names.insert(command.integration)
            } catch let refusal as IntakeRefusal {
                letters.append(Letter(record, refusal, group: topics.runnerGroup, component: Self.component))
            }
        }
        try await DeadLetterBox(log: log, topic: topics.deadLetters, logger: logger).bury(letters)
        return names
    }

    private func read(_ record: LogRecord) throws(IntakeRefusal) -> SyncCommand {
        do throws(CodecError) {
            if case .syncCommand(let command) = try EventCodec.decode(record.message).message { return command }
        } catch {
            throw IntakeRefusal(stage: .valueConverter, code: error.code.rawValue, reason: error.reason)
        }
        throw IntakeRefusal(stage: .taskPut, code: "unexpected-type", reason: "this is no command for a run")
    }

    private func carryOut(_ command: SyncCommand, of record: LogRecord) async throws {
        let desk = RunDesk(store: store)
        do {
            if let kind = RunKind(rawValue: command.command.rawValue) {
                _ = try await desk.begin(
                    kind, of: command.integration, fields: try fields(of: command), requestID: command.requestID,
                    now: clock.now())
            } else if let order = RunControl(rawValue: command.command.rawValue) {
                _ = try await desk.steer(order, run: command.run, of: command.integration, now: clock.now())
            }
        } catch let refusal as RunRefusal {
            guard try await store.integration(command.integration) != nil else {
                throw IntakeRefusal(stage: .taskPut, code: "unknown-integration", reason: refusal.reason)
            }
            logger.warning(
                "a command was refused",
                metadata: [
                    "integration": "\(command.integration)", "command": "\(command.command.rawValue)",
                    "reason": "\(refusal.reason)",
                ])
        }
    }

    private func fields(of command: SyncCommand) throws(IntakeRefusal) -> [CRMObject: [String]] {
        var fields: [CRMObject: [String]] = [:]
        for (name, value) in command.fields {
            guard let object = CRMObject(rawValue: name), let elements = value.arrayValue else {
                throw IntakeRefusal(
                    stage: .valueConverter, code: "invalid-data",
                    reason: "fields must be lists of names by contact, lead or account")
            }
            fields[object] = elements.compactMap(\.stringValue)
        }
        return fields
    }
}
