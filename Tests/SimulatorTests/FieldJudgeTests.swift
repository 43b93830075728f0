import Contracts
import Testing

@testable import Simulator

@Suite("What a field of a pair must hold at a calm")
struct FieldJudgeTests {
    private func judge(
        _ edits: [(Int64, Side, String)],
        rule: FieldJudge.Rule = .crmWins, agreed: String? = "A", met: Int64? = nil,
        seen: [Side: [(Int64, String)]] = [:], waits: [ClosedRange<Int64>] = []
    ) -> FieldJudge {
        FieldJudge(
            rule: rule, agreed: agreed,
            edits: edits.map { moment, side, value in
                FieldJudge.Edit(
                    moment: Timestamp(seconds: moment), side: side, recordID: side.rawValue, value: value,
                    blindUntil: Timestamp(seconds: moment + 5))
            },
            sights: seen.mapValues { $0.map { FieldJudge.Sight(moment: Timestamp(seconds: $0), value: $1) } },
            met: met.map { Timestamp(seconds: $0) },
            waits: waits.map { Timestamp(seconds: $0.lowerBound)...Timestamp(seconds: $0.upperBound) })
    }

    @Test("GEN-5 What nobody edited stays as it was")
    func untouched() {
        let judge = judge([])
        #expect(judge.complaint(marketing: "A", crm: "A") == nil)
        #expect(judge.complaint(marketing: "B", crm: "B")?.invariant == .changesAppliedOrExplained)
        #expect(judge.complaint(marketing: "A", crm: "")?.invariant == .sidesEqual)
    }

    @Test("IN-2 OUT-7 Of edits on one side the last one stands", arguments: [Side.marketing, .crm])
    func oneSide(side: Side) {
        let judge = judge([(10, side, "v1"), (20, side, "v2")])
        #expect(judge.allowed == ["v2"])
        #expect(judge.complaint(marketing: "v2", crm: "v2") == nil)
        #expect(judge.complaint(marketing: "v1", crm: "v1") != nil)
    }

    @Test("IN-6 Of edits that did not know of each other the CRM's stands, or marketing's where the mapping says so")
    func conflict() {
        let orders: [[(Int64, Side, String)]] = [
            [(10, Side.marketing, "m"), (20, .crm, "c")], [(10, .crm, "c"), (20, .marketing, "m")],
        ]
        for edits in orders {
            #expect(judge(edits).allowed == ["c"])
            #expect(judge(edits, rule: .marketingWins).allowed == ["m"])
        }
    }

    @Test("IN-6 An edit by someone who saw the other side's stands, whatever the rule")
    func informed() {
        let reply = judge([(10, .crm, "c"), (30, .marketing, "m")], seen: [.marketing: [(20, "c")]])
        #expect(reply.allowed == ["m"])
        let back = judge([(10, .marketing, "m"), (30, .crm, "c")], rule: .marketingWins, seen: [.crm: [(20, "m")]])
        #expect(back.allowed == ["c"])
        let late = judge([(10, .crm, "c"), (30, .marketing, "m")], seen: [.marketing: [(31, "c")]])
        #expect(late.allowed == ["c"])
    }

    @Test("IN-6 A blank does not tell whether it was seen, so either edit may stand")
    func blank() {
        #expect(judge([(10, .crm, ""), (30, .marketing, "m")]).allowed == ["", "m"])
    }

    @Test("A blank that the CRM record brought to the first meeting may be filled, one made afterwards may not")
    func blankBroughtAlong() {
        let edits: [(Int64, Side, String)] = [(10, .marketing, "m"), (20, .crm, "")]
        #expect(judge(edits, agreed: nil, met: 30).allowed == ["", "m"])
        #expect(judge(edits, agreed: nil, met: 15).allowed == [""])
        #expect(judge(edits, agreed: "A", met: 30).allowed == [""])
        #expect(judge([(10, .marketing, "m"), (20, .crm, "c")], agreed: nil, met: 30).allowed == ["c"])
    }

    @Test("IN-6 While the CRM record waits its values may win over marketing's edit, and only then")
    func waiting() {
        let edits: [(Int64, Side, String)] = [(20, .marketing, "m")]
        #expect(judge(edits, waits: [10...30]).allowed == ["A", "m"])
        #expect(judge(edits, waits: [25...30]).allowed == ["A", "m"])
        #expect(judge(edits, waits: [5...15]).allowed == ["m"])
        #expect(judge([(20, .crm, "c")], waits: [20...30]).allowed == ["c"])
    }

    @Test("IN-6 An edit of the CRM after a wait that settled marketing's is no conflict with it")
    func editAfterWait() {
        func allowed(waits: ClosedRange<Int64>, seen: [Side: [(Int64, String)]] = [:]) -> Set<String> {
            judge([(20, .marketing, "m"), (40, .crm, "c")], rule: .marketingWins, seen: seen, waits: [waits]).allowed
        }
        #expect(allowed(waits: 25...30) == ["A", "m", "c"])
        #expect(allowed(waits: 25...30, seen: [.marketing: [(35, "m")]]) == ["A", "m"])
        #expect(allowed(waits: 5...15) == ["m"])
    }

    @Test("GEN-6 Whether a value was there whose write may not have been answered is open")
    func inDoubt() {
        var judge = judge([(10, .crm, "c"), (30, .marketing, "m")], seen: [.marketing: [(20, "c")]])
        judge.sights[.marketing]?[0].isInDoubt = true
        #expect(judge.allowed == ["m", "c"])
        judge.sights[.marketing]?.append(FieldJudge.Sight(moment: Timestamp(seconds: 25), value: "c"))
        #expect(judge.allowed == ["m"])
    }

    @Test("IN-6 What another record of the person held while it waited may win as well, and nothing that it held at other times")
    func otherWaiting() {
        var judge = judge([(20, .marketing, "m")], seen: [.crm: [(5, "A")]])
        #expect(judge.allowed == ["m"])
        let held = [(5, "x"), (15, "y"), (40, "z")].map { FieldJudge.Sight(moment: Timestamp(seconds: $0), value: $1) }
        judge.otherWaits = [FieldJudge.Wait(span: Timestamp(seconds: 10)...Timestamp(seconds: 30), held: held)]
        #expect(judge.allowed == ["m", "y"])
        judge.otherWaits = [FieldJudge.Wait(span: Timestamp(seconds: 10)...Timestamp(seconds: 15), held: held)]
        #expect(judge.allowed == ["m"])
    }

    @Test("An edit that a write under way overtook may count as never made, but not one that a late write undid")
    func overtaken() {
        let edits: [(Int64, Side, String)] = [(10, .marketing, "m"), (20, .crm, "c")]
        #expect(judge(edits, seen: [.crm: [(22, "m")]]).allowed == ["m", "c"])
        #expect(judge(edits, seen: [.crm: [(60, "m")]]).allowed == ["c"])
        // An older value of the same side is nobody's: no write under way may bring it back.
        #expect(judge([(10, .crm, "c1"), (20, .crm, "c2")], seen: [.crm: [(22, "c1")]]).allowed == ["c2"])
    }

    @Test("MAP-10 A field that is only filled keeps each side's own value, and no blank beside a new one")
    func filling() {
        let judge = judge([(10, .marketing, "m"), (20, .crm, "c")], rule: .fillEmptyOnly)
        #expect(judge.complaint(marketing: "m", crm: "c") == nil)
        #expect(judge.complaint(marketing: "c", crm: "c")?.invariant == .changesAppliedOrExplained)
        let half = self.judge([(10, .marketing, "m")], rule: .fillEmptyOnly, agreed: nil)
        #expect(half.complaint(marketing: "m", crm: "")?.invariant == .sidesEqual)
        #expect(half.complaint(marketing: "m", crm: "m") == nil)
    }

    @Test("MAP-10 A first meeting may write over a value that is only filled, what comes later may not")
    func fillingAtFirstMeeting() {
        let judge = judge(
            [(10, .marketing, "m"), (20, .crm, "c1"), (40, .crm, "c2")], rule: .fillEmptyOnly, agreed: nil, met: 30)
        #expect(judge.complaint(marketing: "m", crm: "c2") == nil)
        #expect(judge.complaint(marketing: "c1", crm: "c2") == nil)
        #expect(judge.complaint(marketing: "c2", crm: "c2")?.invariant == .changesAppliedOrExplained)
        let late = self.judge([(20, .crm, "c"), (40, .marketing, "m")], rule: .fillEmptyOnly, agreed: nil, met: 30)
        #expect(late.complaint(marketing: "c", crm: "c")?.invariant == .changesAppliedOrExplained)
        let blank = self.judge([(10, .marketing, "m"), (20, .crm, "")], rule: .fillEmptyOnly, agreed: nil, met: 30)
        #expect(blank.complaint(marketing: "", crm: "")?.invariant == .changesAppliedOrExplained)
    }

    @Test("After a merge, a conversion or a new rule the sides are equal, on a value that one of them had")
    func upset() {
        let judge = judge([(10, .marketing, "m")], rule: .anyOfTheirs, seen: [.crm: [(5, "x")]])
        for value in ["A", "m", "x"] { #expect(judge.complaint(marketing: value, crm: value) == nil) }
        #expect(judge.complaint(marketing: "m", crm: "x")?.invariant == .sidesEqual)
        #expect(judge.complaint(marketing: "y", crm: "y")?.invariant == .changesAppliedOrExplained)
    }
}
