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
    /// What every record meets, and what none does.
    static let always = "Id != null"
    static let never = "Id = null"

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
        guard types.canFilter(by: field) else { throw invalid(rule, "Salesforce cannot select by a field of this kind") }
        let values = try values(of: rule, as: type)
        switch rule.comparison {
        case .isBlank: return "\(field) = null"
        case .isNotBlank: return "\(field) != null"
        case .equals: return "\(field) = \(try literal(values, rule))"
        case .notEquals: return orBlank("\(field) != \(try literal(values, rule))", field, type)
        case .lessThan: return "\(field) < \(try literal(values, rule))"
        case .lessOrEqual: return "\(field) <= \(try literal(values, rule))"
        case .greaterThan: return "\(field) > \(try literal(values, rule))"
        case .greaterOrEqual: return "\(field) >= \(try literal(values, rule))"
        case .contains: return "\(field) LIKE '%\(try pattern(values, rule))%'"
        case .notContains: return orBlank("(NOT \(field) LIKE '%\(try pattern(values, rule))%')", field, type)
        case .startsWith: return "\(field) LIKE '\(try pattern(values, rule))%'"
        case .isAnyOf: return "\(field) IN \(try list(values, rule))"
        case .isNoneOf: return orBlank("\(field) NOT IN \(try list(values, rule))", field, type)
        case .includes: return "\(field) INCLUDES \(try list(values, rule))"
        case .excludes: return orBlank("\(field) EXCLUDES \(try list(values, rule))", field, type)
        }
    }

    /// A check box always has a value.
    private func orBlank(_ condition: String, _ field: String, _ type: FieldType) -> String {
        type == .boolean ? condition : "(\(condition) OR \(field) = null)"
    }

    // MARK: Values

    private func values(of rule: FieldRule, as type: FieldType) throws(SyncError) -> [FieldValue] {
        do throws(ConversionFailure) {
            return try rule.typedValues(for: type)
        } catch {
            throw invalid(rule, error.reason)
        }
    }

    private func list(_ values: [FieldValue], _ rule: FieldRule) throws(SyncError) -> String {
        var literals: [String] = []
        for value in values { literals.append(try literal([value], rule)) }
        return "(\(literals.joined(separator: ",")))"
    }

    private func literal(_ values: [FieldValue], _ rule: FieldRule) throws(SyncError) -> String {
        switch values.first {
        case .text(let text): return SOQL.literal(try bounded(text, rule))
        case .number(let number): return number.description
        case .boolean(let flag): return flag ? "true" : "false"
        case .date(let date): return date.description
        case .instant(let moment): return moment.iso8601
        case .blank, .choices, nil: throw invalid(rule, "not a single value")
        }
    }

    /// What stands between the wildcards.
    private func pattern(_ values: [FieldValue], _ rule: FieldRule) throws(SyncError) -> String {
        guard case .text(let text) = values.first else { throw invalid(rule, "not a text") }
        return SOQL.pattern(try bounded(text, rule))
    }

    private func bounded(_ text: String, _ rule: FieldRule) throws(SyncError) -> String {
        guard text.count <= SOQL.maxLiteral / 2 else { throw invalid(rule, "a text longer than a query may name") }
        return text
    }

    private func invalid(_ rule: FieldRule, _ reason: String) -> SyncError {
        SyncError(
            .schema, code: "invalid-criterion",
            message: "The rule \(rule.comparison.rawValue) on \(object.apiName).\(rule.field) cannot be used: \(reason)",
            fields: [rule.field]
        )
    }
}
