import Contracts
import Foundation

/// What the operators mean. A CRM connector compiles the same tree to the CRM's own query language and has to find the same
/// records; this is SOQL's reading.
///
/// | operator | fields | holds when | on a blank field |
/// |---|---|---|---|
/// | equals, is any of | all but several choices | the value is (one of) the rule's | no |
/// | not equals, is none of | same | the opposite | yes |
/// | less, greater … | numbers, days, moments | by size, in time order | no |
/// | contains, starts with | text, email, phone, web address, choice | the text has it, blanks included | no |
/// | not contains | same | the opposite | yes |
/// | includes | several choices | one of the rule's options is chosen | no |
/// | excludes | same | the opposite | yes |
/// | is blank, is not blank | all but yes or no | there is no value; there is one | yes; no |
///
/// Text compares ignoring case, moments in whole seconds. A yes or no is never blank and knows only equals and not equals. A
/// rule that has a problem, or whose field the record was not read with, holds for no record.
extension Criterion {
    public func matches(_ record: CRMRecord, _ schema: FieldIndex) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.matches(record, schema) }
        case .any(let parts): parts.contains { $0.matches(record, schema) }
        case .rule(let rule): rule.matches(record, schema)
        }
    }

    /// The fields the rules are about, as they name them, without repeats.
    public var fields: [String] {
        switch self {
        case .all(let parts), .any(let parts): Set(parts.flatMap(\.fields)).sorted()
        case .rule(let rule): [rule.field]
        }
    }

    /// What is wrong with the rules, each problem naming field and value; none when they can be used.
    public func problems(in schema: FieldIndex) -> [String] {
        switch self {
        case .all(let parts), .any(let parts): parts.flatMap { $0.problems(in: schema) }
        case .rule(let rule): [rule.problem(in: schema)].compactMap(\.self)
        }
    }
}

extension FieldRule {
    /// The rule's values as a field of `type` compares them, normalized; for ``Operator/contains`` and its like as they are
    /// written. Whoever compiles the rule uses these.
    public func typedValues(for type: FieldType) throws(ConversionFailure) -> [FieldValue] {
        if let reason = refusal(of: type) { throw ConversionFailure(reason) }
        var read: [FieldValue] = []
        for value in values { read.append(try typed(value, type)) }
        return read
    }

    fileprivate func matches(_ record: CRMRecord, _ schema: FieldIndex) -> Bool {
        guard let field = schema[self.field], let held = record.values[field.name],
            let wanted = try? typedValues(for: field.type)
        else { return false }
        let value = field.type.normalized(held)
        return switch comparison {
        case .equals, .isAnyOf: wanted.contains { Self.areEqual($0, value) }
        case .notEquals, .isNoneOf: !wanted.contains { Self.areEqual($0, value) }
        case .contains: wanted.contains { Self.has(value, $0) { $0.contains($1) } }
        case .notContains: !wanted.contains { Self.has(value, $0) { $0.contains($1) } }
        case .startsWith: wanted.contains { Self.has(value, $0) { $0.hasPrefix($1) } }
        case .lessThan: Self.order(value, wanted.first).map { $0 < 0 } ?? false
        case .lessOrEqual: Self.order(value, wanted.first).map { $0 <= 0 } ?? false
        case .greaterThan: Self.order(value, wanted.first).map { $0 > 0 } ?? false
        case .greaterOrEqual: Self.order(value, wanted.first).map { $0 >= 0 } ?? false
        case .isBlank: value.isBlank
        case .isNotBlank: !value.isBlank
        case .includes: Self.isChosen(wanted, of: value)
        case .excludes: !Self.isChosen(wanted, of: value)
        }
    }

    private static func areEqual(_ left: FieldValue, _ right: FieldValue) -> Bool {
        if case .text(let left) = left, case .text(let right) = right { return left.lowercased() == right.lowercased() }
        return left == right
    }

    private static func has(_ value: FieldValue, _ part: FieldValue, _ test: (String, String) -> Bool) -> Bool {
        guard case .text(let text) = value, case .text(let part) = part else { return false }
        return test(text.lowercased(), part.lowercased())
    }

    /// Below, at or above zero as the value is less than, equal to or greater than the other.
    private static func order(_ value: FieldValue, _ other: FieldValue?) -> Int? {
        func compare<Value: Comparable>(_ left: Value, _ right: Value) -> Int { left < right ? -1 : (left == right ? 0 : 1) }
        return switch (value, other) {
        case (.number(let left), .number(let right)): compare(left, right)
        case (.date(let left), .date(let right)): compare(left, right)
        case (.instant(let left), .instant(let right)): compare(left, right)
        default: nil
        }
    }

    private static func isChosen(_ wanted: [FieldValue], of value: FieldValue) -> Bool {
        guard case .choices(let choices) = value else { return false }
        let chosen = Set(choices.map { $0.lowercased() })
        return wanted.contains { if case .text(let option) = $0 { chosen.contains(option.lowercased()) } else { false } }
    }
}

// MARK: Reading a rule

extension FieldRule {
    fileprivate func problem(in schema: FieldIndex) -> String? {
        guard let field = schema[self.field] else {
            return "\(self.field): the CRM has no such field, or the user may not see it"
        }
        do throws(ConversionFailure) {
            for value in try typedValues(for: field.type) { try check(value, against: field.type) }
            return nil
        } catch {
            return
                "\(self.field) \(comparison.rawValue) \(values.map { "\"\($0.prefix(80))\"" }.joined(separator: ", ")): \(error.reason)"
        }
    }

    /// A value the field can never have is a slip of the pen.
    private func check(_ value: FieldValue, against type: FieldType) throws(ConversionFailure) {
        switch (type, value, comparison) {
        case (_, _, .contains), (_, _, .notContains), (_, _, .startsWith): return
        case (.picklist(let options, true), .text(let text), _), (.multiPicklist(let options, true), .text(let text), _):
            guard !options.contains(where: { $0.lowercased() == text.lowercased() }) else { return }
            throw ConversionFailure("not one of the field's \(options.count) options")
        default: return
        }
    }

    /// Why the operator cannot be asked of a field of the type with so many values.
    private func refusal(of type: FieldType) -> String? {
        if case .unsupported(let name) = type { return "a field of type \(name) cannot be compared" }
        guard type.operators.contains(comparison) else { return "no field of this type can be asked for it" }
        switch comparison {
        case .isBlank, .isNotBlank: return values.isEmpty ? nil : "takes no value"
        case .isAnyOf, .isNoneOf, .includes, .excludes: return values.isEmpty ? "needs at least one value" : nil
        default: return values.count == 1 ? nil : "takes one value, not \(values.count)"
        }
    }

    private func typed(_ value: String, _ type: FieldType) throws(ConversionFailure) -> FieldValue {
        let text = trimmed(value)
        guard !text.isEmpty else { throw ConversionFailure("a blank value: use is-blank or is-not-blank") }
        switch (comparison, type) {
        case (.contains, _), (.notContains, _), (.startsWith, _): return .text(value)
        // As it is compared, not as it would be saved: no digit is rounded away.
        case (_, .number), (_, .currency): return try convert(.string(text), to: .number(precision: nil, scale: nil))
        case (_, .percent): return try convert(.string(text), to: .percent(precision: nil, scale: nil))
        case (_, .date): return try convert(.string(text), to: type, hints: ConversionHints(dateOrder: .yearMonthDay))
        case (_, .integer), (_, .boolean), (_, .dateTime): return type.normalized(try convert(.string(text), to: type))
        case (_, .multiPicklist):
            guard !text.contains(";") else { throw ConversionFailure("one option each, without a semicolon") }
            return .text(text)
        default: return .text(text)
        }
    }
}

extension FieldType {
    fileprivate var operators: Set<FieldRule.Operator> {
        let equality: Set<FieldRule.Operator> = [.equals, .notEquals, .isAnyOf, .isNoneOf, .isBlank, .isNotBlank]
        return switch self {
        case .text, .longText, .email, .phone, .url, .picklist: equality.union([.contains, .notContains, .startsWith])
        case .number, .currency, .percent, .integer, .date, .dateTime:
            equality.union([.lessThan, .lessOrEqual, .greaterThan, .greaterOrEqual])
        case .boolean: [.equals, .notEquals]
        case .multiPicklist: [.includes, .excludes, .isBlank, .isNotBlank]
        case .unsupported: []
        }
    }
}
