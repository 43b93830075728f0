import Connectors
import Contracts
import EventLog
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Actions from the log")
struct ActionIntakeTests {
    private func wish(
        _ world: World, _ action: AutomationAction.Action = .sendCampaign, for record: String, object: String = "contact",
        target: String?, id: String? = nil
    ) -> Message {
        let key = RecordKey(integration: World.name, object: object, recordID: record)
        return .automationAction(
            AutomationAction(
                key: key, action: action, occurredAt: world.clock.now(), target: target, requestID: id, requestedBy: "standard"))
    }

    @Test("ACT-3 outbound takes what is to be done in marketing, inbound what is to be created; neither buries the other's")
    func shared() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            var records = await world.automationRecords([
                wish(world, for: scene.contact, target: scene.campaign), world.creation("1"),
                wish(world, .enterAutomation, for: scene.contact, target: scene.automation, id: "r-1"), world.creation("2"),
            ])
            records[3].message.value = Array("{ not JSON".utf8)
            #expect(try await world.outboundIngest.ingest(records) == [World.name])
            #expect(try await world.ingest.ingest(records) == [World.name])

            #expect(try await world.outboundRows().isEmpty)
            #expect(try await world.depth().ready == 1)
            let actions = try await world.store.actions(
                integration: World.name, object: .contact, crmID: scene.contact, limit: 9)
            #expect(actions.map(\.request.kind) == [.enterAutomation, .sendCampaign])
            #expect(actions.map(\.request.askedBy) == ["standard", "standard"])
            #expect(actions.first?.requestID == "r-1")
            // The one that nobody can read is buried once, by inbound.
            let letter = try #require(try await world.deadLetters(1).first)
            #expect(DeadLetterInfo(reading: letter.message)?.connectorName == Topics().inboundGroup)
        }
    }

    @Test("GEN-6 a delivery that comes twice, or an event published twice, is one action")
    func twice() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let message = wish(world, for: scene.contact, target: scene.campaign)
            let records = await world.automationRecords([message, message])
            for _ in 1...2 { _ = try await world.outboundIngest.ingest(records) }
            await world.act(world.actionDrain(), for: .seconds(600))
            _ = try await world.outboundIngest.ingest(records)
            await world.act(world.actionDrain(), for: .seconds(600))
            #expect(await world.marketing.timesSent(campaign: scene.campaign, to: scene.person) == 1)
        }
    }

    @Test("OPS-2 an action that nobody could carry out goes to the dead letters with the reason")
    func invalid() async throws {
        try await withWorld { world in
            let scene = try await world.actionScene()
            let records = await world.automationRecords([
                wish(world, for: scene.contact, target: nil), wish(world, for: "001", object: "account", target: "1"),
            ])
            #expect(try await world.outboundIngest.ingest(records) == [])
            let infos = try await world.deadLetters(2).map(\.message).compactMap(DeadLetterInfo.init(reading:))
                .sorted { $0.offset < $1.offset }
            #expect(infos.map(\.code) == ["invalid-action", "invalid-action"])
            #expect(infos.allSatisfy { $0.connectorName == Topics().outboundGroup })
            #expect(infos.first?.reason.contains("target") == true && infos.last?.reason.contains("account") == true)
        }
    }
}
