/// Whether a marketing field's values can fill a CRM field (MAP-2).
public enum TypeCompatibility: Sendable, Hashable {
    /// Every value fits, apart from its length.
    case direct
    /// Values are read; one that cannot be is a record error.
    case converted
    case refused(String)
}

/// Whether values of a marketing field can be read as a CRM field's, and if not, why.
public func compatibility(marketing: FieldType, crm: FieldType) -> TypeCompatibility {
    let source = Family(marketing)
    let target = Family(crm)
    if let name = source.unsupportedName ?? target.unsupportedName {
        return .refused("a field of type \(name) cannot be mapped")
    }
    let isText = target == .text && [.email, .phone, .url].contains(source)
    if source == target || isText { return .direct }
    let isAccepted =
        switch target {
        case .text: true
        case .email: source == .text
        case .phone: [.text, .number, .integer].contains(source)
        case .url: source == .text
        case .number, .integer: [.text, .number, .integer, .choice].contains(source)
        case .boolean: [.text, .number, .integer, .choice, .choices].contains(source)
        case .date: [.text, .dateTime].contains(source)
        case .dateTime: source == .text
        case .choice: [.text, .number, .integer, .boolean, .choices].contains(source)
        case .choices: [.text, .choice].contains(source)
        case .unsupported: false
        }
    if isAccepted { return .converted }
    if source == .date, target == .dateTime { return .refused("a date has no time of day") }
    return .refused("\(source.label) cannot be read as \(target.label)")
}

/// The kinds of value behind the field types.
private enum Family: Hashable {
    case text, email, phone, url, number, integer, boolean, date, dateTime, choice, choices
    case unsupported(String)

    init(_ type: FieldType) {
        switch type {
        case .text, .longText: self = .text
        case .email: self = .email
        case .phone: self = .phone
        case .url: self = .url
        case .number, .currency, .percent: self = .number
        case .integer: self = .integer
        case .boolean: self = .boolean
        case .date: self = .date
        case .dateTime: self = .dateTime
        case .picklist: self = .choice
        case .multiPicklist: self = .choices
        case .unsupported(let name): self = .unsupported(name)
        }
    }

    var unsupportedName: String? {
        if case .unsupported(let name) = self { name } else { nil }
    }

    var label: String {
        switch self {
        case .text: "text"
        case .email: "an email address"
        case .phone: "a phone number"
        case .url: "a web address"
        case .number: "a number"
        case .integer: "a whole number"
        case .boolean: "a yes or no"
        case .date: "a date"
        case .dateTime: "a date and time"
        case .choice: "a choice"
        case .choices: "several choices"
        case .unsupported(let name): name
        }
    }
}
