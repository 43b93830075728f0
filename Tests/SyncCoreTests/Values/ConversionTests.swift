import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("MAP-2 Conversion")
struct ConversionTests {
    static let types: [FieldType] = [
        .text(maxLength: 10), .longText(maxLength: nil), .email(maxLength: nil), .phone(maxLength: 40), .url(maxLength: 255),
        .number(precision: 18, scale: 2), .currency(precision: 18, scale: 2), .percent(precision: 5, scale: 2), .integer,
        .boolean,
        .date, .dateTime, .picklist(options: ["Red"], restricted: true), .multiPicklist(options: ["Red"], restricted: true),
    ]

    @Test("blank is blank for every type, never a zero, a false or an empty text", arguments: types)
    func blanks(type: FieldType) throws {
        for value in [JSONValue.null, "", "  \n", "\u{A0}", [], "||||", "||", [""]] {
            #expect(try convert(value, to: type) == .blank)
        }
    }

    @Test("an object is no value, and a field that cannot be mapped holds none", arguments: types)
    func noValue(type: FieldType) {
        #expect(throws: ConversionFailure.self) { try convert(["a": 1], to: type) }
        #expect(throws: ConversionFailure("a field of type reference cannot be mapped")) {
            try convert("x", to: .unsupported("reference"))
        }
    }

    @Test("text is trimmed, and refused when too long")
    func text() throws {
        #expect(try convert("  Ann \n", to: .text(maxLength: 3)) == .text("Ann"))
        #expect(throws: ConversionFailure("too long: 4 characters, the field holds 3")) {
            try convert("Anna", to: .text(maxLength: 3))
        }
        // Salesforce counts UTF-16 units: this one character is two.
        #expect(throws: ConversionFailure.self) { try convert("😀😀", to: .text(maxLength: 3)) }
        #expect(try convert(12, to: .text(maxLength: nil)) == .text("12"))
        #expect(try convert(.double(12), to: .text(maxLength: nil)) == .text("12"))
        #expect(try convert(.double(1.5), to: .text(maxLength: nil)) == .text("1.5"))
        #expect(try convert(true, to: .text(maxLength: nil)) == .text("true"))
        #expect(try convert("||Red||Blue||", to: .text(maxLength: nil)) == .text("Red;Blue"))
        #expect(try convert("1 (11) 500 555-0162", to: .phone(maxLength: 40)) == .text("1 (11) 500 555-0162"))
    }

    @Test(
        "GEN-2 an email address has its shape", arguments: ["ann@acme.test", " ann+x@mail.acme.test ", "o'neil@müller.example"])
    func email(text: String) throws {
        #expect(try convert(.string(text), to: .email(maxLength: 80)) == .text(trimmed(text)))
    }

    @Test(
        "an email address without it is refused",
        arguments: ["ann", "ann@", "@acme.test", "ann@acme", "a@b@c.de", "a nn@acme.test", "a@.de", "a@b..de"])
    func noEmail(text: String) {
        #expect(throws: ConversionFailure("not an email address")) { try convert(.string(text), to: .email(maxLength: nil)) }
    }

    @Test("an email address longer than the CRM can hold is refused")
    func longEmail() {
        let text = JSONValue.string(String(repeating: "a", count: 70) + "@acme.example")
        #expect(throws: ConversionFailure("too long: 83 characters, the field holds 80")) {
            try convert(text, to: .email(maxLength: nil))
        }
    }

    @Test("yes and no in their usual forms")
    func booleans() throws {
        for value in [true, "true", "TRUE", "Yes", "1", 1, "on", "||Yes||", ["yes"]] as [JSONValue] {
            #expect(try convert(value, to: .boolean) == .boolean(true))
        }
        for value in [false, "false", "No", "0", 0, "Off"] as [JSONValue] {
            #expect(try convert(value, to: .boolean) == .boolean(false))
        }
        for value in ["maybe", 2, "2", "||Yes||No||", "yes!"] as [JSONValue] {
            #expect(throws: ConversionFailure.self) { try convert(value, to: .boolean) }
        }
    }

    @Test("a choice comes out in the CRM's own spelling")
    func picklist() throws {
        let restricted = FieldType.picklist(options: ["Gold", "gold", "Silver"], restricted: true)
        #expect(try convert("SILVER ", to: restricted) == .text("Silver"))
        #expect(try convert("gold", to: restricted) == .text("gold"))
        #expect(try convert("||Gold||", to: restricted) == .text("Gold"))
        #expect(throws: ConversionFailure("not one of the field's 3 options")) { try convert("Bronze", to: restricted) }
        #expect(throws: ConversionFailure("2 choices where the field holds one")) {
            try convert("||Gold||Silver||", to: restricted)
        }
        let open = FieldType.picklist(options: ["Gold"], restricted: false)
        #expect(try convert("Bronze", to: open) == .text("Bronze"))
        #expect(try convert("GOLD", to: open) == .text("Gold"))
        #expect(throws: ConversionFailure.self) { try convert(.string(String(repeating: "x", count: 256)), to: open) }
    }

    @Test("several choices are a set, however they arrive")
    func multiPicklist() throws {
        let type = FieldType.multiPicklist(options: ["Red", "Blue"], restricted: true)
        for value in ["||Red||Blue||", "Red;Blue", "blue; RED ;red;", ["Blue", "Red", ""], "||Blue||Red||Blue||"] as [JSONValue] {
            #expect(try convert(value, to: type) == .choices(["Blue", "Red"]))
        }
        #expect(try convert("Red", to: type) == .choices(["Red"]))
        #expect(throws: ConversionFailure.self) { try convert("||Red||Green||", to: type) }
        // The CRM would make two choices of it.
        #expect(throws: ConversionFailure.self) { try convert("||a;b||", to: .multiPicklist(options: [], restricted: false)) }
        #expect(throws: ConversionFailure.self) { try convert([["Red"]], to: type) }
    }
}

@Suite("GEN-5 What the CRM holds after saving")
struct NormalizationTests {
    @Test("saved forms")
    func normalized() {
        #expect(FieldType.text(maxLength: nil).normalized(.text("  a ")) == .text("a"))
        #expect(FieldType.text(maxLength: nil).normalized(.text(" \n")) == .blank)
        #expect(FieldType.currency(precision: 18, scale: 2).normalized(.number(decimal("1.005"))) == .number(decimal("1.01")))
        #expect(FieldType.currency(precision: 18, scale: 0).normalized(.number(-2.5)) == .number(-3))
        #expect(FieldType.number(precision: nil, scale: nil).normalized(.number(decimal("1.005"))) == .number(decimal("1.005")))
        #expect(FieldType.boolean.normalized(.blank) == .boolean(false))
        #expect(FieldType.dateTime.normalized(.instant(Timestamp(milliseconds: 1999))) == .instant(at(1)))
        #expect(FieldType.dateTime.normalized(.instant(Timestamp(milliseconds: -1))) == .instant(at(-1)))
        let choices = FieldType.multiPicklist(options: [], restricted: false)
        #expect(choices.normalized(.choices(["b", "a ", "b", ""])) == .choices(["a", "b"]))
        #expect(choices.normalized(.choices([" "])) == .blank)
    }

    static let equal: [(FieldType, FieldValue, FieldValue)] = [
        (.text(maxLength: nil), .blank, .text("")), (.text(maxLength: nil), .text("a"), .text(" a")),
        (.email(maxLength: nil), .text("Ann@Acme.test"), .text("ann@acme.test ")), (.boolean, .blank, .boolean(false)),
        (.number(precision: nil, scale: nil), .number(1), .number(1.0)),
        (.currency(precision: 18, scale: 1), .number(1.04), .number(1)),
        (.dateTime, .instant(Timestamp(milliseconds: 1000)), .instant(Timestamp(milliseconds: 1999))),
        (.multiPicklist(options: [], restricted: false), .choices(["b", "a"]), .choices(["a", "b", "a"])),
    ]

    @Test("the same to the CRM", arguments: equal)
    func same(type: FieldType, left: FieldValue, right: FieldValue) {
        #expect(type.areEqual(left, right) && type.areEqual(right, left))
    }

    static let different: [(FieldType, FieldValue, FieldValue)] = [
        (.text(maxLength: nil), .text("Ann"), .text("ann")), (.text(maxLength: nil), .blank, .text("a")),
        (.boolean, .blank, .boolean(true)), (.number(precision: nil, scale: nil), .blank, .number(0)),
        (.currency(precision: 18, scale: 2), .number(1), .number(1.01)), (.dateTime, .instant(at(1)), .instant(at(2))),
        (.multiPicklist(options: [], restricted: false), .choices(["a"]), .choices(["a", "b"])),
    ]

    @Test("not the same", arguments: different)
    func notSame(type: FieldType, left: FieldValue, right: FieldValue) {
        #expect(!type.areEqual(left, right) && !type.areEqual(right, left))
    }
}
