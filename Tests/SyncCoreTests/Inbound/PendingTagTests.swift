import Contracts
import SyncCore
import Testing

@Suite("Tags that marketing may not tell of yet")
struct PendingTagTests {
    private func moment(_ seconds: Int64) -> Timestamp { Timestamp(seconds: 1_790_000_000 + seconds) }

    /// The tags of a change of second 1000 that told of `told`.
    private func tags(_ pending: PendingTag, told: [String] = ["vip"]) -> [String]? {
        var change = PendingChange(tags: Stamped(told, Stamp(at: moment(1000), sequence: 1)))
        change.addTags([pending])
        return change.tags?.value
    }

    @Test("IN-3 a tag still to be put on counts, and one put on after the change or so shortly before that clocks may differ")
    func counts() {
        #expect(tags(PendingTag("added")) == ["vip", "added"])
        #expect(tags(PendingTag("added", doneAt: moment(2000))) == ["vip", "added"])
        #expect(tags(PendingTag("added", doneAt: moment(880))) == ["vip", "added"])
    }

    @Test("IN-3 a tag that was on long before the change and is missing was taken off")
    func takenOff() { #expect(tags(PendingTag("added", doneAt: moment(879))) == ["vip"]) }

    @Test("A tag that the change tells of is there once")
    func once() { #expect(tags(PendingTag("added"), told: ["Added "]) == ["Added "]) }

    @Test("A change that says nothing of tags goes on saying nothing of them")
    func unknown() {
        var change = PendingChange()
        change.addTags([PendingTag("added")])
        #expect(change == PendingChange())
    }
}
