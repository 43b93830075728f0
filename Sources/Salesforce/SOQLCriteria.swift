import Contracts
import SyncCore

import struct Foundation.Decimal

/// Compiles the rules of a selection to the condition of a query, so that Salesforce finds exactly the records of which
/// `Criterion.matches` says so.
///
/// Names are checked against the org's description before they become part of a query, and values are read as the field's
/// type before they become literals: nothing of a rule reaches the query as it is. Where a blank field matches, the condition
/// says so itself instead of leaving it to how SOQL treats nulls.
struct SOQLCriteria {
    private static let always = "Id != null"
    private static let never = "Id = null"

    let object: CRMObject
    let types: FieldTypes

    func condition(_ criterion: Criterion) throws(SyncError) -> String {
        switch criterion {
        case .all(let terms): terms.isEmpty ? Self.always : try joined(terms, by: " AND ")
        case .any(let terms): terms.isEmpty ? Self.never : try joined(terms, by: " OR ")
        case .rule(let rule): try condition(rule)
        }
    }

    private func joined(_ terms: [Criterion], by word: String) throws(SyncError) -> String {
        var conditions: [String] = []
        for term in terms { conditions.append(try condition(term)) }
        return "(\(conditions.joined(separator: word)))"
    }

    // MARK: One rule

    private func condition(_ rule: FieldRule) throws(SyncError) -> String {
        let field = rule.field
        guard let type = types[field] else { throw .missingFields([field], object: object) }
        guard types.canFilter(by: field) else {
            throw Self.invalid(rule, "Salesforce cannot select by \(field), a field of its kind")
        }
        switch rule.comparison {
        // A check box always has a value.
        case .isBlank: return type == .boolean ? Self.never : "\(field) = null"
        case .isNotBlank: return type == .boolean ? Self.always : "\(field) != null"
        case .equals: return "\(field) = \(try literal(rule, type))"
        case .notEquals: return orBlank("\(field) != \(try literal(rule, type))", field, type)
        case .lessThan: return "\(field) < \(try literal(rule, type))"
        case .lessOrEqual: return "\(field) <= \(try literal(rule, type))"
        case .greaterThan: return "\(field) > \(try literal(rule, type))"
        case .greaterOrEqual: return "\(field) >= \(try literal(rule, type))"
        case .contains: return "\(field) LIKE '%\(try pattern(rule))%'"
        case .notContains: return orBlank("(NOT \(field) LIKE '%\(try pattern(rule))%')", field, type)
        case .startsWith: return "\(field) LIKE '\(try pattern(rule))%'"
        case .isAnyOf: return list(field, "IN", try literals(rule, type)) ?? Self.never
        case .isNoneOf: return list(field, "NOT IN", try literals(rule, type)).map { orBlank($0, field, type) } ?? Self.always
        case .includes: return list(field, "INCLUDES", try literals(rule, type)) ?? Self.never
        case .excludes: return list(field, "EXCLUDES", try literals(rule, type)).map { orBlank($0, field, type) } ?? Self.always
        }
    }

    private func orBlank(_ condition: String, _ field: String, _ type: FieldType) -> String {
        type == .boolean ? condition : "(\(condition) OR \(field) = null)"
    }

    private func list(_ field: String, _ word: String, _ literals: [String]) -> String? {
        literals.isEmpty ? nil : "\(field) \(word) (\(literals.joined(separator: ",")))"
    }

    // MARK: Values

    private func literal(_ rule: FieldRule, _ type: FieldType) throws(SyncError) -> String {
        try Self.literal(try value(rule.values.first ?? "", of: rule, as: type), in: rule)
    }

    private func literals(_ rule: FieldRule, _ type: FieldType) throws(SyncError) -> [String] {
        var literals: [String] = []
        for text in rule.values { literals.append(try Self.literal(try value(text, of: rule, as: type), in: rule)) }
        return literals
    }

    /// The text between the wildcards.
    private func pattern(_ rule: FieldRule) throws(SyncError) -> String {
        guard case .text(let text) = try value(rule.values.first ?? "", of: rule, as: .text(maxLength: nil)),
            text.count <= SOQL.maxLiteral / 2
        else { throw Self.invalid(rule, "\(rule.field) is compared with a text that is empty or too long") }
        return SOQL.pattern(text)
    }

    private func value(_ text: String, of rule: FieldRule, as type: FieldType) throws(SyncError) -> FieldValue {
        do throws(ConversionFailure) {
            return type.normalized(try convert(.string(text), to: type))
        } catch {
            throw Self.invalid(rule, "\(rule.field) is compared with a value that is \(error.reason)")
        }
    }

    private static func literal(_ value: FieldValue, in rule: FieldRule) throws(SyncError) -> String {
        switch value {
        case .blank: return "null"
        case .text(let text) where text.count > SOQL.maxLiteral / 2:
            throw invalid(rule, "\(rule.field) is compared with a text that is too long")
        case .text(let text): return SOQL.literal(text)
        case .number(let number): return number.description
        case .boolean(let flag): return flag ? "true" : "false"
        case .date(let date): return date.description
        case .instant(let moment): return moment.iso8601
        case .choices(let choices): return SOQL.literal(choices.joined(separator: ";"))
        }
    }

    private static func invalid(_ rule: FieldRule, _ message: String) -> SyncError {
        SyncError(.schema, code: "invalid-criterion", message: message, fields: [rule.field])
    }
}
