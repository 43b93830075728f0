import Contracts
import SyncCore
import Testing

@testable import Simulator

@Suite("What an examination finds")
struct ExaminationTests {
    /// A contact that a user signed up and the CRM contact made for it, in step.
    private static func pair() -> CalmStory {
        var story = CalmStory()
        story.event(10, .signedUp(contact: "1"))
        story.edit(10, .marketing, "1", .firstName, "Ann")
        story.edit(10, .marketing, "1", .email, "ann@example.com")
        story.event(20, .asked(.contact, contact: "1"))
        story.holds(10, nil, "1", [.firstName: "Ann", .email: "ann@example.com"], tags: ["added-to-salesforce-contact"])
        story.holds(30, .contact, "003A", [.firstName: "Ann", .email: "ann@example.com"], externalID: "demo:1")
        return story
    }

    private func findings(_ story: CalmStory) -> [Invariant] {
        let facts = story.facts
        return
            (ExistenceCheck(facts: facts).findings() + ValueCheck(facts: facts).findings() + MarkCheck(facts: facts).findings())
            .map(\.invariant)
    }

    @Test("A pair in step is in order")
    func inStep() { #expect(findings(Self.pair()) == []) }

    @Test("GEN-5 IN-2 A value that did not arrive is found, and one that came back as well")
    func values() {
        var lost = Self.pair()
        lost.edit(40, .crm, "003A", .firstName, "Bea")
        lost.holds(40, .contact, "003A", [.firstName: "Bea", .email: "ann@example.com"], externalID: "demo:1")
        #expect(findings(lost) == [.sidesEqual])
        lost.holds(50, .contact, "003A", [.firstName: "Ann", .email: "ann@example.com"], externalID: "demo:1")
        #expect(findings(lost) == [.changesAppliedOrExplained])
    }

    @Test("IN-10 A parked record is excused if a vendor did refuse one")
    func parked() {
        var story = Self.pair()
        story.holds(40, .contact, "003A", [.firstName: "Bea", .email: "ann@example.com"], externalID: "demo:1")
        story.parked[RecordName(nil, "1")] = SyncError(.permanent, code: "refused", message: "")
        #expect(findings(story) == [.sidesEqual])
        story.books.refusals = [Timestamp(seconds: 35)]
        #expect(findings(story) == [])
        story.parked[RecordName(nil, "1")] = SyncError(.transient, code: "unavailable", message: "")
        #expect(findings(story) == [.sidesEqual])
    }

    @Test("IN-4 A record that was asked for is missed, and one that was not is a stranger")
    func askings() {
        var missing = Self.pair()
        missing.event(30, .asked(.lead, contact: "1"))
        missing.tag("1", ["added-to-salesforce-contact", "added-to-salesforce-lead"])
        #expect(findings(missing) == [.changesAppliedOrExplained])
        var stranger = Self.pair()
        stranger.holds(40, .lead, "00Q", [.firstName: "Ann", .email: "ann@example.com"], externalID: "demo:1")
        #expect(findings(stranger) == [.onlyDueWrites])
    }

    @Test("GEN-6 OUT-8 One asking makes one record; a second one is a double, or brings back what was deleted")
    func repeated() {
        var story = Self.pair()
        story.holds(40, .contact, "003B", [.firstName: "Ann", .email: "ann@example.com"], externalID: "demo:1")
        #expect(findings(story).contains(.nothingTwice))
        story.event(35, .deleted(.contact, id: "003A"))
        story.isGone(35, .contact, "003A")
        #expect(findings(story) == [.noResurrection])
        story.event(38, .asked(.contact, contact: "1"))
        #expect(findings(story) == [])
    }

    @Test("OUT-1 What is selected becomes known, what is not does not")
    func selection() {
        var story = CalmStory()
        story.event(10, .inserted(.contact, id: "003A", isSelected: true))
        story.edit(10, .crm, "003A", .email, "ann@example.com")
        story.holds(10, .contact, "003A", [.email: "ann@example.com"], status: nil)
        #expect(findings(story) == [.changesAppliedOrExplained])
        story.holds(20, nil, "1", [.email: "ann@example.com"], tags: ["created-from-salesforce-contact"])
        story.holds(21, .contact, "003A", [.email: "ann@example.com"], externalID: "demo:1")
        #expect(findings(story) == [])
        story.notes.events = [
            Diary.Event(
                moment: Timestamp(seconds: 10), person: 1, kind: .inserted(.contact, id: "003A", isSelected: false))
        ]
        #expect(findings(story) == [.onlyDueWrites])
    }

    @Test("OUT-8 A person whom a user deleted in marketing stays deleted")
    func resurrection() {
        var story = CalmStory()
        story.event(10, .inserted(.contact, id: "003A", isSelected: true))
        story.edit(10, .crm, "003A", .email, "ann@example.com")
        story.holds(20, nil, "1", [.email: "ann@example.com"], tags: ["created-from-salesforce-contact"])
        story.holds(21, .contact, "003A", [.email: "ann@example.com"], externalID: "demo:1")
        story.event(30, .contactDeleted(contact: "1"))
        story.isGone(30, nil, "1")
        #expect(findings(story) == [])
        story.holds(40, nil, "2", [.email: "ann@example.com"], tags: ["created-from-salesforce-contact"])
        #expect(findings(story) == [.noResurrection])
    }

    @Test("OUT-5 OUT-4 After a conversion the contact names the person, and the tags say so")
    func conversion() {
        var story = CalmStory()
        story.event(10, .inserted(.lead, id: "00Q", isSelected: true))
        story.edit(10, .crm, "00Q", .email, "ann@example.com")
        story.holds(20, nil, "1", [.email: "ann@example.com"], tags: ["created-from-salesforce-lead"])
        story.holds(21, .lead, "00Q", [.email: "ann@example.com"], externalID: "demo:1")
        story.event(30, .converted(lead: "00Q", contact: "003A"))
        story.holds(30, .lead, "00Q", [.email: "ann@example.com"], externalID: "demo:1", isConverted: true)
        story.holds(30, .contact, "003A", [.email: "ann@example.com"], status: nil)
        #expect(findings(story) == [.changesAppliedOrExplained, .marksShown, .marksShown])
        story.holds(40, .contact, "003A", [.email: "ann@example.com"], externalID: "demo:1")
        story.tag("1", ["salesforce-lead-converted-to-contact"])
        #expect(findings(story) == [])
    }

    @Test(
        "OUT-4 A person whose lead was converted before it named them is told by the tag: by its address, or once the contact names them",
        arguments: ["ann@example.com", "anna@example.com"])
    func conversionOfUnnamed(address: String) {
        var story = CalmStory()
        story.event(10, .inserted(.lead, id: "00Q", isSelected: true))
        story.edit(10, .crm, "00Q", .email, "ann@example.com")
        story.holds(10, .lead, "00Q", [.email: "ann@example.com"], status: nil)
        story.holds(20, nil, "1", [.email: "ann@example.com"], tags: ["salesforce-lead-converted-to-contact"])
        story.holds(25, .lead, "00Q", [.email: address], status: nil)
        story.event(30, .converted(lead: "00Q", contact: "003A"))
        story.holds(30, .lead, "00Q", [.email: address], status: nil, isConverted: true)
        story.holds(30, .contact, "003A", [.email: "ann@example.com"], status: nil)
        #expect(findings(story) == (address == "ann@example.com" ? [] : [.marksShown]))
        story.holds(40, .contact, "003A", [.email: "ann@example.com"], externalID: "demo:1")
        #expect(findings(story) == [])
        story.tag("1", [])
        #expect(findings(story) == [.marksShown])
    }

    @Test("OUT-5 A lead that took over a person who is a contact as well names nobody, any other does")
    func leadAfterMerge() {
        var story = Self.pair()
        story.event(20, .asked(.lead, contact: "1"))
        story.tag("1", ["added-to-salesforce-contact", "added-to-salesforce-lead"])
        story.holds(25, .lead, "00QL", [.firstName: "Ann", .email: "ann@example.com"], externalID: "demo:1")
        story.event(30, .inserted(.lead, id: "00QW", isSelected: true))
        story.holds(30, .lead, "00QW", [.email: "bea@example.com"], status: nil)
        #expect(findings(story) == [.changesAppliedOrExplained])
        story.event(40, .merged(.lead, winner: "00QW", loser: "00QL"))
        story.isGone(41, .lead, "00QL")
        #expect(findings(story) == [])
        story.event(50, .deleted(.contact, id: "003A"))
        story.isGone(50, .contact, "003A")
        #expect(findings(story) == [.changesAppliedOrExplained, .changesAppliedOrExplained])
    }

    @Test("IN-6 A lead's person may have what their contact held while it waited, though it is deleted now")
    func waitOfDeletedContact() {
        let held: [PersonField: String] = [.phone: "A", .email: "ann@example.com"]
        var story = CalmStory()
        story.event(10, .signedUp(contact: "1"))
        story.event(20, .asked(.lead, contact: "1"))
        story.holds(10, nil, "1", held, tags: ["added-to-salesforce-lead", "added-to-salesforce-contact"])
        story.holds(30, .lead, "00Q", held, externalID: "demo:1")
        story.books.agreements[Pair(contactID: "1", record: RecordName(.lead, "00Q"))] = Ledger.Agreement(
            moment: Timestamp(seconds: 40), values: held)
        story.event(45, .asked(.contact, contact: "1"))
        story.holds(50, .contact, "003A", held, externalID: "demo:1")
        story.edit(60, .marketing, "1", .phone, "m")
        story.holds(80, .contact, "003A", held, externalID: "demo:1")
        story.event(90, .deleted(.contact, id: "003A"))
        story.isGone(90, .contact, "003A")
        #expect(findings(story) == [.changesAppliedOrExplained])
        story.event(70, .marked(.contact, id: "003A"))
        #expect(findings(story) == [])
    }

    @Test("IN-5 What a lead holds while it waits does not overrule the person's edit once they are a contact")
    func waitOfLeadBesideContact() {
        let held: [PersonField: String] = [.phone: "A", .email: "ann@example.com"]
        var story = CalmStory()
        story.event(10, .signedUp(contact: "1"))
        story.event(20, .asked(.contact, contact: "1"))
        story.event(20, .asked(.lead, contact: "1"))
        story.holds(10, nil, "1", held, tags: ["added-to-salesforce-lead", "added-to-salesforce-contact"])
        story.holds(30, .contact, "003A", held, externalID: "demo:1")
        story.books.agreements[Pair(contactID: "1", record: RecordName(.contact, "003A"))] = Ledger.Agreement(
            moment: Timestamp(seconds: 40), values: held)
        story.event(50, .marked(.lead, id: "00Q"))
        story.holds(50, .lead, "00Q", held, externalID: "demo:1", status: "Waiting for next sync")
        story.edit(60, .marketing, "1", .phone, "m")
        #expect(findings(story) == [.changesAppliedOrExplained])
        story.event(70, .marked(.contact, id: "003A"))
        #expect(findings(story) == [])
    }

    @Test("IN-4 OUT-6 A tag or a sync status that is missing is found")
    func marks() {
        var story = Self.pair()
        story.tag("1", [])
        #expect(findings(story) == [.marksShown])
        story = Self.pair()
        story.holds(
            40, .contact, "003A", [.firstName: "Ann", .email: "ann@example.com"], externalID: "demo:1",
            status: "Waiting for next sync")
        #expect(findings(story) == [.marksShown])
    }

    @Test("MAP-8 A field that was mapped after all edits is not asked for, one edited since is")
    func newlyMapped() {
        var story = Self.pair()
        story.edit(40, .marketing, "1", .occupation, "Baker")
        story.holds(
            40, nil, "1", [.firstName: "Ann", .email: "ann@example.com", .occupation: "Baker"],
            tags: ["added-to-salesforce-contact"])
        #expect(findings(story) == [])
        story.notes.mappings.append(Diary.Mapping(moment: Timestamp(seconds: 50), variant: .extended))
        #expect(findings(story) == [])
        story.edit(60, .marketing, "1", .occupation, "Baker")
        #expect(findings(story) == [.sidesEqual])
    }

    @Test("MAP-8 IN-5 A lead's edit asks nothing of a newly mapped field of its person's contact, the contact's own does")
    func newlyMappedBesideLead() {
        var story = Self.pair()
        story.event(20, .asked(.lead, contact: "1"))
        story.edit(10, .marketing, "1", .occupation, "Baker")
        story.holds(
            30, nil, "1", [.firstName: "Ann", .email: "ann@example.com", .occupation: "Baker"],
            tags: ["added-to-salesforce-contact", "added-to-salesforce-lead"])
        story.holds(30, .lead, "00Q", [.firstName: "Ann", .email: "ann@example.com"], externalID: "demo:1")
        story.notes.mappings.append(Diary.Mapping(moment: Timestamp(seconds: 50), variant: .extended))
        story.edit(60, .crm, "00Q", .occupation, "Carer")
        story.holds(
            60, .lead, "00Q", [.firstName: "Ann", .email: "ann@example.com", .occupation: "Carer"], externalID: "demo:1")
        #expect(findings(story) == [])
        story.edit(70, .crm, "003A", .occupation, "")
        #expect(findings(story) == [.sidesEqual])
    }
}
