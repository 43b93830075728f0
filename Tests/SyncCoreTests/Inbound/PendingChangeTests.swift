import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("Folding changes")
struct PendingChangeTests {
    @Test("IN-2 the newest value per field wins, whenever it arrives")
    func newestPerField() {
        var pending = change(at: 2, ["firstName": "Anna"])
        pending.merge(change(at: 1, ["firstName": "Ann", "phone": "1"]))
        pending.merge(change(at: 3, ["phone": nil]))
        #expect(pending.fields["firstName"] == Stamped("Anna", stamp(2)))
        #expect(pending.fields["phone"] == Stamped(nil, stamp(3)))
    }

    @Test("IN-2 within a second the place in the log decides")
    func sameSecond() {
        var pending = change(at: 1, ["phone": "late"], tags: ["b"], sequence: 9)
        pending.merge(change(at: 1, ["phone": "early"], tags: ["a"], sequence: 8))
        #expect(pending.fields["phone"]?.value == "late")
        #expect(pending.tags?.value == ["b"])
    }

    @Test(
        "IN-2 what contradicts within a second, or comes after without a time of its own, is contested until something newer comes"
    )
    func contested() {
        func isContested(_ changes: PendingChange...) -> Bool {
            changes.dropFirst().reduce(into: changes[0]) { $0.merge($1) }.fields["phone"]?.isContested ?? false
        }
        let (one, two) = (change(at: 1, ["phone": "1"]), change(at: 1, ["phone": "2"], sequence: 1))
        #expect(isContested(one, two) && isContested(two, one) && !isContested(one, change(at: 1, ["phone": "1"], sequence: 1)))
        #expect(!isContested(one, two, change(at: 2, ["phone": "3"])) && !isContested(change(at: 2, ["phone": "3"]), one, two))
        let undated = change(at: 9, ["phone": "9"], isDated: false)
        #expect(isContested(one, undated) && isContested(undated, one) && !isContested(undated, change(at: 10, ["phone": "1"])))
        #expect(!isContested(change(at: 8, ["phone": "9"]), undated) && !isContested(undated))
    }

    @Test("A change without tags leaves the known ones")
    func tagsUnknown() {
        var pending = change(at: 1, [:], tags: ["vip"])
        pending.merge(change(at: 2, ["phone": "1"]))
        #expect(pending.tags == Stamped(["vip"], stamp(1)))
    }

    @Test("IN-4 what automations ask for adds up; of two askings the last is kept")
    func creations() {
        var pending = action(.createLead, at: 1)
        pending.merge(action(.createContact, at: 2))
        pending.merge(action(.createLead, at: 3))
        #expect(pending.creations == [.lead: stamp(3), .contact: stamp(2)])
    }

    @Test("A deletion clears nothing; a later change takes it back, an earlier or simultaneous one does not")
    func deletions() {
        var pending = change(at: 1, ["phone": "1"])
        pending.merge(deletion(at: 2))
        #expect(pending.fields["phone"]?.value == "1")
        #expect(pending.deletedAt == stamp(2))
        pending.merge(change(at: 2, ["phone": "2"]))
        #expect(pending.deletedAt == stamp(2))
        pending.merge(change(at: 3, ["phone": "3"]))
        #expect(pending.deletedAt == nil)
        pending.merge(deletion(at: 2))
        #expect(pending.deletedAt == nil)
    }

    @Test("IN-2 the order of arrival never matters", arguments: [0, 1, 2, 3])
    func orderIndependent(round: Int) {
        // Times and offsets collide on purpose, also between different values, as they can between two topics.
        let parts = [
            change(at: 1, ["a": 1, "b": "x"], tags: ["t", "u"], sequence: 4),
            action(.createContact, at: 1, ["a": 2, "b": ["y": nil]], sequence: 4),
            round.isMultiple(of: 2) ? deletion(at: 1, sequence: 5) : deletion(at: 3),
            change(at: 2, round < 2 ? ["a": 3] : [:], tags: round == 1 ? ["z"] : nil, sequence: 4, isDated: round != 1),
            action(.createLead, at: 2, ["a": [1, 2.5, true]], sequence: 4),
        ]
        var results: Set<PendingChange> = []
        for order in permutations(parts) {
            results.insert(order.dropFirst().reduce(into: order[0]) { $0.merge($1) })
            // Pairs folded first, as several workers may do.
            var left = order[0]
            left.merge(order[1])
            var right = order[2]
            right.merge(order[3])
            right.merge(order[4])
            left.merge(right)
            results.insert(left)
        }
        #expect(results.count == 1)
        let again = results.first.map { whole in parts.reduce(into: whole) { $0.merge($1) } }
        #expect(again == results.first, "folding what is in there already changes nothing")
    }

    private func permutations(_ parts: [PendingChange]) -> [[PendingChange]] {
        guard let first = parts.first else { return [[]] }
        return permutations(Array(parts.dropFirst())).flatMap { rest in
            (0...rest.count).map { Array(rest[..<$0]) + [first] + Array(rest[$0...]) }
        }
    }
}

@Suite("Stored forms")
struct StoredFormTests {
    @Test("A pending change reads back from its stored bytes")
    func pendingChange() throws {
        var pending = change(at: 1, ["email": "ann@acme.test", "n": 1, "d": 1.5, "x": nil, "o": ["a": [true]]], tags: ["vip"])
        pending.merge(action(.createLead, at: 2, sequence: 7))
        pending.merge(action(.createContact, at: 2, sequence: 8))
        pending.merge(deletion(at: 9))
        pending.merge(change(at: 1, ["n": 2], sequence: 5, isDated: false))
        #expect(pending.fields["n"]?.isContested == true && pending.fields["n"]?.stamp.isDated == false)
        let bytes = pending.json.serialized()
        #expect(try PendingChange(json: JSONValue.parse(bytes)) == pending)
        #expect(PendingChange().json == [:])
        #expect(PendingChange(json: [:]) == PendingChange())
    }

    @Test(
        "What was never stored is refused",
        arguments: [
            .null, [], ["x": 1], ["f": []], ["f": ["a": [1, 2]]], ["f": ["a": ["1", 2, 3]]], ["t": [1, 2, [3]]], ["t": [1, 2]],
            ["c": ["account": [1, 2]]], ["c": ["lead": [1, 2, 3]]], ["d": [1]], ["d": 1],
            ["d": [1, 2, "3"]], ["d": [1, 2, 3, 4]], ["f": ["a": [1, 2, "x", 2, 2]]],
        ] as [JSONValue])
    func refused(json: JSONValue) {
        #expect(PendingChange(json: json) == nil)
    }

    static let values: [FieldValue] = [
        .blank, .text(""), .text("{\"n\":1}"), .text("Zoë 👩‍💻"), .number(0), .number(-1234.5), .number(912_000_000), .boolean(true),
        .boolean(false), .date(CalendarDate(year: 2008, month: 2, day: 29)), .instant(Timestamp(milliseconds: -1)),
        .instant(Timestamp(milliseconds: 1_779_962_631_123)), .choices([]), .choices(["Blue", "Red"]),
    ]

    @Test("A field value reads back exactly, of its own kind", arguments: values)
    func fieldValue(value: FieldValue) throws {
        #expect(try FieldValue(json: JSONValue.parse(value.json.serialized())) == value)
    }

    @Test(
        "A value that was never stored is refused",
        arguments: [
            1, 1.5, [1], ["n": "1", "d": "2008-01-20"], ["n": 1], ["d": "2008-02-30"], ["d": "2008-1-2"], ["t": "1"], ["z": "1"],
            [:],
        ] as [JSONValue])
    func refusedValue(json: JSONValue) {
        #expect(FieldValue(json: json) == nil)
    }

    @Test("The parts of a link read back")
    func link() {
        var link = linked(base: ["A": .blank, "B": .number(1.25)], seen: ["email": stamp(5, 6)], tags: ["vip", "crm"])
        link.overruled = ["B", "A"]
        link.seen["phone"] = Stamp(at: at(7), sequence: 1, isDated: false)
        #expect(Link.base(from: link.baseJSON) == link.base)
        #expect(Link.seen(from: link.seenJSON) == link.seen)
        #expect(Link.tags(from: link.tagsJSON) == .some(link.tags))
        #expect(Link.overruled(from: link.overruledJSON) == link.overruled)
        link.tags = nil
        #expect(Link.tags(from: link.tagsJSON) == .some(.none))
        #expect(Link.tags(from: ["x"]) == .none)
        #expect(Link.base(from: ["A": 1]) == nil)
        #expect(Link.seen(from: ["A": [1]]) == nil)
        #expect(Link.overruled(from: [1]) == nil)
    }
}
