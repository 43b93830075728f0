import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Salesforce

@Suite("Activities in Salesforce")
struct ActivityMirrorTests {
    private static let object = SalesforceObject.marketingActivity.name

    private func activity(_ id: String, contact: String? = nil, subject: String = "Spring") -> CRMActivity {
        CRMActivity(
            externalID: "acme:7:\(id)", records: contact.map { [.contact: $0] } ?? [:], kind: "link-clicked",
            occurredAt: Timestamp(milliseconds: 1_700_000_000_000), subject: subject, details: "url: https://example.com")
    }

    @Test("a text is cut to what its field holds, without breaking a character")
    func cut() async throws {
        let org = EmulatedOrg()
        let flag = "\u{1F600}"
        let long = String(repeating: "s", count: 254) + flag + "tail"
        #expect(try await org.crm().mirror([activity("a", subject: long)], into: Self.object) == [nil])
        let copy = try #require(await org.sandbox.records(Self.object).first)
        #expect(copy["Subject__c"] == .string(String(repeating: "s", count: 254)))
    }

    @Test("each activity has its own answer")
    func each() async throws {
        let org = EmulatedOrg()
        let id = try #require(await org.sandbox.insert("Contact", ["LastName": "A"]))
        let nobody = "003000000000099"
        let answers = try await org.crm().mirror(
            [activity("a", contact: nobody), activity("b", contact: id)], into: Self.object)
        #expect(answers.map { $0?.code } == [CRMActivity.goneRecordCode, nil])
        #expect(answers[0]?.errorClass == .permanent)
        #expect(await org.sandbox.records(Self.object).map { $0["Contact__c"] } == [.string(id)])
    }

    @Test("a call that fails fails for all, and leaves nothing in doubt: the same key can be written again")
    func failed() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        _ = await crm.mirror([activity("a")], into: Self.object)
        await org.sandbox.play(FaultPlan(rules: [FaultPlan.Rule(.hangUpAfter)]))
        let errors = await crm.mirror([activity("b"), activity("c")], into: Self.object)
        #expect(errors.map { $0?.errorClass } == [.transient, .transient])
        #expect(await org.sandbox.count(Self.object) == 3)
        await org.sandbox.play(FaultPlan())
        #expect(await crm.mirror([activity("b"), activity("c")], into: Self.object) == [nil, nil])
        #expect(await org.sandbox.count(Self.object) == 3)
    }

    @Test("the fields that the object lacks are named, and one that is not there is refused")
    func missing() async throws {
        let org = EmulatedOrg {
            $0.objects.append(
                SalesforceObject(
                    name: "Bare__c", prefix: "a01", fields: [.externalID("tandem_id__c", 255), .text("Kind__c", 40)]))
        }
        let crm = try org.crm()
        #expect(try await crm.missingFields(ofMirror: Self.object) == [])
        #expect(
            try await crm.missingFields(ofMirror: "Bare__c")
                == ["Occurred_At__c", "Subject__c", "Details__c", "Contact__c", "Lead__c"])
        await #expect(throws: SyncError.self) { try await crm.missingFields(ofMirror: "Elsewhere__c") }
        #expect(await crm.mirror([activity("a")], into: "Elsewhere__c").map { $0?.errorClass } == [.schema])
    }
}
