import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Simulator

@Suite("The witnesses of the traffic")
struct TrafficWitnessTests {
    // MARK: Limits

    @Test("OUT-9: as many requests a second as the account allows, and not one more")
    func rate() async throws {
        for number in [5, 6] {
            let world = try WitnessFixture()
            for _ in 0..<2 {
                for _ in 0..<number { await world.marketing("GET", "users/me") }
                await world.clock.advance(by: .seconds(1))
            }
            #expect(world.broken == (number > 5 ? .rateKept : nil))
        }
    }

    @Test("IN-9: a quota that is used up is probed, but not called as if nothing was")
    func quota() async throws {
        for pause in [Duration.seconds(900), .seconds(60)] {
            let world = try WitnessFixture()
            for _ in 0..<10 {
                await world.crm(
                    "GET", "sobjects/Contact/describe", .null,
                    answer: [["errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."]], status: 403)
                await world.clock.advance(by: pause)
            }
            #expect(world.broken == (pause < .seconds(900) ? .quotaKept : nil))
        }
    }

    @Test("IN-1: an edit is in the CRM when its window is over; later it is only after a fault")
    func window() async throws {
        for (wait, isDisturbed) in [(600, false), (1800, false), (1800, true)] {
            let world = try WitnessFixture()
            let (contact, record) = try await world.pair()
            await world.clock.advance(by: .seconds(3600))
            await world.shows(record, ["FirstName": "Ann", CRMRow.externalID: .string("demo:\(contact)")])
            await world.clock.advance(by: .seconds(60))
            await world.renames(contact: contact, "Bea")
            let start = world.clock.now()
            if isDisturbed { world.diary.note(Diary.Disturbance(kind: .process, from: start, until: start)) }
            await world.clock.advance(by: .seconds(wait))
            await world.shows(record, ["FirstName": "Ann", CRMRow.externalID: .string("demo:\(contact)")])
            await world.writes(["FirstName": "Bea"], to: record)
            #expect(world.broken == (wait > 600 && !isDisturbed ? .windowKept : nil))
        }
    }

    @Test("IN-1: when enough others wait the window ends early")
    func fullWindow() async throws {
        for others in [1, 2] {
            var setting = Setting()
            setting.window = BatchWindow(records: 3, interval: .seconds(3600))
            let world = try WitnessFixture(setting)
            let (contact, record) = try await world.pair()
            await world.shows(record, ["FirstName": "Ann", CRMRow.externalID: .string("demo:\(contact)")])
            await world.clock.advance(by: .seconds(1800))
            await world.renames(contact: contact, "Bea")
            for number in 0..<others { world.note(.marketing, "other \(number)", .phone, "\(number)") }
            await world.clock.advance(by: .seconds(1800))
            await world.shows(record, ["FirstName": "Ann", CRMRow.externalID: .string("demo:\(contact)")])
            await world.writes(["FirstName": "Bea"], to: record)
            #expect(world.broken == (others > 1 ? .windowKept : nil))
        }
    }

    @Test("a call holds no more than the vendors take")
    func sizes() async throws {
        let world = try WitnessFixture()
        let rows = (0..<201).map { SandboxValue.object(["id": .string("\($0)"), "attributes": ["type": "Contact"]]) }
        await world.crm("PATCH", "composite/sobjects", ["records": .array(rows)])
        #expect(world.broken == .windowKept)
    }

    // MARK: Fields

    @Test("GEN-3: only mapped fields go to the CRM, besides Tandem's own", arguments: ["FirstName", "Department"])
    func crmFields(field: String) async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        await world.renames(contact: contact, "Bea")
        await world.shows(record, ["FirstName": "Ann", CRMRow.externalID: .string("demo:\(contact)")])
        await world.writes([field: "Bea", CRMRow.status: "Synced successfully"], to: record)
        #expect(world.broken == (field == "FirstName" ? nil : .onlyMappedFields))
    }

    @Test("GEN-3: a custom field goes to marketing while it is mapped", arguments: MappingVariant.allCases)
    func marketingFields(variant: MappingVariant) async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        world.diary.note(Diary.Mapping(moment: world.clock.now(), variant: variant))
        await world.clock.advance(by: .seconds(3600))
        await world.shows(record, ["Occupation__c": "Smith", CRMRow.externalID: .string("demo:\(contact)")], to: "outbound-1")
        await world.writes(["fieldValues": [["field": "7", "value": "Smith"]]], toContact: contact)
        #expect(world.broken == (variant == .standard ? .onlyMappedFields : nil))
    }

    // MARK: What is due

    @Test("IN-4: a record is created for the asking", arguments: [true, false])
    func creations(isAsked: Bool) async throws {
        let world = try WitnessFixture()
        let (contact, _) = try await world.pair()
        if isAsked { world.note(.asked(.lead, contact: contact)) }
        let row: SandboxValue = .object([
            "attributes": ["type": "Lead"], "FirstName": "Ann", CRMRow.externalID: .string("demo:\(contact)"),
        ])
        await world.crm("PATCH", "composite/sobjects/Lead/\(CRMRow.externalID)", ["records": [row]])
        #expect(world.broken == (isAsked ? nil : .onlyDueWrites))
    }

    @Test("IN-3: only linked people with one of the tags are updated")
    func updates() async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair()
        await world.marketing.untag(contact, "added-to-salesforce-contact")
        await world.renames(contact: contact, "Bea")
        await world.shows(record, ["FirstName": "Ann", CRMRow.externalID: .string("demo:\(contact)")])
        await world.writes(["FirstName": "Bea"], to: record)
        #expect(world.broken == .onlyDueWrites)
    }

    @Test("OUT-1: a person becomes known by a record that is selected", arguments: [true, false])
    func selected(isSelected: Bool) async throws {
        let world = try WitnessFixture()
        let values: [String: SandboxValue] = ["LastName": "Lee", "Email": "eve@acme.test"]
        let id = try #require(await world.salesforce.insert("Contact", values))
        world.note(.inserted(.contact, id: id, isSelected: isSelected))
        await world.shows(id, values, to: "outbound-1")
        await world.marketing(
            "POST", "contact/sync", ["contact": ["email": "eve@acme.test", "lastName": "Lee"]], answer: ["contact": ["id": "9"]],
            status: 201)
        #expect(world.broken == (isSelected ? nil : .onlyDueWrites))
    }

    @Test("OUT-8: nothing is deleted on either side")
    func deletions() async throws {
        let first = try WitnessFixture()
        await first.crm("DELETE", "composite/sobjects?ids=003", .null)
        #expect(first.broken == .onlyDueWrites)
        let second = try WitnessFixture()
        await second.marketing("DELETE", "contacts/1")
        #expect(second.broken == .onlyDueWrites || second.broken == .onlyMappedFields)
    }

    // MARK: Twice

    @Test("GEN-6: nobody becomes a second contact, but for one that was deleted", arguments: [true, false])
    func twice(isDeleted: Bool) async throws {
        let world = try WitnessFixture()
        let (contact, record) = try await world.pair("old@acme.test")
        await world.salesforce.edit("Contact", id: record, ["Email": "new@acme.test"])
        if isDeleted { await world.marketing.deleteContact(contact) }
        await world.shows(record, ["Email": "new@acme.test"], to: "outbound-1")
        await world.marketing(
            "POST", "contact/sync", ["contact": ["email": "new@acme.test"]], answer: ["contact": ["id": "77"]], status: 201)
        #expect(world.broken == (isDeleted ? nil : .nothingTwice))
    }
}
