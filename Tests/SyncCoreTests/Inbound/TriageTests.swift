import Contracts
import Testing

@testable import SyncCore

@Suite("Which CRM records a change concerns")
struct TriageTests {
    private func triage(_ change: PendingChange, _ links: Link...) -> Triage {
        InboundRules.triage(
            change, of: ann, links: Dictionary(uniqueKeysWithValues: links.map { ($0.object, $0) }), profile: profile)
    }

    private func targets(_ triage: Triage) -> [String] {
        guard case .targets(let targets) = triage else { return ["\(triage)"] }
        return targets.map { "\($0.kind) \($0.object)" }
    }

    private let email: [String: JSONValue] = ["email": "ann@acme.test"]

    // MARK: Updates

    @Test("IN-3 a linked and tagged person is updated")
    func update() {
        let link = linked()
        let target = InboundTarget(object: .contact, kind: .update, link: link)
        #expect(triage(change(at: 1, ["phone": "1"]), link) == .targets([target]))
    }

    @Test("IN-3 a person not linked is not updated, tagged or not")
    func notLinked() {
        #expect(triage(change(at: 1, email, tags: [gateTag])) == .drop(.notLinked))
    }

    @Test("IN-3 without a gate tag nothing is updated; the newest tags decide", arguments: [CRMObject.contact, .lead])
    func gate(object: CRMObject) {
        let tagged = linked(object, tags: [gateTag])
        let untagged = linked(object, tags: ["vip"])
        #expect(targets(triage(change(at: 1, ["phone": "1"]), tagged)) == ["update \(object)"])
        #expect(triage(change(at: 1, ["phone": "1"]), untagged) == .drop(.noTag))
        #expect(triage(change(at: 1, ["phone": "1"], tags: ["vip"]), tagged) == .drop(.noTag))
        #expect(
            targets(triage(change(at: 1, ["phone": "1"], tags: ["Created-From-Salesforce-Lead "]), untagged)) == [
                "update \(object)"
            ])
        #expect(targets(triage(change(at: -1, ["phone": "1"], tags: ["vip"]), tagged)) == ["update \(object)"], "older tags")
        #expect(triage(change(at: 1, ["phone": "1"]), linked(object, tags: nil)) == .drop(.noTag), "tags known nowhere")
    }

    @Test("IN-3 tags learned from a dropped change are kept for the next one")
    func learnedTags() {
        let link = linked()
        let links = [CRMObject.contact: link]
        let removed = change(at: 1, [:], tags: ["vip"])
        let learned = InboundRules.linksWithNewTags(removed, links: links)
        #expect(learned.map(\.tags) == [Stamped(["vip"], stamp(1))])
        #expect(learned.first.map { triage(change(at: 2, ["phone": "1"]), $0) } == .drop(.noTag))
        #expect(InboundRules.linksWithNewTags(change(at: 1, email), links: links).isEmpty)
        #expect(InboundRules.linksWithNewTags(change(at: -1, [:], tags: ["old"]), links: links).isEmpty)
    }

    @Test("IN-5 a person who became a contact is no longer updated as a lead")
    func contactBeforeLead() {
        let news = change(at: 1, ["phone": "1"])
        #expect(targets(triage(news, linked(.contact), linked(.lead))) == ["update contact"])
        #expect(targets(triage(news, linked(.lead))) == ["update lead"])
        #expect(targets(triage(news, linked(.contact, state: .ended), linked(.lead))) == ["update lead"])
    }

    @Test("an ended link carries nothing")
    func ended() {
        #expect(triage(change(at: 1, ["phone": "1"]), linked(state: .ended)) == .drop(.linkEnded))
    }

    @Test("a deleted marketing record changes nothing in the CRM")
    func deleted() {
        var pending = change(at: 1, ["phone": "1"])
        pending.merge(deletion(at: 2))
        #expect(triage(pending, linked()) == .drop(.deleted))
        #expect(triage(deletion(at: 2)) == .drop(.deleted))
    }

    @Test("GEN-6 what was settled before is stale; one newer field is enough not to be")
    func stale() {
        let link = linked(seen: ["phone": stamp(5, 1), "email": stamp(5, 1)])
        #expect(triage(change(at: 5, ["phone": "1", "email": "ann@acme.test"], sequence: 1), link) == .drop(.stale))
        #expect(triage(change(at: 4, ["phone": "1"]), link) == .drop(.stale))
        #expect(targets(triage(change(at: 5, ["phone": "1"], sequence: 2), link)) == ["update contact"])
        #expect(targets(triage(change(at: 4, ["phone": "1", "firstName": "Ann"]), link)) == ["update contact"])
        #expect(targets(triage(change(at: 4, ["phone": "1"], tags: [gateTag, "vip"]), link)) == ["update contact"], "newer tags")
        #expect(triage(PendingChange(), link) == .drop(.stale))
    }

    @Test("GEN-2 a person without an email address is skipped")
    func noEmail() {
        #expect(triage(change(at: 1, ["email": " ", "phone": "1"]), linked()) == .skip(.noEmail))
        #expect(triage(change(at: 1, ["Email": nil]), linked()) == .skip(.noEmail))
        #expect(triage(change(at: 1, ["phone": "1"]), linked(base: ["Email": .blank])) == .skip(.noEmail))
        #expect(targets(triage(change(at: 1, ["email": "new@acme.test"]), linked(base: ["Email": .blank]))) == ["update contact"])
        #expect(
            targets(triage(change(at: 1, ["phone": "1"]), linked(base: [:]))) == ["update contact"], "not mapped, so not known")
        #expect(triage(action(.createContact, at: 1, ["email": ""])) == .skip(.noEmail))
    }

    // MARK: Creations

    @Test("IN-4 what an automation asks for is created, tagged or not", arguments: CRMObject.people)
    func create(object: CRMObject) {
        let asked = action(object == .contact ? .createContact : .createLead, at: 1, email)
        let target = InboundTarget(object: object, kind: .create, link: Link(creating: object, for: ann))
        #expect(triage(asked) == .targets([target]))
        #expect(target.link.state == .creating && target.link.externalID == "acme:10" && target.link.crmID == nil)
    }

    @Test("GEN-6 a creation under way is taken up again with its link, even by a later change")
    func creating() {
        var link = Link(creating: .lead, for: ann)
        link.tags = Stamped([gateTag], stamp(0))
        let target = InboundTarget(object: .lead, kind: .create, link: link)
        #expect(triage(action(.createLead, at: 1, email), link) == .targets([target]))
        #expect(triage(change(at: 2, email), link) == .targets([target]))
    }

    @Test("GEN-6 asking again for what exists is an update, and nothing when it brings nothing new")
    func repeated() {
        #expect(targets(triage(action(.createContact, at: 1, email), linked(tags: nil))) == ["update contact"])
        let settled = linked(seen: ["email": stamp(1)])
        #expect(triage(action(.createContact, at: 1, email), settled) == .drop(.stale))
    }

    @Test("IN-5 a lead who hits create-a-contact yields a new contact; the lead is not updated")
    func leadBecomesContact() {
        #expect(targets(triage(action(.createContact, at: 1, email), linked(.lead))) == ["create contact"])
        #expect(targets(triage(change(at: 1, email), linked(.lead), Link(creating: .contact, for: ann))) == ["create contact"])
    }

    @Test("both objects may be asked for, and a linked contact is updated along with a new lead")
    func both() {
        var asked = action(.createContact, at: 1, email)
        asked.merge(action(.createLead, at: 2))
        #expect(targets(triage(asked)) == ["create contact", "create lead"])
        #expect(targets(triage(action(.createLead, at: 1, email), linked(.contact))) == ["create lead", "update contact"])
        #expect(targets(triage(action(.createLead, at: 1, email), linked(.contact, tags: ["vip"]))) == ["create lead"])
    }

    @Test("an ended link is created anew only by a newer asking")
    func afterTheEnd() {
        let ended = linked(seen: ["email": stamp(5)], state: .ended)
        #expect(targets(triage(action(.createContact, at: 6, email), ended)) == ["create contact"])
        #expect(triage(action(.createContact, at: 5, email), ended) == .drop(.linkEnded))
    }
}
