import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Salesforce

@Suite("Polling Salesforce for changes")
struct FeedTests {
    private static func changes(
        _ object: CRMObject, from: Timestamp, until: Timestamp, fields: [String] = ["LastName"]
    ) -> CRMFeedRequest {
        CRMFeedRequest(object: object, scope: .changed(from: from, until: until), fields: fields)
    }

    @Test("OUT-7 thousands of records of one stamp come each exactly once, 2,000 a call")
    func oneStamp() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let ids = await org.sandbox.load("Contact", rows: (0..<5000).map { SandboxValue.contact("C\($0)") })
        await org.clock.advance(by: .seconds(1))
        _ = try await crm.describe(.contact)
        let start = org.clock.now()
        let cost = try await org.cost {
            let pages = try await crm.pages(Self.changes(.contact, from: start.advanced(by: .seconds(-60)), until: start))
            #expect(pages.map(\.count) == [2000, 2000, 1000])
            #expect(pages.joined().map(\.id).sorted() == ids.sorted())
        }
        #expect(cost == 3)
    }

    @Test("OUT-7 a poll of which nothing changed is one call, whatever the size of the org")
    func idle() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        await org.sandbox.load("Contact", rows: (0..<50).map { SandboxValue.contact("C\($0)") })
        await org.clock.advance(by: .seconds(7200))
        for object in CRMObject.allCases { _ = try await crm.describe(object) }
        for object in CRMObject.allCases {
            let cost = try await org.cost {
                let now = try await crm.serverTime()
                let page = try await crm.page(
                    Self.changes(object, from: now.advanced(by: .seconds(-3600)), until: now, fields: []))
                #expect(page == CRMFeedPage(records: [], next: nil))
            }
            #expect(cost == 1)
        }
    }

    @Test("OUT-7 the bounds are exact: a record of the first second comes, one of the last does not")
    func bounds() async throws {
        let org = EmulatedOrg()
        let start = org.clock.now()
        var ids: [String] = []
        for index in 0..<4 {
            ids.append(try #require(await org.sandbox.insert("Contact", SandboxValue.contact("C\(index)"))))
            await org.clock.advance(by: .seconds(1))
        }
        let page = try await org.crm().page(
            Self.changes(.contact, from: start.advanced(by: .seconds(1)), until: start.advanced(by: .seconds(3))))
        #expect(page.records.map(\.id) == [ids[1], ids[2]])
    }

    @Test("OUT-7 what changes while a poll is under way is seen by it or by the next")
    func changesDuringPoll() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        var ids: [String] = []
        for batch in 0..<3 {
            ids += await org.sandbox.load("Contact", rows: (0..<1500).map { SandboxValue.contact("C\(batch)-\($0)") })
            await org.clock.advance(by: .seconds(1))
        }
        let start = org.clock.now()
        let long = start.advanced(by: .seconds(-60))
        let edited = [ids[0], ids[1600], ids[4400]]
        var seen: [String: FieldValue] = [:]
        let first = try await crm.pages(Self.changes(.contact, from: long, until: start)) { page in
            guard page == 1 else { return }
            await org.clock.advance(by: .seconds(5))
            for id in edited { await org.sandbox.edit("Contact", id: id, ["LastName": "New"]) }
        }
        for record in first.joined() { seen[record.id] = record.values["LastName"] }
        await org.clock.advance(by: .seconds(5))
        let until = org.clock.now()
        for record in try await crm.pages(Self.changes(.contact, from: start, until: until)).joined() {
            seen[record.id] = record.values["LastName"]
        }
        #expect(Set(seen.keys) == Set(ids))
        #expect(edited.allSatisfy { seen[$0] == .text("New") })
    }

    @Test("OUT-7 a transaction that commits late is seen by the next poll, which looks back")
    func lateCommit() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let id = try #require(await org.sandbox.insert("Contact", SandboxValue.contact("Old")))
        await org.clock.advance(by: .seconds(3600))
        let edit = try #require(await org.sandbox.editLate("Contact", id: id, ["LastName": "New"]))
        let create = try #require(await org.sandbox.insertLate("Contact", SandboxValue.contact("Born")))
        await org.clock.advance(by: .seconds(60))
        let first = org.clock.now()
        let before = try await crm.page(Self.changes(.contact, from: first.advanced(by: .seconds(-600)), until: first))
        #expect(before.records.isEmpty)
        await org.sandbox.commit(edit)
        await org.sandbox.commit(create)
        await org.clock.advance(by: .seconds(300))
        let after = try await crm.page(
            Self.changes(.contact, from: first.advanced(by: .seconds(-600)), until: org.clock.now()))
        #expect(after.records.map(\.values) == [["LastName": .text("New")], ["LastName": .text("Born")]])
        #expect(after.records.allSatisfy { $0.stamp == first.advanced(by: .seconds(-60)) })
    }

    @Test("OUT-7 deleted, merged, restored and converted records come as such, with their stamps")
    func states() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let start = org.clock.now()
        var contacts: [String] = []
        for name in ["Kept", "Deleted", "Winner", "Loser", "Restored"] {
            contacts.append(try #require(await org.sandbox.insert("Contact", SandboxValue.contact(name))))
        }
        let lead = try #require(await org.sandbox.insert("Lead", SandboxValue.person("Lee")))
        await org.clock.advance(by: .seconds(100))
        await org.sandbox.delete("Contact", id: contacts[1])
        await org.sandbox.merge("Contact", winner: contacts[2], loser: contacts[3])
        await org.sandbox.delete("Contact", id: contacts[4])
        await org.sandbox.undelete("Contact", id: contacts[4])
        let converted = try #require(await org.sandbox.convertLead(lead))
        let change = org.clock.now()
        await org.clock.advance(by: .seconds(1))
        let page = try await crm.page(Self.changes(.contact, from: change, until: org.clock.now()))
        let byID = Dictionary(uniqueKeysWithValues: page.records.map { ($0.id, $0) })
        #expect(Set(byID.keys) == Set(contacts.dropFirst() + [converted]))
        #expect(byID[contacts[1]]?.isDeleted == true && byID[contacts[1]]?.mergedInto == nil)
        #expect(byID[contacts[2]]?.isDeleted == false)
        #expect(byID[contacts[3]]?.isDeleted == true && byID[contacts[3]]?.mergedInto == contacts[2])
        #expect(byID[contacts[4]]?.isDeleted == false)
        #expect(byID[contacts[1]]?.createdAt == start && byID[contacts[1]]?.stamp == change)
        #expect(byID[converted]?.accountID == (await org.sandbox.records("Account")).first?["Id"]?.text)
        let leads = try await crm.page(Self.changes(.lead, from: change, until: org.clock.now())).records
        #expect(leads.map(\.convertedTo) == [converted] && leads.allSatisfy(\.isConverted))
        let read = try await crm.read(CRMReadRequest(ids: [.lead: [lead]]))
        #expect(read.byID[.lead]?[lead]?.convertedTo == converted)
    }

    @Test("MAP-4 a contact read with its account's name comes when the account is renamed, too")
    func renamedAccount() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let account = try #require(await org.sandbox.insert("Account", ["Name": "Acme"]))
        let contact = try #require(
            await org.sandbox.insert("Contact", SandboxValue.contact("Lee", ["AccountId": .string(account)])))
        await org.sandbox.insert("Contact", SandboxValue.contact("Alone"))
        await org.clock.advance(by: .seconds(100))
        await org.sandbox.edit("Account", id: account, ["Name": "Acme Inc."])
        let from = org.clock.now()
        await org.clock.advance(by: .seconds(1))
        let named = try await crm.page(
            Self.changes(.contact, from: from, until: org.clock.now(), fields: [CRMRecord.accountNameField]))
        #expect(named.records.map(\.id) == [contact])
        #expect(named.records.map(\.values) == [[CRMRecord.accountNameField: .text("Acme Inc.")]])
        #expect(try await crm.page(Self.changes(.contact, from: from, until: org.clock.now())).records.isEmpty)
    }

    @Test("OUT-7 time is the server's, however far its clock is from ours", arguments: [-90_000, 0, 90_000])
    func serverTime(skew: Int) async throws {
        let org = EmulatedOrg { $0.clockSkew = Int64(skew) }
        let crm = try org.crm()
        let expected = { org.clock.now().advanced(by: .milliseconds(skew)) }
        let cost = try await org.cost {
            let time = try await crm.serverTime()
            #expect(time == expected())
        }
        #expect(cost == 0)
        await org.clock.advance(by: .milliseconds(2500))
        #expect(try await crm.serverTime() == expected())
        _ = try await crm.describe(.contact)
        // Answers tell whole seconds.
        #expect(try await crm.serverTime() == expected().advanced(by: .milliseconds(-500)))
        let id = try #require(await org.sandbox.insert("Contact", SandboxValue.contact("Lee")))
        await org.clock.advance(by: .seconds(1))
        let until = try await crm.serverTime()
        let page = try await crm.page(Self.changes(.contact, from: until.advanced(by: .seconds(-2)), until: until))
        #expect(page.records.map(\.id) == [id])
    }
}
