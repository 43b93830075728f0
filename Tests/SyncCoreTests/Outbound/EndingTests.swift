import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("Records that are gone, merged or converted")
struct EndingTests {
    private func resolve(
        _ record: CRMRecord?, link: Link?, people: [CRMObject: Link] = [:], successor: Link? = nil, selection: Selection? = nil,
        mappings: MappingSet = .defaults, pending: PendingChange? = nil, isSuccessorKnown: Bool = false
    ) -> OutboundResolution {
        let object = record?.object ?? .contact
        var input = OutboundInput(
            key: RecordKey(integration: "acme", object: object.rawValue, recordID: record?.id ?? "003A"), object: object,
            record: record, link: link, personLinks: people, successorLink: successor, selectedSince: at(0))
        input.isRelated = true
        input.pending = pending
        input.isSuccessorKnown = isSuccessorKnown
        let outbound = OutboundSettings(selection: selection.map { [object: $0] } ?? [:])
        return OutboundRules.resolve(input, in: context(outbound, mappings: mappings), now: at(500))
    }

    private func gone(mergedInto: String? = nil) -> CRMRecord {
        var record = person()
        record.isDeleted = true
        record.mergedInto = mergedInto
        return record
    }

    @Test("OUT-8 a deleted record's link ends, and nothing else happens")
    func deleted() {
        let resolution = resolve(gone(), link: linked())
        #expect(resolution.outcome == .end(.crmDeleted) && !resolution.needsWrite && resolution.writeBack == nil)
        #expect(resolution.link?.state == .ended && resolution.link?.endedBy == .crmDeleted && resolution.tags.isEmpty)
        #expect(resolve(gone(), link: nil).outcome == .skip(.gone) && resolve(nil, link: nil).outcome == .skip(.gone))
        guard case .failed(let error) = resolve(nil, link: linked()).outcome else { Issue.record("not failed"); return }
        #expect(error.code == "crm-record-not-found" && error.errorClass == .permanent)
    }

    @Test("OUT-8 the link of a merged record goes over to the winner, unless that has its own")
    func merged() {
        let winner = RecordKey(integration: "acme", object: "contact", recordID: "003B")
        let moved = resolve(gone(mergedInto: "003B"), link: linked())
        #expect(moved.outcome == .move(to: .contact, id: "003B") && moved.touches == [winner])
        #expect(moved.link?.crmID == "003B" && moved.link?.state == .linked && moved.link?.base == linked().base)
        let ended = resolve(gone(mergedInto: "003B"), link: linked(), successor: linked(crmID: "003B"))
        #expect(ended.outcome == .end(.merged) && ended.link?.endedBy == .merged && ended.touches == [winner])
    }

    @Test("OUT-2 a lead that was passed over for the person's contact has its turn when the contact's link ends")
    func leadTakesOver() {
        let lead = linked(.lead, crmID: "00QA")
        let key = RecordKey(integration: "acme", object: "lead", recordID: "00QA")
        let winner = RecordKey(integration: "acme", object: "contact", recordID: "003B")
        let deleted = resolve(gone(), link: linked(), people: [.lead: lead])
        #expect(deleted.touches == [key] && deleted.touchesPerson, "marketing's changes went to the contact as well")
        let merged = resolve(gone(mergedInto: "003B"), link: linked(), people: [.lead: lead], successor: linked(crmID: "003B"))
        #expect(merged.touches == [key, winner])
        var ended = lead
        ended.state = .ended
        #expect(resolve(gone(), link: linked(), people: [.lead: ended]).touches.isEmpty)
        ended.endedBy = .converted
        #expect(resolve(gone(), link: linked(), people: [.lead: ended]).touches == [key])
    }

    @Test("IN-10 what waits inbound for a person is looked at again when their record goes or gives way to another")
    func waitingInbound() {
        let pending = change(at: 9, ["phone": "9"])
        #expect(resolve(gone(), link: linked(), pending: pending).touchesPerson && !resolve(gone(), link: linked()).touchesPerson)
        #expect(resolve(gone(mergedInto: "003B"), link: linked(), pending: pending).touchesPerson)
        #expect(resolve(convertedLead(), link: leadLink, pending: pending).touchesPerson)
    }

    @Test(
        "OUT-8 GEN-6 nothing that ended is brought back, but a record restored in the CRM goes on with its person",
        arguments: [
            (Link.EndReason.marketingDeleted, OutboundResolution.Outcome.skip(.deletedInMarketing)), (.merged, .skip(.ended)),
            (.converted, .skip(.ended)), (.crmDeleted, .update),
        ])
    func noResurrection(reason: Link.EndReason, expected: OutboundResolution.Outcome) {
        var link = linked(state: .ended)
        link.endedBy = reason
        let record = person(status: profile.waitingStatus)
        let resolution = resolve(record, link: link, people: [.contact: link], selection: .marked)
        #expect(resolution.outcome == expected)
        if reason == .crmDeleted {
            #expect(resolution.link?.state == .linked && resolution.link?.marketingID == link.marketingID)
            // The person has another record by now.
            let other = resolve(record, link: link, people: [.contact: linked(crmID: "003X")], selection: .marked)
            #expect(other.outcome == .create)
        }
        let verdict = OutboundRules.pollVerdict(
            record, link: link, in: context(OutboundSettings(selection: [.contact: .marked])), since: nil)
        #expect((verdict == .publish) == (reason == .crmDeleted))
    }

    private func convertedLead(to contact: String? = "003C") -> CRMRecord {
        var record = person(["Company": .text("Acme")])
        record.object = .lead
        record.id = "00Q"
        record.isConverted = true
        record.convertedTo = contact
        return record
    }

    private var leadLink: Link {
        var link = linked(
            .lead, crmID: "00Q",
            base: ResolvePersonTests.agreed.merging(["Company": .text("Acme"), "Income__c": .number(5)]) { $1 },
            seen: ["phone": stamp(3)], tags: ["created-from-salesforce-lead", "vip"])
        link.overruled = ["Phone", "Company"]
        link.writtenAt = at(7)
        return link
    }

    @Test("OUT-5 a converted lead's link ends and the contact takes the person over, base and all")
    func converted() throws {
        let mappings = MappingSet(
            contact: MappingSet.defaults.contact + [FieldMapping(marketing: "field:7", crm: "Income__c")],
            lead: MappingSet.defaults.lead + [FieldMapping(marketing: "perstag:INCOME", crm: "Income__c")])
        let resolution = resolve(convertedLead(), link: leadLink, people: [.lead: leadLink], mappings: mappings)
        #expect(resolution.outcome == .move(to: .contact, id: "003C") && !resolution.needsWrite && resolution.writeBack == nil)
        #expect(resolution.link?.state == .ended && resolution.link?.endedBy == .converted && resolution.link?.crmID == "00Q")
        let contact = try #require(resolution.otherLinks.first)
        #expect(contact.object == .contact && contact.crmID == "003C" && contact.state == .linked)
        #expect(contact.marketingID == "10" && contact.externalID == "acme:10" && contact.writtenAt == at(7))
        #expect(contact.base == ResolvePersonTests.agreed.merging(["Income__c": .number(5)]) { $1 }, "the company stays behind")
        #expect(contact.overruled == ["Phone"] && contact.seen == leadLink.seen)
        #expect(contact.tags?.value == ["vip", "salesforce-lead-converted-to-contact"])
        #expect(resolution.touches == [RecordKey(integration: "acme", object: "contact", recordID: "003C")])
    }

    @Test("OUT-4 the created-from tags give way to the converted tag")
    func tags() {
        let expected = [
            TagChange(.add, "salesforce-lead-converted-to-contact"), TagChange(.remove, "created-from-salesforce-contact"),
            TagChange(.remove, "created-from-salesforce-lead"),
        ]
        #expect(resolve(convertedLead(), link: leadLink).tags == expected)
        #expect(resolve(convertedLead(to: nil), link: leadLink).tags == expected)
    }

    @Test("OUT-5 who was another contact when the lead was converted goes on as the lead's contact once that one is gone")
    func convertedBeforeTheContactWent() {
        var lead = leadLink
        (lead.state, lead.endedBy) = (.ended, .converted)
        var gone = linked(crmID: "003X", state: .ended)
        (gone.endedBy, gone.seen) = (.crmDeleted, ["phone": stamp(2), "email": stamp(8)])
        let late = resolve(convertedLead(), link: lead, people: [.lead: lead, .contact: gone])
        #expect(late.outcome == .move(to: .contact, id: "003C") && late.otherLinks.map(\.crmID) == ["003C"] && late.tags.isEmpty)
        #expect(late.otherLinks.first?.seen == ["phone": stamp(3), "email": stamp(8)], "what was settled stays settled")
        let known = resolve(convertedLead(), link: lead, people: [.lead: lead, .contact: gone], isSuccessorKnown: true)
        #expect(known.outcome == .skip(.ended), "that contact has or had a link of its own")
        #expect(resolve(convertedLead(), link: lead, people: [.contact: linked()]).outcome == .skip(.ended))
    }

    @Test("OUT-6 a lead that is passed over for the contact's sake shows whose it is all the same")
    func passedOver() {
        var lead = person()
        (lead.object, lead.externalID) = (.lead, nil)
        let link = linked(.lead, crmID: "003A")
        let resolution = resolve(lead, link: link, people: [.lead: link, .contact: linked(crmID: "003X")])
        #expect(resolution.outcome == .skip(.contactGoesFirst) && resolution.writeBack?.externalID == link.externalID)
        #expect(resolution.writeBack?.syncStatus == nil)
        lead.externalID = link.externalID
        #expect(resolve(lead, link: link, people: [.lead: link, .contact: linked(crmID: "003X")]).writeBack == nil)
    }

    @Test("OUT-5 IN-5 no second contact for a person or a record that has one")
    func alreadyLinked() {
        for resolution in [
            resolve(convertedLead(), link: leadLink, successor: linked(crmID: "003C")),
            resolve(convertedLead(), link: leadLink, people: [.contact: linked()]),
            resolve(convertedLead(to: nil), link: leadLink),
        ] {
            #expect(resolution.outcome == .end(.converted) && resolution.otherLinks.isEmpty)
        }
        #expect(resolve(convertedLead(), link: nil, selection: .newFromNowOn).outcome == .skip(.ended))
    }

    @Test("MAP-4 accounts flow when a syncing person belongs to them; MAP-5 opportunities with four fields")
    func otherObjects() {
        let accounts = FieldIndex(ObjectSchema(name: "account", fields: [FieldSchema(name: "name", type: .text(maxLength: nil))]))
        let names = FieldIndex(
            ObjectSchema(
                name: "Account",
                fields: CRMRecord.opportunityFields.map {
                    FieldSchema(name: $0, type: $0 == "Amount" ? .currency(precision: 18, scale: 2) : .text(maxLength: nil))
                }))
        func resolve(_ object: CRMObject, _ values: [String: FieldValue], link: Link? = nil, related: Bool, on: Bool = true)
            -> OutboundResolution
        {
            let settings = OutboundSettings(accounts: on ? .fullByDefault : .off, opportunities: on)
            var input = OutboundInput(
                key: RecordKey(integration: "acme", object: object.rawValue, recordID: "1"), object: object,
                record: CRMRecord(object: object, id: "1", values: values), link: link)
            input.isRelated = related
            let context = context(settings, accounts: accounts, crm: [object: names])
            return OutboundRules.resolve(input, in: context, now: at(5))
        }
        let acme: [String: FieldValue] = ["Name": .text("Acme")]
        let created = resolve(.account, acme, related: true)
        #expect(
            created.outcome == .create && created.write == ["name": "Acme"] && created.writeBack == nil && created.tags.isEmpty)
        #expect(resolve(.account, acme, related: false).outcome == .skip(.notRelated))
        #expect(resolve(.account, acme, related: true, on: false).outcome == .skip(.notRelated))
        let link = linked(.account, crmID: "1", base: ["Name": .text("Old")], tags: nil)
        #expect(resolve(.account, acme, link: link, related: false).write == ["name": "Acme"])

        let deal = acme.merging(["Amount": .number(decimal("9.50")), "StageName": .text("New"), "CloseDate": .blank]) { $1 }
        let first = resolve(.opportunity, deal, related: false)
        #expect(first.outcome == .create && first.link?.marketingID == "1" && first.link?.base == deal && first.writeBack == nil)
        #expect(resolve(.opportunity, deal, link: first.link, related: false).outcome == .unchanged)
        let changed = resolve(.opportunity, deal.merging(["StageName": .text("Won")]) { $1 }, link: first.link, related: false)
        #expect(changed.outcome == .update && changed.needsWrite && changed.link?.base["StageName"] == .text("Won"))
        #expect(resolve(.opportunity, deal, related: false, on: false).outcome == .skip(.notRelated))
    }
}
