import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("OUT-1 Selection")
struct CriteriaTests {
    private static let schema = FieldIndex(
        ObjectSchema(
            name: "Lead",
            fields: [
                FieldSchema(name: "Company", type: .text(maxLength: 255)),
                FieldSchema(name: "Income__c", type: .currency(precision: 18, scale: 2)),
                FieldSchema(name: "Employees", type: .integer), FieldSchema(name: "Birthdate", type: .date),
                FieldSchema(name: "SeenAt__c", type: .dateTime), FieldSchema(name: "News__c", type: .boolean),
                FieldSchema(name: "Source", type: .picklist(options: ["Web", "Phone"], restricted: true)),
                FieldSchema(name: "Colours__c", type: .multiPicklist(options: ["Red", "Blue"], restricted: false)),
                FieldSchema(name: "OwnerId", type: .unsupported("reference")),
            ]))

    private static let values: [String: FieldValue] = [
        "Company": .text("Acme 100% Ltd"), "Income__c": .number(decimal("1234.5")), "Employees": .number(7),
        "Birthdate": .date(CalendarDate(year: 1980, month: 2, day: 29)), "SeenAt__c": .instant(at(1_000_000)),
        "News__c": .boolean(true), "Source": .text("Web"), "Colours__c": .choices(["Blue", "Red"]),
    ]

    private func holds(_ field: String, _ comparison: FieldRule.Operator, _ values: [String], on held: FieldValue? = nil) -> Bool
    {
        var record = CRMRecord(object: .lead, id: "00Q", values: Self.values)
        if let held { record.values[field] = held }
        return Criterion.rule(FieldRule(field: field, comparison, values)).matches(record, Self.schema)
    }

    @Test(
        "OUT-1 each operator and its opposite, on a value and on a blank",
        arguments: [
            ("Company", FieldRule.Operator.equals, FieldRule.Operator.notEquals, ["acme 100% LTD "], true),
            ("Company", .equals, .notEquals, ["Acme"], false), ("Company", .contains, .notContains, ["E 100%"], true),
            ("Company", .contains, .notContains, ["_"], false), ("Company", .isAnyOf, .isNoneOf, ["x", "ACME 100% ltd"], true),
            ("Company", .isAnyOf, .isNoneOf, ["x"], false), ("Source", .equals, .notEquals, ["web"], true),
            ("Income__c", .equals, .notEquals, ["1,234.50"], true), ("Income__c", .equals, .notEquals, ["1234.504"], false),
            ("Birthdate", .equals, .notEquals, ["1980-02-29"], true),
            ("Colours__c", .includes, .excludes, ["red", "Green"], true),
            ("Colours__c", .includes, .excludes, ["Green"], false), ("Employees", .isNotBlank, .isBlank, [], true),
        ])
    func pairs(field: String, positive: FieldRule.Operator, negative: FieldRule.Operator, values: [String], expected: Bool) {
        #expect(holds(field, positive, values) == expected && holds(field, negative, values) == !expected)
        // A blank field has nothing to be equal to, and is therefore unequal to everything, as in SOQL.
        #expect(!holds(field, positive, values, on: .blank) && holds(field, negative, values, on: .blank))
    }

    @Test(
        "OUT-1 sizes compare by type; a blank has none",
        arguments: [
            ("Income__c", "1234.49", -1), ("Income__c", "1234.5", 0), ("Income__c", "$10,000", 1), ("Employees", "10", 1),
            ("Birthdate", "1979-12-31", -1), ("Birthdate", "1980-02-29", 0), ("SeenAt__c", "1970-01-12T13:46:40Z", 0),
            // The same second, and one in another zone.
            ("SeenAt__c", "1970-01-12T13:46:40.900Z", 0), ("SeenAt__c", "1970-01-12T14:46:41+01:00", 1),
        ])
    func sizes(field: String, value: String, order: Int) {
        #expect(holds(field, .lessThan, [value]) == (order > 0) && holds(field, .greaterThan, [value]) == (order < 0))
        #expect(holds(field, .lessOrEqual, [value]) == (order >= 0) && holds(field, .greaterOrEqual, [value]) == (order <= 0))
        for comparison in [FieldRule.Operator.lessThan, .lessOrEqual, .greaterThan, .greaterOrEqual] {
            #expect(!holds(field, comparison, [value], on: .blank))
        }
    }

    @Test("OUT-1 a yes or no is never blank")
    func booleans() {
        #expect(holds("News__c", .equals, ["true"]) && holds("News__c", .notEquals, ["false"]))
        #expect(holds("News__c", .equals, ["no"], on: .blank))
    }

    @Test("OUT-1 rules nest; of none all hold, and any does not")
    func nesting() {
        let record = CRMRecord(object: .lead, id: "00Q", values: Self.values)
        let yes = Criterion.rule(FieldRule(field: "Employees", .greaterThan, ["5"]))
        let no = Criterion.rule(FieldRule(field: "employees", .lessThan, ["5"]))
        func matches(_ criterion: Criterion) -> Bool { criterion.matches(record, Self.schema) }
        #expect(matches(.all([])) && !matches(.any([])))
        #expect(matches(.all([yes, .any([no, yes])])) && !matches(.all([yes, no])) && !matches(.any([no, .all([no])])))
        #expect(Criterion.all([yes, .any([no, yes])]).fields == ["Employees", "employees"])
    }

    @Test(
        "OUT-1 a rule that cannot be asked is told with field and value, and holds for no record",
        arguments: [
            (FieldRule(field: "Nope__c", .equals, ["1"]), "Nope__c"), (FieldRule(field: "OwnerId", .equals, ["1"]), "reference"),
            (FieldRule(field: "Income__c", .equals, ["lots"]), "\"lots\""),
            (FieldRule(field: "Income__c", .contains, ["1"]), "contains"),
            (FieldRule(field: "Company", .lessThan, ["A"]), "less-than"),
            (FieldRule(field: "Company", .equals, ["a", "b"]), "not 2"),
            (FieldRule(field: "Company", .equals, []), "not 0"), (FieldRule(field: "Company", .isAnyOf, []), "at least one"),
            (FieldRule(field: "Company", .isBlank, ["x"]), "no value"), (FieldRule(field: "Company", .equals, [" "]), "is-blank"),
            (FieldRule(field: "Birthdate", .equals, ["01/02/2026"]), "year"),
            (FieldRule(field: "SeenAt__c", .equals, ["2026-01-01"]), "time of day"),
            (FieldRule(field: "News__c", .isBlank, []), "is-blank"),
            (FieldRule(field: "News__c", .equals, ["perhaps"]), "perhaps"),
            (FieldRule(field: "Colours__c", .equals, ["Red"]), "equals"),
            (FieldRule(field: "Colours__c", .includes, ["Red;Blue"]), ";"),
        ])
    func problems(rule: FieldRule, mentioned: String) throws {
        let problem = try #require(Criterion.any([.all([.rule(rule)])]).problems(in: Self.schema).first)
        #expect(problem.contains(rule.field) && problem.contains(mentioned), "\(problem)")
        for negative in [rule, FieldRule(field: rule.field, .notEquals, rule.values)] where rule.field != "Birthdate" {
            guard !Criterion.rule(negative).problems(in: Self.schema).isEmpty else { continue }
            #expect(!Criterion.rule(negative).matches(CRMRecord(object: .lead, id: "00Q", values: Self.values), Self.schema))
        }
    }

    @Test("OUT-1 a value outside a restricted picklist is a slip of the pen, yet none for a part of text")
    func options() {
        #expect(!Criterion.rule(FieldRule(field: "Source", .equals, ["Wed"])).problems(in: Self.schema).isEmpty)
        #expect(Criterion.rule(FieldRule(field: "Source", .isAnyOf, ["web", "PHONE"])).problems(in: Self.schema).isEmpty)
        #expect(Criterion.rule(FieldRule(field: "Source", .startsWith, ["W"])).problems(in: Self.schema).isEmpty)
    }

    @Test("OUT-1 none, new from now on, marked, criteria")
    func selection() {
        func isSelected(_ selection: Selection?, _ record: CRMRecord) -> Bool {
            let outbound = OutboundSettings(selection: selection.map { [.lead: $0] } ?? [:])
            return OutboundRules.isSelected(record, since: at(100), in: context(outbound))
        }
        var record = CRMRecord(object: .lead, id: "00Q", values: ["Company": .text("Acme")])
        #expect(!isSelected(nil, record) && !isSelected(.some(.none), record) && !isSelected(.newFromNowOn, record))
        record.createdAt = at(100)
        #expect(isSelected(.newFromNowOn, record))
        record.createdAt = at(99)
        #expect(!isSelected(.newFromNowOn, record) && !isSelected(.marked, record))
        record.syncStatus = "waiting for Next Sync "
        #expect(isSelected(.marked, record))
        let criterion = Criterion.rule(FieldRule(field: "Company", .equals, ["acme"]))
        #expect(isSelected(.criteria(criterion), record))
        #expect(!isSelected(.criteria(criterion), CRMRecord(object: .lead, id: "00Q", values: ["Company": .text("B")])))
    }
}
