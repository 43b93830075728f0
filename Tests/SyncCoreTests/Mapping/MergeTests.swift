import Contracts
import Testing

@testable import SyncCore

@Suite("IN-6, MAP-10 Three-way merge")
struct MergeTests {
    private static let type = FieldType.text(maxLength: nil)
    private static let values: [FieldValue] = [.blank, .text("A"), .text("B"), .text("C")]
    /// Marketing newer, both at once, the CRM newer, the CRM's time unknown.
    private static let times: [(Timestamp, Timestamp?)] = [(at(2), at(1)), (at(1), at(1)), (at(1), at(2)), (at(2), nil)]

    struct Case: CustomStringConvertible {
        var base: FieldValue?
        var marketing: FieldValue
        var crm: FieldValue
        var rule: ConflictRule
        var marketingAt: Timestamp
        var crmAt: Timestamp?

        var decision: FieldDecision {
            merge(
                base: base, marketing: marketing, crm: crm, type: MergeTests.type, rule: rule, marketingAt: marketingAt,
                crmAt: crmAt)
        }
        var description: String {
            "\(String(describing: base)) \(marketing) \(crm) \(rule.rawValue) \(marketingAt) \(String(describing: crmAt))"
        }
    }

    static let all: [Case] = ([nil] + values).flatMap { base in
        values.flatMap { marketing in
            values.flatMap { crm in
                ConflictRule.allCases.flatMap { rule in
                    times.map { Case(base: base, marketing: marketing, crm: crm, rule: rule, marketingAt: $0.0, crmAt: $0.1) }
                }
            }
        }
    }

    /// The rule book once more, told as the letters of a CRM field before and after: `a` CRM's, `m` marketing's, `?` review.
    private func expected(_ test: Case) -> Character {
        func letter(_ value: FieldValue?) -> String {
            if case .text(let text)? = value { text } else { "-" }
        }
        let (base, marketing, crm) = (letter(test.base), letter(test.marketing), letter(test.crm))
        if marketing == crm { return "=" }
        if marketing == base { return "a" }
        let isConflict = crm != base
        let isEarlier = test.crmAt.map { $0.milliseconds < test.marketingAt.milliseconds } ?? false
        switch (test.rule, isConflict) {
        case (.fillEmptyOnly, _), (.crmUnlessBlank, true): return crm == "-" ? "m" : "a"
        case (_, false), (.marketingWins, true): return "m"
        case (.crmWins, true): return "a"
        case (.newestWins, true): return isEarlier ? "m" : "a"
        case (.marketingUnlessBlank, true): return marketing == "-" ? "a" : "m"
        case (.review, true): return "?"
        }
    }

    @Test("every combination of base, marketing, CRM, rule and time does what the rule book says")
    func oracle() {
        for test in Self.all {
            let outcome: Character =
                switch test.decision.action {
                case .agree: "="
                case .keepCRM: "a"
                case .writeToCRM: "m"
                case .review: "?"
                }
            #expect(outcome == expected(test), "\(test)")
        }
        #expect(Self.all.count == 5 * 4 * 4 * 7 * 4)
    }

    @Test("a merge invents no value, and says one thing in value, action, winner and reason")
    func consistent() {
        for test in Self.all {
            let decision = test.decision
            switch decision.action {
            case .writeToCRM(let value):
                #expect(
                    value == test.marketing && decision.value == value && decision.winner == .marketing && value != test.crm,
                    "\(test)")
            case .keepCRM: #expect(decision.value == test.crm && decision.winner == .crm, "\(test)")
            case .agree: #expect(decision.value == test.crm && decision.winner == nil && decision.reason == .equal, "\(test)")
            case .review:
                #expect(decision.value == test.crm && decision.winner == nil && decision.reason == .conflictForReview, "\(test)")
            }
        }
    }

    @Test("GEN-5 marketing that did not move away from the base is never written")
    func noEcho() {
        for test in Self.all where test.marketing == test.base ?? .blank {
            if case .writeToCRM = test.decision.action { Issue.record("\(test)") }
        }
    }

    @Test("merging again after the write agrees")
    func settled() {
        for var test in Self.all {
            guard case .writeToCRM(let value) = test.decision.action else { continue }
            (test.base, test.crm) = (value, value)
            #expect(test.decision.action == .agree, "\(test)")
        }
    }

    @Test("the sides trade places with the rules that name them")
    func symmetric() {
        let mirrored: [ConflictRule: ConflictRule] = [
            .crmWins: .marketingWins, .marketingWins: .crmWins, .crmUnlessBlank: .marketingUnlessBlank,
            .marketingUnlessBlank: .crmUnlessBlank, .review: .review,
        ]
        for test in Self.all {
            guard let rule = mirrored[test.rule] else { continue }
            let mirror = Case(
                base: test.base, marketing: test.crm, crm: test.marketing, rule: rule, marketingAt: test.marketingAt,
                crmAt: test.crmAt)
            guard test.decision.winner != nil else {
                #expect(mirror.decision.winner == nil, "\(test)")
                continue
            }
            #expect(mirror.decision.value == test.decision.value, "\(test)")
        }
    }

    @Test("each reason is given for its own case")
    func reasons() {
        func reason(
            _ rule: ConflictRule, _ base: FieldValue?, _ marketing: FieldValue, _ crm: FieldValue, crmAt: Timestamp? = at(5)
        ) -> FieldDecision.Reason {
            Case(base: base, marketing: marketing, crm: crm, rule: rule, marketingAt: at(4), crmAt: crmAt).decision.reason
        }
        let (a, b, c) = (FieldValue.text("A"), FieldValue.text("B"), FieldValue.text("C"))
        #expect(reason(.crmWins, a, b, b) == .equal)
        #expect(reason(.crmWins, a, b, a) == .onlyMarketingChanged)
        #expect(reason(.crmWins, a, .blank, a) == .onlyMarketingChanged)
        #expect(reason(.marketingWins, a, a, b) == .onlyCRMChanged)
        #expect(reason(.crmWins, a, b, c) == .conflictCRMWins)
        #expect(reason(.marketingWins, a, b, c) == .conflictMarketingWins)
        #expect(reason(.newestWins, a, b, c) == .conflictCRMNewer)
        #expect(reason(.newestWins, a, b, c, crmAt: at(4)) == .conflictCRMNewer)
        #expect(reason(.newestWins, a, b, c, crmAt: at(3)) == .conflictMarketingNewer)
        #expect(reason(.newestWins, a, b, c, crmAt: nil) == .conflictCRMTimeUnknown)
        #expect(reason(.crmUnlessBlank, a, b, .blank) == .conflictCRMBlank)
        #expect(reason(.marketingUnlessBlank, a, .blank, b) == .conflictMarketingBlank)
        #expect(reason(.fillEmptyOnly, a, b, .blank) == .filledEmpty)
        #expect(reason(.fillEmptyOnly, a, b, a) == .notEmpty)
        #expect(reason(.review, a, b, c) == .conflictForReview)
    }

    @Test("adopting a record fills its empty fields and empties none, whatever the rule", arguments: ConflictRule.allCases)
    func adoption(rule: ConflictRule) {
        let fill = Case(base: nil, marketing: .text("A"), crm: .blank, rule: rule, marketingAt: at(1), crmAt: at(9)).decision
        #expect(fill.action == .writeToCRM(.text("A")))
        let keep = Case(base: nil, marketing: .blank, crm: .text("B"), rule: rule, marketingAt: at(9), crmAt: at(1)).decision
        #expect(keep.action == .keepCRM)
    }
}
