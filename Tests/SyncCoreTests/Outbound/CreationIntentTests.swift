import Contracts
import Testing

@testable import SyncCore

@Suite("A person whose answer got lost")
struct CreationIntentTests {
    private let intent = CreationIntent(
        key: RecordKey(integration: "acme", object: "lead", recordID: "00QA"), email: "ann@acme.test", sentAt: at(400))

    private func recover(updatedAt: Timestamp? = at(400), links: [Link] = []) -> OutboundResolution? {
        OutboundRules.recovered(intent, as: "10", updatedAt: updatedAt, links: links, in: context(), now: at(500))
    }

    @Test("GEN-6 OUT-4 it is linked and tagged as if the answer had come, with nothing agreed on but the email")
    func recovered() throws {
        let resolution = try #require(recover())
        let link = try #require(resolution.link)
        #expect(resolution.outcome == .create && resolution.tags == [TagChange(.add, "created-from-salesforce-lead")])
        #expect(link.object == .lead && link.crmID == "00QA" && link.marketingID == "10" && link.externalID == "acme:10")
        #expect(link.state == .linked && link.base == ["Email": .text("ann@acme.test")] && link.writtenAt == at(400))
        #expect(link.tags?.value == ["created-from-salesforce-lead"])
    }

    @Test("GEN-6 OUT-4 who was linked to the record meanwhile, by inbound, gets the tag; what is known of them stays")
    func linkedMeanwhile() throws {
        let known = linked(.lead, crmID: "00QA", base: ["Phone": .text("1")])
        let resolution = try #require(recover(links: [known, known]))
        #expect(resolution.tags == [TagChange(.add, "created-from-salesforce-lead")])
        #expect(resolution.link?.base == known.base)
        #expect(resolution.link?.tags?.value.contains("created-from-salesforce-lead") == true)
    }

    @Test("GEN-6 it is nobody who is another record's, or who was not written since")
    func somebodyElse() {
        #expect(recover(links: [linked(.lead, crmID: "00QB")]) == nil)
        #expect(recover(links: [linked(.lead, crmID: "00QB", state: .ended)]) != nil)
        var other = linked(.lead, crmID: "00QA")
        other.marketingID = "11"
        #expect(recover(links: [other]) == nil)
        #expect(recover(updatedAt: at(330)) == nil, "the call had no effect: somebody else had the email before")
        #expect(recover(updatedAt: at(350)) != nil && recover(updatedAt: nil) != nil)
    }
}
