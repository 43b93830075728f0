import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("MAP-10 Transforms")
struct TransformTests {
    static let steps: [(Transform, JSONValue, JSONValue)] = [
        (.trim, "  Ann ", "Ann"), (.trim, 5, 5), (.lowercase, "ANN Ä", "ann ä"), (.uppercase, "ann ß", "ANN SS"),
        (.uppercase, nil, nil),
        (.titlecase, "JEAN-LUC o'neil van DYKE", "Jean-Luc O'Neil Van Dyke"), (.titlecase, "don't", "Don't"),
        (.split(separator: " ", index: 0), "Ann Lee", "Ann"), (.split(separator: " ", index: -1), "Ann van Lee", "Lee"),
        (.split(separator: ", ", index: 1), "Lee, Ann", "Ann"), (.split(separator: " ", index: 5), "Ann Lee", nil),
        (.split(separator: " ", index: .min), "Ann Lee", nil), (.split(separator: " ", index: .max), "Ann Lee", nil),
        (.split(separator: " ", index: 0), "", ""), (.join(separator: ", "), "||Red||Blue||", "Red, Blue"),
        (.join(separator: "/"), ["a", 1], "a/1"), (.join(separator: ","), "plain", "plain"),
        (.lookup(table: ["1": "Gold"], otherwise: nil), 1, "Gold"), (.lookup(table: ["1": "Gold"], otherwise: nil), "2", "2"),
        (.lookup(table: ["1": "Gold"], otherwise: "None"), "2", "None"),
        (.lookup(table: ["1": "Gold"], otherwise: "None"), "", ""),
        (.lookup(table: ["": "Empty"], otherwise: nil), nil, "Empty"),
        (.lookup(table: ["r": "Red"], otherwise: nil), "||r||b||", ["Red", "b"]),
        (.defaultValue("n/a"), nil, "n/a"), (.defaultValue("n/a"), "  ", "n/a"), (.defaultValue("n/a"), "||||", "n/a"),
        (.defaultValue("n/a"), false, false), (.defaultValue("n/a"), "||x||", "||x||"),
        (.dateFormat(.dayMonthYear), "1/2/2003", "1/2/2003"),
    ]

    @Test("one step", arguments: steps)
    func step(transform: Transform, value: JSONValue, expected: JSONValue) throws {
        #expect(try transform.apply(value) == expected)
    }

    @Test("steps run in order and say how to read the result")
    func chain() throws {
        let last = FieldMapping(
            marketing: "name", crm: "LastName",
            transforms: [.trim, .split(separator: " ", index: -1), .titlecase, .defaultValue("Unknown")])
        #expect(try last.value(from: " ann LEE ", type: .text(maxLength: 80)) == .text("Lee"))
        #expect(try last.value(from: nil, type: .text(maxLength: 80)) == .text("Unknown"))
        let date = FieldMapping(marketing: "d", crm: "D__c", transforms: [.dateFormat(.dayMonthYear)])
        #expect(try date.value(from: "1/2/2003", type: .date) == .date(CalendarDate(year: 2003, month: 2, day: 1)))
        let number = FieldMapping(marketing: "n", crm: "N__c", transforms: [.numberFormat(decimalSeparator: ",")])
        #expect(try number.value(from: "1,234", type: .number(precision: nil, scale: nil)) == .number(1.234))
    }

    @Test("a step that cannot work on a value says so")
    func failures() {
        #expect(throws: ConversionFailure.self) { try Transform.split(separator: "", index: 0).apply("a") }
        #expect(throws: ConversionFailure.self) { try Transform.lookup(table: [:], otherwise: nil).apply(["a": 1]) }
    }
}

@Suite("MAP-2 Type pairs")
struct CompatibilityTests {
    private static let samples: [(FieldType, JSONValue)] = [
        (.text(maxLength: nil), "x"), (.longText(maxLength: nil), "x"), (.email(maxLength: nil), "ann@acme.test"),
        (.phone(maxLength: nil), "555"), (.url(maxLength: nil), "https://acme.test"), (.number(precision: nil, scale: nil), "1"),
        (.currency(precision: nil, scale: nil), "1"), (.percent(precision: nil, scale: nil), "1"), (.integer, 1),
        (.boolean, true),
        (.date, "2008-01-20"), (.dateTime, "2008-01-20T10:00:00Z"), (.picklist(options: [], restricted: false), "1"),
        (.multiPicklist(options: [], restricted: false), "||1||"),
    ]

    @Test("whatever is accepted can be converted, apart from text that must say something particular")
    func acceptedConverts() {
        for (source, sample) in Self.samples {
            for (target, particular) in Self.samples {
                let isText = compatibility(marketing: source, crm: .email(maxLength: nil)) == .converted
                let value = isText ? particular : sample
                switch compatibility(marketing: source, crm: target) {
                case .refused(let reason): #expect(!reason.isEmpty)
                case .direct, .converted: #expect(throws: Never.self, "\(source) → \(target)") { try convert(value, to: target) }
                }
            }
        }
    }

    @Test("the same kind is direct, and text takes anything")
    func always() {
        for (type, _) in Self.samples {
            #expect(compatibility(marketing: type, crm: type) == .direct)
            #expect(compatibility(marketing: type, crm: .text(maxLength: 255)) != .refused(""))
            guard case .refused = compatibility(marketing: type, crm: .unsupported("reference")) else {
                Issue.record("\(type) cannot fill a reference")
                continue
            }
        }
        #expect(compatibility(marketing: .text(maxLength: nil), crm: .currency(precision: 18, scale: 2)) == .converted)
    }

    @Test("what makes no sense is refused with the reason")
    func refused() {
        #expect(compatibility(marketing: .date, crm: .dateTime) == .refused("a date has no time of day"))
        #expect(compatibility(marketing: .boolean, crm: .date) == .refused("a yes or no cannot be read as a date"))
        #expect(
            compatibility(marketing: .email(maxLength: nil), crm: .currency(precision: 18, scale: 2))
                == .refused("an email address cannot be read as a number"))
        #expect(
            compatibility(marketing: .unsupported("file"), crm: .text(maxLength: nil))
                == .refused("a field of type file cannot be mapped"))
    }
}

@Suite("MAP Mappings against both sides")
struct MappingProblemTests {
    private let crm: [CRMObject: ObjectSchema] = [.contact: contactFields.schema, .lead: leadFields.schema]

    private func problems(_ contact: [FieldMapping]) -> [MappingProblem] {
        let lastName = [FieldMapping(marketing: "lastName", crm: "LastName")]
        return MappingSet(contact: lastName + contact, lead: MappingSet.defaults.lead).problems(
            crm: crm, marketing: marketingFields.schema)
    }

    @Test("MAP-1 the defaults fit Salesforce and ActiveCampaign as they are")
    func defaults() {
        #expect(MappingSet.defaults.problems(crm: crm, marketing: marketingFields.schema).isEmpty)
        #expect(MappingSet.defaults[.contact].map(\.crm) == ["FirstName", "LastName", "Email", "Phone"])
        #expect(MappingSet.defaults[.lead].map(\.marketing) == ["firstName", "lastName", "email", "phone", "accountName"])
    }

    @Test("each problem names object, place, field and kind")
    func each() {
        let cases: [(FieldMapping, MappingProblem.Kind, String)] = [
            (FieldMapping(marketing: "email", crm: "Nope__c"), .unknownCRMField, "Nope__c"),
            (FieldMapping(marketing: "field:99", crm: "Phone"), .unknownMarketingField, "field:99"),
            (FieldMapping(marketing: "email", crm: "Income__c"), .refusedTypes, "Income__c"),
            (FieldMapping(marketing: "firstName", crm: "Name"), .readOnly, "Name"),
            (FieldMapping(marketing: "firstName", crm: "lastname"), .duplicateTarget, "lastname"),
            (
                FieldMapping(marketing: "firstName", crm: "Phone", transforms: [.split(separator: "", index: 0)]),
                .invalidTransform, "firstName"
            ),
            (
                FieldMapping(marketing: "firstName", crm: "FirstName", transforms: [.numberFormat(decimalSeparator: "'")]),
                .invalidTransform, "firstName"
            ),
        ]
        for (mapping, kind, field) in cases {
            let found = problems([mapping])
            #expect(found.map(\.kind) == [kind])
            #expect(found.map(\.field) == [field])
            #expect(found.map(\.object) == [.contact] && found.map(\.index) == [1])
            #expect(found.allSatisfy { !$0.isWarning && !$0.reason.isEmpty })
        }
    }

    @Test("outbound only asks nothing of the CRM field")
    func outbound() {
        #expect(problems([FieldMapping(marketing: "firstName", crm: "Name", direction: .outbound)]).isEmpty)
        #expect(problems([FieldMapping(marketing: "firstName", crm: "LastName", direction: .outbound)]).isEmpty)
    }

    @Test("a field that may be set only once wants the scope that says so")
    func scopes() {
        var once = contactFields.schema
        once.fields.append(FieldSchema(name: "Once__c", type: .text(maxLength: nil), isUpdatable: false))
        once.fields.append(FieldSchema(name: "Later__c", type: .text(maxLength: nil), isCreatable: false))
        func kinds(_ crm: String, _ scope: WriteScope) -> [MappingProblem.Kind] {
            MappingSet(contact: [FieldMapping(marketing: "firstName", crm: crm, scope: scope)], lead: [])
                .problems(crm: [.contact: once], marketing: marketingFields.schema).filter { !$0.isWarning }.map(\.kind)
        }
        #expect(kinds("Once__c", .createOnly) == [] && kinds("Later__c", .updateOnly) == [])
        for scope in [WriteScope.createAndUpdate, .updateOnly] { #expect(kinds("Once__c", scope) == [.readOnly]) }
        for scope in [WriteScope.createAndUpdate, .createOnly] { #expect(kinds("Later__c", scope) == [.readOnly]) }
    }

    @Test("a required field without a mapping is a warning")
    func required() {
        let found = MappingSet(contact: [], lead: [FieldMapping(marketing: "lastName", crm: "LastName", scope: .updateOnly)])
            .problems(crm: crm, marketing: marketingFields.schema)
        #expect(found.map(\.field) == ["LastName", "LastName", "Company"])
        #expect(found.allSatisfy { $0.kind == .requiredNotMapped && $0.isWarning && $0.index == nil })
    }

    @Test("names and aliases are found in any case, a name before an alias")
    func index() {
        let schema = ObjectSchema(
            name: "x",
            fields: [
                FieldSchema(name: "A", aliases: ["b", "perstag:INCOME"], type: .boolean), FieldSchema(name: "B", type: .integer),
                FieldSchema(name: "a", type: .date),
            ])
        let index = FieldIndex(schema)
        #expect(index["A"]?.type == .boolean && index["a"]?.type == .date && index["PersTag:income"]?.name == "A")
        #expect(index["b"]?.name == "B" && index["c"] == nil)
        #expect(schema.field(named: "PERSTAG:INCOME")?.name == "A")
    }
}
