import Connectors
import Contracts
import SyncCore

import struct Foundation.Decimal
import struct Foundation.Locale

/// Field values between Salesforce's JSON and ours.
enum FieldCoding {
    private static let posix = Locale(identifier: "en_US_POSIX")

    /// A value as the API takes it. Numbers travel as JSON numbers: exact to 15 digits, as Salesforce stores them.
    static func json(_ value: FieldValue, type: FieldType) -> JSONValue {
        switch value {
        // A check box has no "no value"; null is refused for it.
        case .blank: type == .boolean ? false : .null
        case .text(let text): .string(text)
        case .number(let number): json(number)
        case .boolean(let flag): .boolean(flag)
        case .date(let date): .string(text(date))
        case .instant(let moment): .string(moment.iso8601)
        case .choices(let options): options.isEmpty ? .null : .string(options.joined(separator: ";"))
        }
    }

    /// A value as the API answered it, typed by the field's description.
    static func value(_ json: JSONValue, type: FieldType) -> FieldValue {
        if json.isBlank { return .blank }
        switch type {
        case .number, .currency, .percent, .integer: return number(json).map(FieldValue.number) ?? untyped(json)
        case .date: return json.stringValue.flatMap(date).map(FieldValue.date) ?? untyped(json)
        case .dateTime: return json.stringValue.flatMap(Timestamp.init(iso8601:)).map(FieldValue.instant) ?? untyped(json)
        case .multiPicklist: return choices(json)
        case .boolean: return flag(json).map(FieldValue.boolean) ?? untyped(json)
        default: return untyped(json)
        }
    }

    /// Bulk results hold texts only.
    private static func flag(_ json: JSONValue) -> Bool? {
        switch json {
        case .boolean(let flag): flag
        case .string("true"), .string("1"): true
        case .string("false"), .string("0"): false
        default: nil
        }
    }

    private static func untyped(_ json: JSONValue) -> FieldValue {
        switch json {
        case .string(let text): .text(text)
        case .boolean(let flag): .boolean(flag)
        case .integer, .double: number(json).map(FieldValue.number) ?? .blank
        case .null, .array, .object: .blank
        }
    }

    private static func choices(_ json: JSONValue) -> FieldValue {
        let options = Set(json.stringValue?.split(separator: ";").map(String.init) ?? [])
        return options.isEmpty ? .blank : .choices(options.sorted())
    }

    private static func number(_ json: JSONValue) -> Decimal? {
        switch json {
        case .integer(let value): Decimal(value)
        // By its shortest text: converting the binary value would turn 0.1 into 0.1000000000000000055.
        case .double(let value): Decimal(string: value.description, locale: posix)
        case .string(let text): Decimal(string: text, locale: posix)
        default: nil
        }
    }

    private static func json(_ number: Decimal) -> JSONValue {
        let text = number.description
        return Int64(text).map(JSONValue.integer) ?? Double(text).map(JSONValue.double) ?? .string(text)
    }

    private static func text(_ date: CalendarDate) -> String {
        "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func date(_ text: String) -> CalendarDate? {
        guard let match = text.wholeMatch(of: /(\d{4})-(\d{2})-(\d{2})/), let year = Int(match.1), let month = Int(match.2),
            let day = Int(match.3), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return CalendarDate(year: year, month: month, day: day)
    }
}
