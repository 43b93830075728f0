import Contracts
import Foundation

extension FieldType {
    /// What the CRM will hold after saving `value`: text without blanks at its ends, numbers rounded to the field's scale,
    /// moments in whole seconds, choices as a sorted set, and `false` for an unset checkbox.
    public func normalized(_ value: FieldValue) -> FieldValue {
        if value.isBlank { return self == .boolean ? .boolean(false) : .blank }
        switch (self, value) {
        case (_, .text(let text)):
            return .text(trimmed(text))
        case (.number(_, let scale?), .number(let number)), (.currency(_, let scale?), .number(let number)),
            (.percent(_, let scale?), .number(let number)):
            return .number(number.rounded(scale: scale))
        case (_, .instant(let moment)):
            let rest = moment.milliseconds % 1000
            return .instant(Timestamp(milliseconds: moment.milliseconds &- (rest < 0 ? rest + 1000 : rest)))
        case (_, .choices(let choices)):
            let chosen = Set(choices.map(trimmed)).filter { !$0.isEmpty }
            return chosen.isEmpty ? .blank : .choices(chosen.sorted())
        case (_, .blank), (_, .number), (_, .boolean), (_, .date):
            return value
        }
    }

    /// Whether the CRM would show the same for both: numbers by value, choices as sets, email addresses ignoring case.
    public func areEqual(_ left: FieldValue, _ right: FieldValue) -> Bool {
        let left = normalized(left)
        let right = normalized(right)
        if case .email = self, case .text(let left) = left, case .text(let right) = right {
            return left.lowercased() == right.lowercased()
        }
        return left == right
    }
}
