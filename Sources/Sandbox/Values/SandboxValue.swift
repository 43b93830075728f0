/// A JSON value as the emulated vendors keep and send it. Objects have no order; they are written sorted by key, so that
/// equal values are equal bytes.
public enum SandboxValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([SandboxValue])
    case object([String: SandboxValue])

    /// The text of a string; `nil` for anything else.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The text of a string, or a number or truth value written as text: how vendors with loose typing read a scalar.
    public var looseText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let flag): flag ? "1" : "0"
        case .null, .array, .object: nil
        }
    }

    public var double: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }

    public var bool: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    public var array: [SandboxValue]? {
        if case .array(let items) = self { items } else { nil }
    }

    public var object: [String: SandboxValue]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// A member of an object; `nil` when absent or when this is no object.
    public subscript(key: String) -> SandboxValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// An item of an array; `nil` when out of range or when this is no array.
    public subscript(index: Int) -> SandboxValue? {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }
}

extension SandboxValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: SandboxValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, SandboxValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
    }
}
