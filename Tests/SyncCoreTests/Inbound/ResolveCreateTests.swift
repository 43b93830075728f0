import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("What is written for a new record")
struct ResolveCreateTests {
    private let person: [String: JSONValue] = [
        "email": "ann@acme.test", "firstName": " Ann ", "lastName": "Lee", "phone": "", "accountName": "Acme",
        "field:7": "$1,234.50",
        "perstag:SECRET": "x",
    ]

    private func resolve(
        _ change: PendingChange, _ object: CRMObject = .contact, link: Link? = nil, candidates: [CRMRecord] = [],
        matching: InboundSettings.Matching = .email, mappings: [FieldMapping]? = nil
    ) -> InboundResolution {
        InboundRules.resolve(
            change, target: InboundTarget(object: object, kind: .create, link: link ?? Link(creating: object, for: ann)),
            crm: nil,
            candidates: candidates, matching: matching,
            mappings: mappings ?? MappingSet.defaults[object] + [FieldMapping(marketing: "perstag:income", crm: "Income__c")],
            crmSchema: object == .contact ? contactFields : leadFields, marketingSchema: marketingFields, profile: profile,
            now: at(100))
    }

    private func record(
        _ id: String, email: String = "Ann@Acme.test", externalID: String? = nil, status: String? = nil,
        phone: FieldValue = .blank
    ) -> CRMRecord {
        CRMRecord(
            object: .contact, id: id,
            values: [
                "Email": .text(email), "LastName": .text("Lee"), "FirstName": .text("Anna"), "Phone": phone, "Income__c": .blank,
            ], externalID: externalID, syncStatus: status, modifiedAt: at(1))
    }

    private func code(_ resolution: InboundResolution) -> String? {
        guard case .failed(let error) = resolution.outcome else { return nil }
        #expect(error.errorClass == .permanent && resolution.write.isEmpty && !resolution.needsWrite)
        return error.code
    }

    @Test("IN-4, GEN-3 every mapped field that has a value is written, converted, and nothing else")
    func create() {
        let resolution = resolve(action(.createContact, at: 1, person))
        #expect(resolution.outcome == .create && resolution.needsWrite && resolution.targetID == nil)
        #expect(
            resolution.write == [
                "Email": .text("ann@acme.test"), "FirstName": .text("Ann"), "LastName": .text("Lee"),
                "Income__c": .number(1234.5),
            ])
        #expect(Set(resolution.decisions.map(\.reason)) == [.created])
    }

    @Test("IN-4 the link is ready for the next change: base, seen, tag and state")
    func link() {
        let link = resolve(action(.createContact, at: 1, person)).link
        #expect(link.state == .linked && link.crmID == nil && link.overruled.isEmpty)
        #expect(link.base["Income__c"] == .number(1234.5) && link.base["Phone"] == nil)
        #expect(link.seen["phone"] == stamp(1) && link.seen["field:7"] == stamp(1))
        #expect(link.seen["accountName"] == nil, "not mapped for contacts")
        #expect(link.tags == Stamped(["added-to-salesforce-contact"], stamp(100)), "known as of the flush")
        var again = link
        again.crmID = "003A"
        let redelivered = InboundRules.triage(
            action(.createContact, at: 1, ["email": "ann@acme.test"]), of: ann, links: [.contact: again], profile: profile)
        #expect(redelivered == .drop(.stale))
    }

    @Test("IN-3 an edit whose tags were read before Tandem's own tag arrived still syncs; one after the tag was removed does not")
    func ownTagUnderWay() {
        var link = resolve(action(.createContact, at: 1, person)).link
        link.crmID = "003A"
        func triage(at seconds: Int64) -> Triage {
            let edit = change(at: seconds, ["phone": "+1 555 0199"], tags: ["vip"])
            return InboundRules.triage(edit, of: ann, links: [.contact: link], profile: profile)
        }
        #expect(triage(at: 99) == .targets([InboundTarget(object: .contact, kind: .update, link: link)]))
        #expect(triage(at: 101) == .drop(.noTag))
    }

    @Test("MAP-1 a lead takes the account name as its company, and cannot be created without one")
    func lead() {
        #expect(resolve(action(.createLead, at: 1, person), .lead).write["Company"] == .text("Acme"))
        var without = person
        without["accountName"] = "  "
        let failed = resolve(action(.createLead, at: 1, without), .lead)
        #expect(code(failed) == "required-field-missing")
        guard case .failed(let error) = failed.outcome else { return }
        #expect(error.fields == ["Company"] && error.message == "the CRM creates no lead without Company")
        #expect(failed.link == Link(creating: .lead, for: ann))
    }

    @Test("MAP-3 a value that cannot be read fails the record and names field and value")
    func unreadable() {
        var bad = person
        bad["field:7"] = "abc"
        bad["firstName"] = .string(String(repeating: "x", count: 200))
        let resolution = resolve(action(.createContact, at: 1, bad))
        #expect(code(resolution) == "unreadable-value")
        guard case .failed(let error) = resolution.outcome else { return }
        #expect(error.fields == ["FirstName", "Income__c"])
        #expect(error.message.contains("Income__c: cannot read \"abc\": not a number"))
        #expect(error.message.count < 300)
    }

    @Test("MAP-10 direction and scope decide who takes part")
    func scopes() {
        let mappings = [
            FieldMapping(marketing: "lastName", crm: "LastName", scope: .createOnly),
            FieldMapping(marketing: "email", crm: "Email", direction: .inbound),
            FieldMapping(marketing: "firstName", crm: "FirstName", scope: .updateOnly),
            FieldMapping(marketing: "field:7", crm: "Income__c", direction: .outbound),
            FieldMapping(marketing: "firstName", crm: "Name"),
        ]
        let resolution = resolve(action(.createContact, at: 1, person), mappings: mappings)
        #expect(Set(resolution.write.keys) == ["LastName", "Email"])
        #expect(resolution.decisions.first { $0.field == "Name" }?.reason == .notWritable)
    }

    @Test("an explicit no is written to a checkbox, a blank is left to the CRM's default")
    func checkbox() {
        let mappings = MappingSet.defaults[.contact] + [FieldMapping(marketing: "field:8", crm: "News__c")]
        func write(_ value: JSONValue) -> FieldValue? {
            resolve(action(.createContact, at: 1, person.merging(["field:8": value]) { $1 }), mappings: mappings).write["News__c"]
        }
        #expect(write("no") == .boolean(false) && write("yes") == .boolean(true) && write("") == nil)
    }

    @Test("GEN-2 no email, no record")
    func noEmail() {
        #expect(code(resolve(action(.createContact, at: 1, ["lastName": "Lee"]))) == "no-email")
    }

    // MARK: Matching

    @Test("GEN-6 the record that carries our external ID is adopted, whatever its email: an answer was lost")
    func lostAnswer() {
        let own = record("003B", email: "old@acme.test", externalID: "ACME:10")
        let resolution = resolve(action(.createContact, at: 1, person), candidates: [record("003A"), own], matching: .none)
        #expect(resolution.outcome == .adopt && resolution.targetID == "003B" && resolution.link.crmID == "003B")
        #expect(!resolution.stampsExternalID && resolution.link.state == .linked)
    }

    @Test("GEN-6 reading back a create that had its effect needs no second write")
    func readBack() {
        var same = record("003B", externalID: "acme:10")
        same.values["FirstName"] = .text("Ann")
        same.values["Income__c"] = .number(1234.5)
        let resolution = resolve(action(.createContact, at: 1, person), candidates: [same])
        #expect(resolution.outcome == .adopt && !resolution.needsWrite && resolution.decisions.isEmpty)
        #expect(resolution.link.base["FirstName"] == .text("Ann"))
    }

    @Test(
        "GEN-6 a record that was made without an answer and deleted since is not made again; one from before the asking says nothing"
    )
    func madeInVain() throws {
        var link = Link(creating: .contact, for: ann)
        link.sent = ["LastName": .text("Lee"), "FirstName": .text("Ann"), "Email": .text("ann@acme.test")]
        var made = record("003A", externalID: link.externalID)
        made.isDeleted = true
        let asking = action(.createContact, at: 500, person.filter { $0.key != "field:7" })

        made.createdAt = at(100)
        #expect(resolve(asking, link: link, candidates: [made]).outcome == .create)
        made.createdAt = at(501)
        let resolution = resolve(asking, link: link, candidates: [made])
        #expect(resolution.outcome == .unchanged && !resolution.needsWrite && resolution.touch)
        #expect(resolution.link.crmID == "003A" && resolution.link.state == .linked)
        #expect(resolution.link.base == ["LastName": .text("Lee"), "Email": .text("ann@acme.test")])
        #expect(resolution.touchesPerson, "the first name did not arrive as it is")
        made.values["FirstName"] = .text("Ann")
        #expect(!resolve(asking, link: link, candidates: [made]).touchesPerson)
        var living = record("003B", externalID: link.externalID)
        living.values["FirstName"] = .text("Ann")
        #expect(resolve(asking, link: link, candidates: [made, living]).targetID == "003B")
    }

    @Test("GEN-6 the one unclaimed record with the email is adopted: filled, not overwritten, and stamped")
    func matchByEmail() {
        let resolution = resolve(
            action(.createContact, at: 1, person.merging(["phone": "555"]) { $1 }),
            candidates: [record("003A"), record("003C", externalID: "other:77"), record("003D", email: "bob@acme.test")])
        #expect(resolution.outcome == .adopt && resolution.targetID == "003A" && resolution.stampsExternalID)
        #expect(resolution.write == ["Phone": .text("555"), "Income__c": .number(1234.5)])
        #expect(resolution.link.overruled == ["FirstName"])
        #expect(resolution.link.tags?.value == ["added-to-salesforce-contact"])
    }

    @Test("an adopted record is stamped even when there is nothing to write")
    func stampOnly() {
        let resolution = resolve(
            action(.createContact, at: 1, ["email": "ann@acme.test", "lastName": "Lee"]), candidates: [record("003A")])
        #expect(resolution.outcome == .adopt && resolution.write.isEmpty && resolution.needsWrite)
    }

    @Test("several unclaimed records with the email are listed, not chosen from")
    func ambiguous() {
        let resolution = resolve(action(.createContact, at: 1, person), candidates: [record("003B"), record("003A")])
        #expect(code(resolution) == "ambiguous-match")
        guard case .failed(let error) = resolution.outcome else { return }
        #expect(error.message.hasSuffix("003A, 003B"))
    }

    @Test("a record claimed by another person is not touched")
    func foreign() {
        let resolution = resolve(action(.createContact, at: 1, person), candidates: [record("003C", externalID: "acme:77")])
        #expect(resolution.outcome == .create)
    }

    @Test("without matching a new record is created beside the old one")
    func noMatching() {
        #expect(resolve(action(.createContact, at: 1, person), candidates: [record("003A")], matching: .none).outcome == .create)
    }

    @Test("IN-6 an adopted record that waits for outbound keeps its values")
    func adoptWaiting() {
        let resolution = resolve(
            action(.createContact, at: 1, person), candidates: [record("003A", status: "Waiting for next sync")])
        #expect(resolution.outcome == .adopt && resolution.write.isEmpty && resolution.needsWrite)
        #expect(resolution.link.overruled == ["FirstName", "Income__c"])
    }
}
