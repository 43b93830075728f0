public import Contracts
import Foundation

/// The form in which marketing gets a CRM value: one that reads back, through the mapping's transforms and the conversion, as
/// an equal value. Without that the value would come back changed and never come to rest.
///
/// Blanks are empty text, numbers plain decimals, days `yyyy-mm-dd` (in text fields in the mapping's date format), moments ISO
/// 8601 in UTC, several choices `||a||b||` (in text fields `a;b`), yes and no an option that means it or else `true` and
/// `false`. A look-up table gives the first of its keys, in alphabetical order, that stands for the value.
public func outgoing(
    _ value: FieldValue, through mapping: FieldMapping, crmType: FieldType, marketingType: FieldType
) throws(ConversionFailure) -> JSONValue {
    let value = crmType.normalized(value)
    let form = OutgoingForm(mapping: mapping, crmType: crmType, marketingType: marketingType)
    guard let json = form.candidates(for: value).first(where: { form.isFaithful($0, to: value) }) else {
        throw ConversionFailure("would not read back from marketing as it is")
    }
    return json
}

private struct OutgoingForm {
    let mapping: FieldMapping
    let crmType: FieldType
    let marketingType: FieldType

    func isFaithful(_ json: JSONValue, to value: FieldValue) -> Bool {
        guard let held = try? convert(json, to: marketingType, hints: mapping.hints) else { return false }
        // A day field drops the time of day.
        let kept = if case .date(let date) = held, marketingType == .date { JSONValue.string(date.description) } else { json }
        guard let read = try? mapping.value(from: kept, type: crmType) else { return false }
        return crmType.areEqual(read, value)
    }

    /// The forms worth trying, the best first.
    func candidates(for value: FieldValue) -> [JSONValue] {
        switch value {
        case .blank: [""]
        case .choices(let choices): several(choices)
        default: (keys(for: value) + texts(of: value)).map(single)
        }
    }

    /// The look-up keys that stand for a value.
    private func keys(for value: FieldValue) -> [String] {
        mapping.lookupKeys.filter { isFaithful(.string($0), to: value) }
    }

    private func texts(of value: FieldValue) -> [String] {
        switch value {
        case .blank, .choices: return []
        case .text(let text): return [text]
        case .number(let number):
            let plain = number.description
            guard isText, let separator = mapping.hints.decimalSeparator else { return [plain] }
            return [plain.replacingOccurrences(of: ".", with: String(separator))]
        case .boolean(let flag): return options + (flag ? ["true", "1"] : ["false", "0", ""])
        case .date(let date): return [isText ? text(of: date) : date.description]
        case .instant(let moment): return [moment.iso8601]
        }
    }

    private func text(of date: CalendarDate) -> String {
        let parts = date.description.split(separator: "-")
        switch mapping.hints.dateOrder {
        case .dayMonthYear where parts.count == 3: return "\(parts[2])/\(parts[1])/\(parts[0])"
        case .monthDayYear where parts.count == 3: return "\(parts[1])/\(parts[2])/\(parts[0])"
        default: return date.description
        }
    }

    private func several(_ choices: [String]) -> [JSONValue] {
        let parts = choices.map { keys(for: .choices([$0])).first ?? spelled($0) }
        return switch marketingType {
        case .multiPicklist: [.string("||" + parts.joined(separator: "||") + "||")]
        case .picklist where parts.count > 1: []
        default: [.string(parts.joined(separator: ";"))]
        }
    }

    /// One value; a field with several choices tells them by their bars.
    private func single(_ text: String) -> JSONValue {
        if case .multiPicklist = marketingType, !text.isEmpty { return .string("||\(spelled(text))||") }
        return .string(spelled(text))
    }

    /// A choice as marketing spells it.
    private func spelled(_ text: String) -> String { options.first { $0.lowercased() == text.lowercased() } ?? text }

    private var options: [String] {
        switch marketingType {
        case .picklist(let options, _), .multiPicklist(let options, _): options
        default: []
        }
    }

    private var isText: Bool {
        switch marketingType {
        case .text, .longText: true
        default: false
        }
    }
}

extension FieldMapping {
    /// Why no CRM value can be written back through the transforms, if so: what they cut away or put together cannot be
    /// told from the outcome.
    var irreversibility: String? {
        for transform in transforms {
            switch transform {
            case .split: return "a split cannot be undone"
            case .join: return "a join cannot be undone"
            default: continue
            }
        }
        return nil
    }

    fileprivate var lookupKeys: [String] {
        transforms.flatMap { if case .lookup(let table, _) = $0 { table.keys.sorted() } else { [String]() } }
    }

    /// Whether the mapping writes to marketing when a person is created there, or else updated (MAP-10).
    func flowsOut(inCreate isCreate: Bool) -> Bool {
        guard direction != .inbound, irreversibility == nil else { return false }
        switch scope {
        case .createAndUpdate: return true
        case .createOnly: return isCreate
        case .updateOnly: return !isCreate
        }
    }
}
