public import Contracts
import Foundation

/// What a manager said about how a field's text is to be read, where the text alone would be ambiguous.
public struct ConversionHints: Sendable, Hashable {
    public var dateOrder: DateOrder?
    /// `.` or `,`.
    public var decimalSeparator: Character?
    /// The offset from UTC of local times that do not say theirs.
    public var utcOffsetMinutes: Int?

    public init(dateOrder: DateOrder? = nil, decimalSeparator: Character? = nil, utcOffsetMinutes: Int? = nil) {
        self.dateOrder = dateOrder
        self.decimalSeparator = decimalSeparator
        self.utcOffsetMinutes = utcOffsetMinutes
    }
}

/// Why a value cannot be held by a field. Does not repeat the value: whoever reports it adds field and value.
public struct ConversionFailure: Error, Sendable, Hashable {
    public var reason: String

    public init(_ reason: String) { self.reason = reason }
}

/// Reads a marketing value as a CRM field of `type` holds it (MAP-2, MAP-3).
///
/// Blank (null, text of blanks, no choices, and for days and times the vendors' `0000-00-00`) is `.blank` for every
/// type. What cannot be read is a failure, never a zero or a guess.
public func convert(
    _ value: JSONValue, to type: FieldType, hints: ConversionHints = ConversionHints()
) throws(ConversionFailure) -> FieldValue {
    switch type {
    case .text(let limit), .longText(let limit), .phone(let limit), .url(let limit):
        return try convertToText(value, maxLength: limit)
    case .email(let limit):
        return try convertToEmail(value, maxLength: limit)
    case .number(let precision, let scale):
        return try convertToNumber(value, NumberShape(precision: precision, scale: scale, kind: .number), hints)
    case .currency(let precision, let scale):
        return try convertToNumber(value, NumberShape(precision: precision, scale: scale, kind: .number), hints)
    case .percent(let precision, let scale):
        return try convertToNumber(value, NumberShape(precision: precision, scale: scale, kind: .percent), hints)
    case .integer:
        return try convertToNumber(value, NumberShape(precision: nil, scale: nil, kind: .integer), hints)
    case .boolean:
        return try convertToBoolean(value)
    case .date:
        guard let text = try scalarText(value) else { return .blank }
        return try readDate(text, order: hints.dateOrder).map(FieldValue.date) ?? .blank
    case .dateTime:
        guard let text = try scalarText(value) else { return .blank }
        return try readInstant(text, utcOffsetMinutes: hints.utcOffsetMinutes).map(FieldValue.instant) ?? .blank
    case .picklist(let options, let restricted):
        guard let text = try scalarText(value) else { return .blank }
        return .text(try option(for: text, among: options, restricted: restricted))
    case .multiPicklist(let options, let restricted):
        return try convertToChoices(value, options: options, restricted: restricted)
    case .unsupported(let name):
        throw ConversionFailure("a field of type \(name) cannot be mapped")
    }
}

// MARK: Text

private func convertToText(_ value: JSONValue, maxLength: Int?) throws(ConversionFailure) -> FieldValue {
    let text: String
    if let choices = try multipleChoices(value) {
        text = choices.joined(separator: ";")
    } else {
        text = try plainText(value)
    }
    guard !text.isEmpty else { return .blank }
    try check(text, maxLength: maxLength)
    return .text(text)
}

/// The shape only: one `@` between a name and a host with a dot, no blanks. Whether it exists is the vendor's to say.
private func convertToEmail(_ value: JSONValue, maxLength: Int?) throws(ConversionFailure) -> FieldValue {
    guard let text = try scalarText(value) else { return .blank }
    try check(text, maxLength: maxLength ?? 80)
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !text.contains(where: \.isWhitespace) else {
        throw ConversionFailure("not an email address")
    }
    let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }) else { throw ConversionFailure("not an email address") }
    return .text(text)
}

/// Lengths are counted in UTF-16 units, as Salesforce counts them.
private func check(_ text: String, maxLength: Int?) throws(ConversionFailure) {
    guard let maxLength, text.utf16.count > maxLength else { return }
    throw ConversionFailure("too long: \(text.utf16.count) characters, the field holds \(maxLength)")
}

private func convertToBoolean(_ value: JSONValue) throws(ConversionFailure) -> FieldValue {
    if case .boolean(let flag) = value { return .boolean(flag) }
    guard let text = try scalarText(value) else { return .blank }
    switch text.lowercased() {
    case "true", "yes", "1", "on": return .boolean(true)
    case "false", "no", "0", "off": return .boolean(false)
    default: throw ConversionFailure("not a yes or no")
    }
}

// MARK: Choices

private func convertToChoices(
    _ value: JSONValue, options: [String], restricted: Bool
) throws(ConversionFailure) -> FieldValue {
    let parts: [String]
    if let choices = try multipleChoices(value) {
        parts = choices
    } else {
        parts = try plainText(value).split(separator: ";").map(trimmed).filter { !$0.isEmpty }
    }
    guard !parts.isEmpty else { return .blank }
    var chosen: Set<String> = []
    for part in parts {
        // Salesforce parts choices by semicolons, so one inside a choice would silently become two.
        guard !part.contains(";") else { throw ConversionFailure("a choice contains a semicolon") }
        chosen.insert(try option(for: part, among: options, restricted: restricted))
    }
    return .choices(chosen.sorted())
}

/// The option in the CRM's own spelling; an exact match goes before one that differs in case.
private func option(for text: String, among options: [String], restricted: Bool) throws(ConversionFailure) -> String {
    if options.contains(text) { return text }
    if let match = options.first(where: { $0.lowercased() == text.lowercased() }) { return match }
    guard !restricted else { throw ConversionFailure("not one of the field's \(options.count) options") }
    try check(text, maxLength: 255)
    return text
}

// MARK: Reading what arrives

/// The parts of a value that says itself that it is a choice of several: a JSON array or ActiveCampaign's
/// `||Red||Blue||`. `nil` for any other value.
func multipleChoices(_ value: JSONValue) throws(ConversionFailure) -> [String]? {
    switch value {
    case .array(let elements):
        var parts: [String] = []
        for element in elements {
            let part = try plainText(element)
            if !part.isEmpty { parts.append(part) }
        }
        return parts
    case .string(let text):
        let text = trimmed(text)
        guard text.hasPrefix("||"), text.hasSuffix("||") else { return nil }
        return text.split(separator: "||").map(trimmed).filter { !$0.isEmpty }
    case .null, .boolean, .integer, .double, .object:
        return nil
    }
}

/// The one text a value stands for, or `nil` when it is blank. A choice of one is that choice.
func scalarText(_ value: JSONValue) throws(ConversionFailure) -> String? {
    if let choices = try multipleChoices(value) {
        guard choices.count <= 1 else { throw ConversionFailure("\(choices.count) choices where the field holds one") }
        return choices.first
    }
    let text = try plainText(value)
    return text.isEmpty ? nil : text
}

/// A value as text, without blanks at its ends; empty for null.
func plainText(_ value: JSONValue) throws(ConversionFailure) -> String {
    switch value {
    case .null: return ""
    case .boolean(let flag): return flag ? "true" : "false"
    case .integer(let number): return String(number)
    case .double(let number):
        guard number.isFinite else { throw ConversionFailure("not a number") }
        let text = number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    case .string(let text): return trimmed(text)
    case .array, .object: throw ConversionFailure("a list or an object where a single value is expected")
    }
}

/// `text` without blanks and line ends at its ends, as both vendors keep it.
func trimmed(_ text: some StringProtocol) -> String {
    guard let start = text.firstIndex(where: { !$0.isWhitespace }), let end = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[start...end])
}
