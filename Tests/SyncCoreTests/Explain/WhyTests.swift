import Contracts
import Testing

@testable import SyncCore

@Suite("OPS-1 Why a field has its value")
struct WhyTests {
    private func decision(
        _ reason: FieldDecision.Reason, _ winner: FieldDecision.Side?, at seconds: Int64, field: String = "Phone"
    ) -> PastDecision {
        PastDecision(
            at: at(seconds), outcome: "updated", direction: "inbound",
            record: FieldDecisionRecord(
                field: field, marketingField: "phone", reason: reason, winner: winner, base: .text("1"), marketing: .text("3"),
                crm: .text("2")))
    }

    private func explain(_ link: Link, _ history: [PastDecision], pending: PendingChange? = nil, field: String? = nil)
        -> [FieldExplanation]
    {
        SyncCore.explain(
            link, history: history, pending: pending, mappings: MappingSet.defaults.contact, crmSchema: contactFields,
            marketingSchema: marketingFields, field: field)
    }

    @Test("OPS-1 the last decision, what lost and why, and what waits")
    func explanation() throws {
        var link = linked(base: ["Phone": .text("2")])
        link.overruled = ["Phone"]
        link.trails["Phone"] = FieldTrail(lastWritten: .crm, isFrozen: true)
        let history = [decision(.conflictCRMWins, .crm, at: 9), decision(.onlyMarketingChanged, .marketing, at: 5)]
        let found = explain(link, history, pending: change(at: 50, ["phone": "4"]), field: "phone")
        let phone = try #require(found.first)
        #expect(found.count == 1 && phone.agreed == .text("2") && phone.last == history[0] && phone.lost == .text("3"))
        #expect(phone.waiting == .text("4") && phone.isOverruled && phone.isFrozen)
        #expect(
            phone.lines == [
                "Phone ↔ phone: \"2\"",
                "1970-01-01T00:00:09.000Z inbound, updated: the CRM's value stands: \(FieldDecision.Reason.conflictCRMWins.explanation)",
                "lost: \"3\"", "frozen: \(FieldDecision.Reason.frozen.explanation)",
                "waiting outbound: the CRM's value is written over marketing's", "waiting inbound: \"4\"",
            ])
    }

    @Test("OPS-1 every mapped field is explained, also one nothing is known of; a field is found by either name")
    func fields() {
        let all = explain(linked(base: [:]), [])
        #expect(all.map(\.field) == ["FirstName", "LastName", "Email", "Phone"])
        #expect(all.allSatisfy { $0.lines == ["\($0.field) ↔ \($0.marketingField): never agreed on"] })
        #expect(
            explain(linked(), [], field: "FIRSTNAME").map(\.field) == ["FirstName"] && explain(linked(), [], field: "x").isEmpty)
    }

    @Test("OPS-1 a value that only one side changed has beaten nothing")
    func nothingLost() {
        var record = decision(.onlyCRMChanged, .crm, at: 1).record
        record.marketing = .text("1")
        #expect(record.lost == nil)
        record.winner = nil
        record.marketing = .text("9")
        #expect(record.lost == nil)
    }

    @Test("OPS-1 decisions read back from the history", arguments: FieldDecision.Reason.allCases)
    func stored(reason: FieldDecision.Reason) throws {
        for winner in [nil, FieldDecision.Side.crm, .marketing] {
            var record = decision(reason, winner, at: 1).record
            record.base = nil
            record.marketing = .blank
            #expect(FieldDecisionRecord(json: try JSONValue.parse(record.json.serialized())) == record)
        }
        #expect(
            !reason.explanation.isEmpty && FieldDecisionRecord(json: ["field": "A", "reason": .string(reason.rawValue)]) == nil)
    }
}
