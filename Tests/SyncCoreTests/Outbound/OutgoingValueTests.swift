import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("The marketing form of a CRM value")
struct OutgoingValueTests {
    private static let text = FieldType.text(maxLength: nil)
    private static let colours = FieldType.multiPicklist(options: ["Red", "Blue"], restricted: false)
    private static let yesNo = FieldType.picklist(options: ["Yes", "No"], restricted: false)
    private static let money = FieldType.currency(precision: 18, scale: 2)
    private static let day = FieldValue.date(CalendarDate(year: 2026, month: 1, day: 31))
    private static let codes = Transform.lookup(table: ["gold": "1", "au": "1", "silver": "2"], otherwise: nil)

    private func form(_ value: FieldValue, _ crm: FieldType, _ marketing: FieldType, _ transforms: [Transform]) -> JSONValue? {
        let mapping = FieldMapping(marketing: "field:7", crm: "X__c", transforms: transforms)
        return try? outgoing(value, through: mapping, crmType: crm, marketingType: marketing)
    }

    @Test(
        "MAP-10 each kind of value has a form that reads back",
        arguments: [
            (FieldValue.blank, text, text, [], "" as JSONValue?), (.text("Lee "), text, text, [], "Lee"),
            (.text("Lee"), text, text, [.trim, .titlecase], "Lee"), (.text("LEE"), text, text, [.lowercase], nil),
            (.text("||a||"), text, text, [], nil), (.text("a,b"), text, text, [.split(separator: ",", index: 0)], nil),
            (.text("ann@acme.test"), .email(maxLength: 80), .email(maxLength: nil), [], "ann@acme.test"),
            (.number(decimal("1234.50")), money, text, [], "1234.5"),
            (.number(decimal("0.01")), money, .number(precision: nil, scale: nil), [], "0.01"),
            (.number(decimal("1234.5")), money, text, [.numberFormat(decimalSeparator: ",")], "1234,5"),
            (.number(decimal("-1000000")), .integer, text, [], "-1000000"),
            (.number(12), .percent(precision: 5, scale: 2), text, [], "12"),
            (.boolean(true), .boolean, text, [], "true"), (.boolean(false), .boolean, text, [], "false"),
            (.boolean(true), .boolean, yesNo, [], "Yes"), (.boolean(false), .boolean, yesNo, [], "No"),
            (.boolean(true), .boolean, .number(precision: nil, scale: nil), [], "1"),
            (.boolean(true), .boolean, .multiPicklist(options: ["Yes"], restricted: true), [], "||Yes||"),
            (.boolean(false), .boolean, .multiPicklist(options: ["Yes"], restricted: true), [], ""),
            (day, .date, .date, [.dateFormat(.dayMonthYear)], "2026-01-31"), (day, .date, text, [], "2026-01-31"),
            (day, .date, text, [.dateFormat(.dayMonthYear)], "31/01/2026"),
            (day, .date, text, [.dateFormat(.monthDayYear)], "01/31/2026"),
            (day, .date, .dateTime, [], nil), (.instant(at(0)), .dateTime, .dateTime, [], "1970-01-01T00:00:00.000Z"),
            (.instant(at(0)), .dateTime, .date, [], nil),
            (.choices(["Blue", "Red"]), colours, colours, [], "||Blue||Red||"),
            (.choices(["Blue", "Red"]), colours, text, [], "Blue;Red"),
            (.choices(["Red"]), colours, .picklist(options: ["red"], restricted: false), [], "red"),
            (.choices(["Blue", "Red"]), colours, .picklist(options: [], restricted: false), [], nil),
            (.text("Red"), .picklist(options: ["Red"], restricted: true), colours, [], "||Red||"),
            (
                .text("web"), .picklist(options: ["web"], restricted: true), .picklist(options: ["Web"], restricted: true), [],
                "Web"
            ),
            (.text("abc"), text, .number(precision: nil, scale: nil), [], nil),
            (.number(1), .integer, text, [codes], "au"), (.number(2), .integer, text, [codes], "silver"),
            (.number(3), .integer, text, [codes], "3"),
            (.text("x"), text, text, [.lookup(table: ["a": "b"], otherwise: "y")], nil),
            (.choices(["1", "2"]), .multiPicklist(options: ["1", "2"], restricted: true), colours, [codes], "||au||silver||"),
            (.blank, text, text, [.defaultValue("n/a")], nil), (.text("n/a"), text, text, [.defaultValue("n/a")], "n/a"),
        ])
    func forms(value: FieldValue, crm: FieldType, marketing: FieldType, transforms: [Transform], expected: JSONValue?) {
        #expect(form(value, crm, marketing, transforms) == expected)
    }

    @Test("MAP-10 what cannot be turned round is told: an error outbound, a warning both ways, nothing inbound")
    func notReversible() {
        func problems(_ direction: MappingDirection, _ transform: Transform) -> [MappingProblem] {
            let mapping = FieldMapping(marketing: "field:7", crm: "LastName", direction: direction, transforms: [transform])
            return MappingSet(contact: [mapping], lead: []).problems(
                crm: [.contact: contactFields.schema], marketing: marketingFields.schema
            ).filter { $0.kind == .notReversible }
        }
        for transform in [Transform.split(separator: " ", index: 1), .join(separator: ", ")] {
            #expect(problems(.outbound, transform).map(\.isWarning) == [false])
            #expect(problems(.both, transform).map(\.isWarning) == [true] && problems(.inbound, transform).isEmpty)
        }
        #expect(problems(.outbound, .trim).isEmpty)
    }

    @Test("MAP-2 what flows outbound only is of a type that reads back, too")
    func refusedTypes() {
        let mappings = [FieldMapping(marketing: "field:9", crm: "Income__c", direction: .outbound)]
        let problems = MappingSet(contact: mappings, lead: []).problems(
            crm: [.contact: contactFields.schema], marketing: marketingFields.schema)
        #expect(problems.contains { $0.kind == .refusedTypes })
    }
}
