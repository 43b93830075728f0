import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Runs: what they carry over")
struct RunTests {
    @Test("RUN-2 an initial run makes everybody known who is selected, and nobody else")
    func initial() async throws {
        let selection = Selection.criteria(.rule(FieldRule(field: "Title", .isNotBlank)))
        try await withOutboundWorld(contacts: selection, leads: .none, configure: { $0.outbound.schedule = nil }) { world in
            for number in 1...3 {
                _ = await world.salesforce.insert("Contact", World.crmPerson("\(number)", ["Title": "Admiral"]))
            }
            _ = await world.salesforce.insert("Contact", World.crmPerson("4"))
            let run = try await world.run(.initial)
            #expect(run.state == .finished)
            #expect(run.counts == RunCounts(read: 3, written: 3, skipped: 0))
            #expect(run.expected == 3)
            for number in 1...3 { #expect(await world.personID("\(number)") != nil) }
            #expect(await world.personID("4") == nil)
        }
    }

    @Test("RUN-1 a full run takes over what no poll has seen yet, and leaves alone what is in step")
    func fullUpdates() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            await world.salesforce.edit("Contact", id: ids[1], ["Phone": "+1 555 0199"])
            let run = try await world.run(.full)
            #expect(run.state == .finished)
            // Three contacts and three people.
            #expect(run.counts == RunCounts(read: 6, written: 1, skipped: 5))
            #expect(await world.person("2")?.phone == "+1 555 0199")
            #expect(run.gone == 0)
        }
    }

    @Test("RUN-2 Sync now polls at once, with a schedule or without", arguments: [true, false])
    func syncNow(isScheduled: Bool) async throws {
        try await withOutboundWorld(configure: { if !isScheduled { $0.outbound.schedule = nil } }) { world in
            _ = await world.salesforce.insert("Contact", World.crmPerson("1"))
            let first = try await world.run(.incremental)
            #expect(first.state == .finished)
            #expect(await world.personID("1") != nil)
            await world.clock.advance(by: .seconds(60))
            let id = try #require(await world.contact("1"))
            await world.salesforce.edit("Contact", id: id, ["Phone": "+1 555 0107"])
            await world.clock.advance(by: .seconds(2))
            #expect(try await world.run(.incremental).counts.written > 0)
            #expect(await world.person("1")?.phone == "+1 555 0107")
        }
    }

    @Test("RUN-1 full runs come by the days set, counted from the setting; incremental ones go on in between")
    func schedule() async throws {
        try await withOutboundWorld(configure: { $0.runs.fullEvery = 14 }) { world in
            let runner = world.runner()
            await runner.turn()
            #expect(try await world.store.runs(of: World.name, limit: 10).isEmpty)
            await world.clock.advance(by: .seconds(14 * 86_400 - 3))
            #expect(try await world.poll())
            await runner.turn()
            #expect(try await world.store.runs(of: World.name, limit: 10).isEmpty)
            await world.clock.advance(by: .seconds(1))
            await runner.turn()
            let first = try #require(try await world.store.activeRun(of: World.name))
            #expect(first.kind == .full)
            try await world.finish(first.id)
            await world.clock.advance(by: .seconds(13 * 86_400))
            await runner.turn()
            #expect(try await world.store.activeRun(of: World.name) == nil)
            await world.clock.advance(by: .seconds(86_400))
            await runner.turn()
            #expect(try await world.store.activeRun(of: World.name)?.kind == .full)
        }
    }

    @Test("MAP-8 a newly mapped field is carried over both ways for those who are linked")
    func backfill() async throws {
        try await withOutboundWorld { world in
            let ids = try await world.inStep(1...3)
            let runner = world.runner()
            await runner.turn()
            await world.salesforce.edit("Contact", id: ids[0], ["Title": "Admiral"], asUser: false)
            let field = await world.marketing.addField("Rank")
            let second = try #require(await world.personID("2"))
            await world.marketing.editContact(second) { $0.fields[field] = "Captain" }
            await world.clock.advance(by: .seconds(1200))
            _ = try await world.poll()

            var settings = try #require(try await world.store.integration(World.name)).settings
            settings.mappings.contact.append(FieldMapping(marketing: "field:\(field)", crm: "Title"))
            _ = try await world.store.apply(settings, now: world.clock.now())
            await runner.turn()
            let run = try #require(try await world.store.activeRun(of: World.name))
            #expect(run.kind == .backfill)
            #expect(run.fields == [.contact: ["Title"]])
            let finished = try await world.finish(run.id)
            #expect(finished.state == .finished)
            #expect(finished.counts == RunCounts(read: 6, written: 2, skipped: 4))
            #expect(await world.person("1")?.fields[field] == "Admiral")
            #expect(await world.salesforce.record("Contact", id: ids[1])?["Title"]?.text == "Captain")
            #expect(await world.salesforce.record("Contact", id: ids[2])?["Title"]?.text == nil)
            await runner.turn()
            #expect(try await world.store.activeRun(of: World.name) == nil)
        }
    }
}
