import Contracts
import Testing

@testable import SyncCore

@Suite("A person whose answer got lost")
struct CreationIntentTests {
    private let intent = CreationIntent(
        key: RecordKey(integration: "acme", object: "lead", recordID: "00QA"), email: "ann@acme.test", sentAt: at(400))

    private func recover(updatedAt: Timestamp? = at(400), links: [CRMObject: Link] = [:]) -> OutboundResolution? {
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

    @Test("GEN-6 it is nobody who is another record's, or who was not written since")
    func somebodyElse() {
        #expect(recover(links: [.contact: linked()]) == nil)
        #expect(recover(links: [.contact: linked(state: .creating)]) == nil)
        #expect(recover(links: [.contact: linked(state: .ended)]) != nil)
        #expect(recover(updatedAt: at(330)) == nil, "the call had no effect: somebody else had the email before")
        #expect(recover(updatedAt: at(350)) != nil && recover(updatedAt: nil) != nil)
    }
}
