import Connectors
import Contracts
import EventLog
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

// What users of CRM records ask for, in a world.

/// A linked contact, and what may be done with its person.
struct ActionScene {
    let contact: String
    let person = "1"
    let campaign: String
    let automation: String
}

extension World {
    /// - Parameter takesAgain: whether a person may enter the automation more than once.
    func actionScene(takesAgain: Bool = true) async throws -> ActionScene {
        await addPeople(1)
        let contact = try #require(await addRecords(1).first)
        try await link(contact, to: "1")
        return ActionScene(
            contact: contact, campaign: await marketing.addCampaign("Welcome", labels: ["salesforce"]),
            automation: await marketing.addAutomation("Nurture", labels: ["SALESFORCE"], takesAgain: takesAgain))
    }

    nonisolated func actionDrain(holder: String = "first") -> ActionDrain {
        ActionDrain(
            integration: Self.name, holder: holder, store: store, connections: connections, clock: clock,
            settings: DrainSettings(), logger: Self.logger, jitter: { 1 })
    }

    nonisolated func request(
        _ kind: ActionKind, _ target: String, for contact: String, id: String? = nil
    ) -> ActionRequest {
        let key = RecordKey(integration: Self.name, object: "contact", recordID: contact)
        return ActionRequest(key: key, kind: kind, target: target, requestID: id, askedAt: clock.now(), askedBy: "standard")
    }

    /// Asks for something to be done; the id of the action.
    @discardableResult
    func ask(_ kind: ActionKind, _ target: String, for contact: String, id: String? = nil) async throws -> String {
        let action = try await store.take([request(kind, target, for: contact, id: id)], now: clock.now()).first
        return try #require(action).requestID
    }

    /// Lets the drain work for so long, when it wants to but at most twice a minute.
    func act(_ drain: ActionDrain, for duration: Duration = .zero) async {
        let end = clock.now().advanced(by: duration)
        while true {
            switch await drain.turn() {
            case .now: continue
            case .at(let moment):
                guard moment <= end else { return }
                await clock.advance(by: max(moment.since(clock.now()), .seconds(30)))
            }
        }
    }

    func action(_ requestID: String) async throws -> StoredAction {
        try #require(try await store.action(integration: Self.name, requestID: requestID))
    }

    /// The messages as the topic of automation events hands them over.
    func automationRecords(_ messages: [Message]) -> [LogRecord] {
        records(messages).map { record in
            var record = record
            record.topic = Topics().automationEvents
            return record
        }
    }
}
