import Connectors
import Contracts
import Store
import SyncCore
import Testing

@testable import Runtime
@testable import Sandbox
@testable import Workers

@Suite("Both directions: traffic dies out")
struct OutboundLoopTests {
    @Test("GEN-5 values that both vendors' automations rewrite in the same way come to rest")
    func tidying() async throws {
        try await withOutboundWorld { world in
            await world.marketing.automate(ActiveCampaignOptions.tidyingAutomation)
            // The org tidies names as well; phone numbers are marketing's to format here.
            await world.salesforce.automate { record in
                SalesforceRules.tidyingAutomation(record).filter { $0.key != "Phone" }
            }
            let row = World.crmPerson("1", ["FirstName": "  ada ", "LastName": "lovelace", "Phone": "15550100200"])
            let id = try #require(await world.salesforce.insert("Contact", row))
            try await world.untilQuiet(id)

            let record = try #require(await world.salesforce.record("Contact", id: id))
            let person = try #require(await world.person("1"))
            #expect(record["FirstName"]?.text == person.firstName)
            #expect(record["LastName"]?.text == person.lastName)
            #expect(record["Phone"]?.text == person.phone)
            #expect(person.firstName == "Ada" && person.lastName == "Lovelace")
        }
    }

    @Test("GEN-5 a value that two automations keep rewriting is frozen after the set number of rounds, reported and counted")
    func bouncing() async throws {
        try await withOutboundWorld(configure: { $0.outbound.bounceLimit = 2 }) { world in
            await world.marketing.automate { person in
                var person = person
                person.phone = "+1 " + person.phone.filter(\.isNumber).suffix(10)
                return person
            }
            await world.salesforce.automate { record in
                guard let phone = record.values["Phone"]?.text else { return [:] }
                return [
                    "Phone": .string(
                        "(" + String(phone.filter(\.isNumber).suffix(10).prefix(3)) + ") "
                            + String(phone.filter(\.isNumber).suffix(7)))
                ]
            }
            let id = try #require(await world.salesforce.insert("Contact", World.crmPerson("1", ["Phone": "5550100200"])))
            try await world.untilQuiet(id)

            let link = try #require(try await world.linkOf(id))
            #expect(link.trails["Phone"]?.isFrozen == true)
            #expect(try await world.outboundHistory("1").contains("frozen"))
            #expect(try await world.store.linkSummary(integration: World.name).frozenFields == 1)
            // The other fields still flow.
            await world.salesforce.edit("Contact", id: id, ["LastName": "Hopper"])
            try await world.sync()
            #expect(await world.person("1")?.lastName == "Hopper")
            // A new value, one neither automation made, thaws it.
            await world.salesforce.edit("Contact", id: id, ["Phone": "5550199999"])
            try await world.sync()
            #expect(await world.person("1")?.phone == "+1 5550199999")
        }
    }

    @Test(
        "GEN-5 both directions at full speed with edits on both sides, automations or not, end with equal sides and at rest",
        arguments: 1...4 as ClosedRange<UInt64>, [false, true])
    func fullSpeed(seed: UInt64, automations: Bool) async throws {
        try await withOutboundWorld { world in
            var random = SeededGenerator(seed: seed)
            if automations {
                await world.marketing.automate(ActiveCampaignOptions.tidyingAutomation)
                await world.salesforce.automate { record in
                    SalesforceRules.tidyingAutomation(record).filter { $0.key != "Phone" }
                }
            }
            let ids = await world.salesforce.load("Contact", rows: (0..<30).map { World.crmPerson("\($0)") })
            try await world.sync()
            for round in 0..<6 {
                for (number, id) in ids.enumerated() {
                    await world.clock.advance(by: .seconds(Int64.random(in: 0...20, using: &random)))
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: await world.salesforce.edit("Contact", id: id, ["Phone": .string("+1 555 \(round)\(number)")])
                    case 1:
                        let person = try #require(await world.personID("\(number)"))
                        await world.marketing.editContact(person) { $0.phone = "+1 555 9\(round)\(number)" }
                        try await world.hear(person)
                    case 2:
                        let person = try #require(await world.personID("\(number)"))
                        await world.marketing.editContact(person) { $0.lastName = "Name \(round) \(number)" }
                        try await world.hear(person)
                    default: break
                    }
                }
                if Bool.random(using: &random) { try await world.sync() }
                if Bool.random(using: &random) { await world.world.flush() }
            }
            for _ in 0..<3 {
                try await world.sync()
                if automations {
                    for number in ids.indices {
                        let person = try #require(await world.personID("\(number)"))
                        try await world.hear(person)
                    }
                }
                await world.world.flush()
            }

            for (number, id) in ids.enumerated() {
                let record = try #require(await world.salesforce.record("Contact", id: id))
                let person = try #require(await world.person("\(number)"))
                #expect(record["Phone"]?.text == person.phone, "seed \(seed), person \(number)")
                #expect(record["LastName"]?.text == person.lastName, "seed \(seed), person \(number)")
            }
            let before = await world.marketing.counters().apiCalls
            try await world.sync()
            await world.world.flush()
            #expect(await world.marketing.counters().apiCalls == before)
        }
    }
}

extension OutboundWorld {
    /// Syncs both ways, hearing of every change in marketing, until a whole round changes nothing.
    fileprivate func untilQuiet(_ id: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var last: (ActiveCampaignSandbox.Person?, [String: SandboxValue]?)
        for _ in 0..<20 {
            try await sync()
            if let person = await personID("1") { try await hear(person) }
            await world.flush()
            let now = (await person("1"), await salesforce.record("Contact", id: id))
            if now.0 == last.0, now.1 == last.1 { return }
            last = now
        }
        Issue.record("the sides never come to rest", sourceLocation: sourceLocation)
    }
}
