import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("What is written to marketing for a person")
struct ResolvePersonTests {
    static let agreed: [String: FieldValue] = [
        "Email": .text("ann@acme.test"), "FirstName": .text("Ann"), "LastName": .text("Lee"), "Phone": .text("1"),
    ]

    private func resolve(
        _ record: CRMRecord?, link: Link? = linked(base: agreed), people: [CRMObject: Link] = [:], sameEmail: [Link] = [],
        pending: PendingChange? = nil, selection: Selection? = nil, mappings: [FieldMapping]? = nil, isOverdue: Bool = false
    ) -> OutboundResolution {
        let outbound = OutboundSettings(selection: selection.map { [.contact: $0, .lead: $0] } ?? [:])
        let set = mappings.map { MappingSet(contact: $0, lead: []) } ?? .defaults
        let object = record?.object ?? .contact
        var input = OutboundInput(
            key: RecordKey(integration: "acme", object: object.rawValue, recordID: record?.id ?? "003A"), object: object,
            record: record, link: link, personLinks: people, sameEmail: sameEmail, pending: pending, selectedSince: at(10))
        input.isOverdue = isOverdue
        return OutboundRules.resolve(input, in: context(outbound, mappings: set), now: at(500))
    }

    @Test("GEN-5 what inbound sent without hearing whether it arrived is no user's edit of the CRM")
    func inDoubt() {
        var link = linked(base: Self.agreed)
        link.sent = ["Phone": .text("2"), "LastName": .text("Lost")]
        let record = person(["Phone": .text("2")])
        let resolution = resolve(record, link: link)
        #expect(resolution.write.isEmpty && resolution.link?.base["Phone"] == .text("2") && resolution.link?.sent.isEmpty == true)
        #expect(resolution.link?.base["LastName"] == Self.agreed["LastName"], "what did not arrive is not agreed on")
        let context = context(OutboundSettings())
        #expect(OutboundRules.pollVerdict(record, link: link, in: context, since: nil) == .echo)
        #expect(resolve(person(["Phone": .text("3")]), link: link).write == ["phone": "3"])
    }

    @Test("OUT-2 only what the CRM changed is sent; the record is shown to be in step")
    func update() {
        let resolution = resolve(person(["Phone": .text("2")], status: profile.waitingStatus))
        #expect(resolution.outcome == .update && resolution.needsWrite && resolution.write == ["phone": "2"])
        #expect(resolution.email == "ann@acme.test" && resolution.link?.base["Phone"] == .text("2"))
        #expect(resolution.link?.writtenAt == at(500) && resolution.decisions.map(\.reason) == [.onlyCRMChanged])
        let writeBack = OutboundResolution.WriteBack(object: .contact, id: "003A", syncStatus: "Synced successfully")
        #expect(resolution.writeBack == writeBack, "the external ID is there already")
    }

    @Test("GEN-5 what both sides agreed on is not sent, and a record in step is left alone")
    func unchanged() {
        let resolution = resolve(person(status: "synced Successfully"))
        #expect(resolution.outcome == .unchanged && !resolution.needsWrite && resolution.writeBack == nil)
        #expect(resolution.link == linked(base: Self.agreed) && resolution.decisions.isEmpty)
    }

    @Test("OUT-6 a record that is in step yet does not show it is written back", arguments: [nil, "acme:99", "ACME:10"])
    func writeBack(externalID: String?) {
        let writeBack = resolve(person(status: nil, externalID: externalID)).writeBack
        #expect(writeBack?.externalID == (externalID == "ACME:10" ? nil : "acme:10") && writeBack?.syncStatus != nil)
    }

    @Test("GEN-6 what was not written after all is sent again, new or known, even when it only overrules marketing's value")
    func takenBack() {
        var created = resolve(person(status: profile.waitingStatus, externalID: nil), link: nil, selection: .marked)
        created.takeBack(["phone"])
        #expect(created.outcome == .create && created.link?.base["Phone"] == nil && created.write["phone"] == nil)
        #expect(created.decisions.map(\.field).sorted() == ["Email", "FirstName", "LastName"])
        var link = created.link ?? linked()
        link.marketingID = "10"
        #expect(resolve(person(), link: link).write == ["phone": "1"])

        let waiting = change(at: 400, ["phone": "9"])
        var updated = resolve(person(status: profile.waitingStatus), pending: waiting)
        updated.takeBack(["phone"])
        #expect(updated.writeBack == nil, "it is not in step yet")
        #expect(!updated.needsWrite && updated.link?.trails["Phone"] == nil && updated.decisions.isEmpty)
        let again = resolve(person(), link: updated.link, pending: waiting)
        #expect(again.write == ["phone": "1"] && again.link?.overruled == [])
    }

    @Test("IN-6 marketing's newest word counts: edits of different fields both survive, in a conflict the field's rule decides")
    func pending() {
        let waiting = change(at: 400, ["phone": "9", "firstName": "Anna"])
        let crm = person(["Phone": .text("2")])
        let resolution = resolve(crm, pending: waiting)
        #expect(resolution.write == ["phone": "2"], "the first name is inbound's to write")
        #expect(resolution.link?.seen == ["phone": stamp(400)], "inbound must not bring back what lost")
        #expect(resolution.link?.base["FirstName"] == .text("Ann"))

        let marketingWins = [FieldMapping(marketing: "phone", crm: "Phone", rule: .marketingWins)]
        let kept = resolve(crm, pending: waiting, mappings: marketingWins)
        #expect(kept.outcome == .unchanged && kept.link?.base["Phone"] == .text("1") && kept.link?.seen == [:])

        var link = linked(base: Self.agreed, seen: ["phone": stamp(400)])
        link.overruled = ["Phone"]
        let settled = resolve(person(), link: link, pending: waiting)
        #expect(settled.write == ["phone": "1"], "an old change is settled; the value it brought lost")
        #expect(settled.link?.overruled == [] && settled.decisions.map(\.reason) == [.overruled])
    }

    @Test("IN-6 while the record waits, its values win over whatever marketing says")
    func recordWaits() {
        let waiting = change(at: 400, ["phone": "9", "firstName": "Ann"])
        let resolution = resolve(person(status: profile.waitingStatus), pending: waiting)
        #expect(resolution.write == ["phone": "1"] && resolution.decisions.map(\.reason) == [.crmWaiting])
        #expect(resolution.link?.seen == ["phone": stamp(400), "firstName": stamp(400)])
    }

    @Test(
        "MAP-10 direction, scope and rule hold outbound as well",
        arguments: [
            (MappingDirection.inbound, WriteScope.createAndUpdate, ConflictRule.crmWins, false),
            (.outbound, .createAndUpdate, .crmWins, true), (.both, .createOnly, .crmWins, false),
            (.both, .updateOnly, .crmWins, true), (.both, .createAndUpdate, .fillEmptyOnly, false),
            (.both, .createAndUpdate, .review, true), (.both, .createAndUpdate, .marketingWins, true),
        ])
    func mappings(direction: MappingDirection, scope: WriteScope, rule: ConflictRule, isSent: Bool) {
        let mapping = FieldMapping(marketing: "phone", crm: "Phone", direction: direction, scope: scope, rule: rule)
        let resolution = resolve(person(["Phone": .text("2")]), mappings: [mapping])
        #expect((resolution.write["phone"] != nil) == isSent)
    }

    @Test(
        "IN-6 where marketing contradicts itself only what stands in any case is sent; the rest waits for inbound to read it back",
        arguments: [
            (ConflictRule.crmWins, false, "2", "2"), (.crmWins, false, "1", nil), (.crmWins, true, "1", "1"),
            (.marketingWins, false, "2", nil), (.marketingWins, true, "2", "2"), (.fillEmptyOnly, true, "2", nil),
        ] as [(ConflictRule, Bool, String, String?)])
    func contested(rule: ConflictRule, isWaiting: Bool, crm: String, sent: String?) {
        var pending = change(at: 100, ["phone": "7"])
        pending.merge(change(at: 100, ["phone": .string(crm)], sequence: 1))
        let mappings = [FieldMapping(marketing: "phone", crm: "Phone", rule: rule)]
        let record = person(["Phone": .text(crm)], status: isWaiting ? profile.waitingStatus : profile.syncedStatus)
        let resolution = resolve(record, pending: pending, mappings: mappings)
        #expect(resolution.write["phone"]?.stringValue == sent)
        #expect((resolution.link?.seen["phone"] == nil) == (sent == nil), "what is not sent is not settled")
        #expect(resolution.link?.base["Phone"] == .text(sent ?? "1"))
        #expect(resolution.isUndecided == (sent == nil && crm != "1"))
    }

    @Test(
        "GEN-5 what marketing told before Tandem's own write is no word of marketing's, and not nothing either",
        arguments: [(ConflictRule.crmWins, "2", nil), (.marketingWins, nil, true)] as [(ConflictRule, String?, Bool?)])
    func overtaken(rule: ConflictRule, sent: String?, isUndecided: Bool?) {
        var link = linked(base: Self.agreed)
        link.writtenAt = at(90)
        let mappings = [FieldMapping(marketing: "phone", crm: "Phone", rule: rule)]
        let record = person(["Phone": .text("2")], status: profile.syncedStatus)
        let resolution = resolve(record, link: link, pending: change(at: 80, ["phone": "7"]), mappings: mappings)
        #expect(resolution.write["phone"]?.stringValue == sent && resolution.isUndecided == (isUndecided ?? false))
        let echo = resolve(record, link: link, pending: change(at: 80, ["phone": "1"]), mappings: mappings)
        #expect(echo.write == ["phone": "2"] && !echo.isUndecided, "it says what was agreed on")
        let overdue = resolve(record, link: link, pending: change(at: 80, ["phone": "7"]), mappings: mappings, isOverdue: true)
        #expect(overdue.write == ["phone": "2"] && !overdue.isUndecided)
    }

    @Test("MAP-10 fill empty only fills marketing's, too; review lists the conflict")
    func fillAndReview() {
        let fill = [FieldMapping(marketing: "phone", crm: "Phone", rule: .fillEmptyOnly)]
        var base = Self.agreed
        base["Phone"] = nil
        #expect(resolve(person(), link: linked(base: base), mappings: fill).write == ["phone": "1"])
        let waiting = person(["Phone": .text("2")], status: profile.waitingStatus)
        #expect(resolve(waiting, pending: change(at: 400, ["phone": "3"]), mappings: fill).write["phone"] == nil)
        let review = [FieldMapping(marketing: "phone", crm: "Phone", rule: .review)]
        let resolution = resolve(person(["Phone": .text("2")]), pending: change(at: 400, ["phone": "3"]), mappings: review)
        #expect(resolution.write.isEmpty && resolution.decisions.map(\.reason) == [.conflictForReview])
    }

    @Test("GEN-5 what would not read back is listed, not sent")
    func notRepresentable() {
        let mapping = FieldMapping(marketing: "phone", crm: "Phone", transforms: [.lowercase])
        let resolution = resolve(person(["Phone": .text("EXT 1")]), mappings: [mapping])
        #expect(resolution.outcome == .unchanged && resolution.decisions.map(\.reason) == [.notRepresentable])
        #expect(resolution.link?.base["Phone"] == .text("1"))
    }

    @Test("OUT-1 a selected record makes a new person, with every mapped value, tag and status")
    func create() {
        let mappings =
            MappingSet.defaults.contact + [
                FieldMapping(marketing: "field:7", crm: "Income__c", scope: .createOnly),
                FieldMapping(marketing: "field:8", crm: "News__c", scope: .updateOnly),
            ]
        let record = person(["Income__c": .number(5), "Phone": .blank], status: profile.waitingStatus, externalID: nil)
        let resolution = resolve(record, link: nil, selection: .marked, mappings: mappings)
        #expect(resolution.outcome == .create && resolution.needsWrite && resolution.email == "ann@acme.test")
        #expect(resolution.write == ["email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee", "field:7": "5"])
        #expect(resolution.tags == [TagChange(.add, "created-from-salesforce-contact")])
        #expect(resolution.link?.tags?.value == ["created-from-salesforce-contact"] && resolution.link?.state == .linked)

        let known = OutboundRules.linked(resolution, as: "77", integration: "acme")
        #expect(known.link?.marketingID == "77" && known.link?.externalID == "acme:77" && known.link?.crmID == "003A")
        #expect(
            known.writeBack
                == OutboundResolution.WriteBack(
                    object: .contact, id: "003A", externalID: "acme:77", syncStatus: "Synced successfully"))
        #expect(known.link?.email == "ann@acme.test")
    }

    @Test("OUT-1 GEN-2 GEN-6 whoever is not created is listed with the reason")
    func notCreated() {
        func outcome(_ record: CRMRecord, _ selection: Selection = .marked, sameEmail: [Link] = []) -> OutboundResolution.Outcome
        {
            resolve(record, link: nil, sameEmail: sameEmail, selection: selection).outcome
        }
        let marked = person(status: profile.waitingStatus, externalID: nil)
        #expect(outcome(marked, .none) == .skip(.notSelected))
        #expect(outcome(person(["Email": .text(" ")], status: profile.waitingStatus, externalID: nil)) == .skip(.noEmail))
        #expect(outcome(marked, sameEmail: [linked(crmID: "003B")]) == .skip(.duplicateEmail))
        #expect(outcome(marked) == .create)
        #expect(resolve(person(["Email": .blank])).outcome == .skip(.noEmail), "linked, too")
    }

    @Test("GEN-6 a record that names its person is linked to that person again, not made a second one")
    func relink() {
        let resolution = resolve(person(["Phone": .blank]), link: nil)
        #expect(resolution.outcome == .update && resolution.link?.marketingID == "10" && resolution.link?.crmID == "003A")
        #expect(resolution.write == ["email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee"])

        var other = linked(crmID: "003B")
        func outcome() -> OutboundResolution.Outcome { resolve(person(), link: nil, people: [.contact: other]).outcome }
        #expect(outcome() == .skip(.notSelected), "the person is another record's")
        other.state = .creating
        #expect(outcome() == .wait)
        other.state = .ended
        other.endedBy = .marketingDeleted
        #expect(outcome() == .skip(.deletedInMarketing))
        let foreign = resolve(person(externalID: "other:10"), link: nil)
        #expect(foreign.outcome == .skip(.notSelected))
    }

    @Test("IN-5 of a person who is lead and contact the contact's values flow; inbound's own creation comes first")
    func precedence() {
        var lead = person()
        lead.object = .lead
        let link = linked(.lead, crmID: "003A", base: Self.agreed)
        let resolution = resolve(lead, link: link, people: [.lead: link, .contact: linked()])
        #expect(resolution.outcome == .skip(.contactGoesFirst) && resolution.link == link)
        #expect(resolve(person(), link: linked(state: .creating)).outcome == .wait)
        #expect(resolve(person(), pending: deletion(at: 400)).outcome == .wait)
    }

    @Test("OUT-1 a record without a link that is passed over tells for whose; any other does not")
    func rival() {
        var lead = person(status: profile.waitingStatus, externalID: nil)
        lead.object = .lead
        let (contact, twin) = (linked(), linked(crmID: "003B"))
        #expect(resolve(lead, link: nil, people: [.contact: contact]).rival == contact)
        let marked = person(status: profile.waitingStatus, externalID: nil)
        #expect(resolve(marked, link: nil, sameEmail: [twin], selection: .marked).rival == twin)
        #expect(resolve(marked, link: nil, sameEmail: [twin]).rival == nil)
        let link = linked(.lead, crmID: "003A", base: Self.agreed)
        #expect(resolve(lead, link: link, people: [.lead: link, .contact: contact]).rival == nil)
    }

    @Test("MAP-1 several CRM fields of one marketing field: the first mapping says what marketing gets")
    func firstMapping() {
        let mappings = [
            FieldMapping(marketing: "phone", crm: "Phone"),
            FieldMapping(marketing: "phone", crm: "FirstName", direction: .outbound),
        ]
        #expect(resolve(person(["Phone": .text("2")]), mappings: mappings).write == ["phone": "2"])
        #expect(resolve(person(["FirstName": .text("B")]), mappings: mappings).write.isEmpty)
    }
}
