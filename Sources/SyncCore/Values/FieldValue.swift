public import Contracts
public import Foundation

/// A field's value in the CRM's terms: the form in which both sides are compared and the base is kept.
public enum FieldValue: Sendable, Hashable {
    /// No value: null, empty text and text of blanks are all this.
    case blank
    case text(String)
    case number(Decimal)
    case boolean(Bool)
    case date(CalendarDate)
    case instant(Timestamp)
    /// The chosen options of a multi-select field, sorted, without repeats.
    case choices([String])
}

extension FieldValue {
    /// Whether there is no value; empty text and an empty choice count as none.
    public var isBlank: Bool {
        switch self {
        case .blank: true
        case .text(let text): text.allSatisfy(\.isWhitespace)
        case .choices(let choices): choices.isEmpty
        case .number, .boolean, .date, .instant: false
        }
    }
}

// MARK: The stored form

extension FieldValue {
    /// The form in which a value is kept: what JSON has is used as it is, the rest is an object with one short key
    /// (`n` a decimal, `d` a day, `t` milliseconds), so that every value reads back exactly.
    public var json: JSONValue {
        switch self {
        case .blank: .null
        case .text(let text): .string(text)
        case .number(let number): ["n": .string(number.description)]
        case .boolean(let flag): .boolean(flag)
        case .date(let date): ["d": .string(date.description)]
        case .instant(let moment): ["t": .integer(moment.milliseconds)]
        case .choices(let choices): .array(choices.map(JSONValue.string))
        }
    }

    /// Reads ``json`` back; `nil` for anything else.
    public init?(json: JSONValue) {
        switch json {
        case .null: self = .blank
        case .string(let text): self = .text(text)
        case .boolean(let flag): self = .boolean(flag)
        case .array(let elements):
            let choices = elements.compactMap(\.stringValue)
            guard choices.count == elements.count else { return nil }
            self = .choices(choices)
        case .object(let members):
            guard members.count == 1, let (key, value) = members.first else { return nil }
            switch (key, value) {
            case ("n", .string(let text)):
                guard let number = Decimal(string: text) else { return nil }
                self = .number(number)
            case ("d", .string(let text)):
                guard let date = CalendarDate(text) else { return nil }
                self = .date(date)
            case ("t", .integer(let milliseconds)): self = .instant(Timestamp(milliseconds: milliseconds))
            default: return nil
            }
        case .integer, .double: return nil
        }
    }
}
