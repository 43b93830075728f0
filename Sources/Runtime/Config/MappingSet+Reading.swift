import SyncCore

extension ConfigurationValue {
    /// The field mappings. Unless `defaults` is false they extend the default ones, of which one that has the same CRM
    /// field is replaced (MAP-1).
    func mappingSet() -> MappingSet {
        guard let mapping = mapping(known: ["defaults", "contact", "lead"]) else { return .defaults }
        let keepsDefaults = mapping["defaults"]?.boolean() ?? true
        func fields(_ key: String, defaults: [FieldMapping]) -> [FieldMapping] {
            let own = mapping[key]?.fieldMappings() ?? []
            let replaced = Set(own.map { $0.crm.lowercased() })
            return (keepsDefaults ? defaults.filter { !replaced.contains($0.crm.lowercased()) } : []) + own
        }
        return MappingSet(
            contact: fields("contact", defaults: MappingSet.defaults.contact),
            lead: fields("lead", defaults: MappingSet.defaults.lead))
    }

    /// A list of mappings in which no CRM field comes twice.
    func fieldMappings() -> [FieldMapping] {
        var lines: [String: Int?] = [:]
        return (list() ?? []).compactMap { item in
            guard let mapping = item.fieldMapping() else { return nil }
            if let earlier = lines[mapping.crm.lowercased()] {
                item.report("\(mapping.crm) is mapped twice" + (earlier.map { ", first in line \($0)" } ?? ""))
            } else {
                lines[mapping.crm.lowercased()] = .some(item.line)
            }
            return mapping
        }
    }

    private func fieldMapping() -> FieldMapping? {
        guard let mapping = mapping(known: ["marketing", "crm", "direction", "on", "rule", "transforms"]) else { return nil }
        let marketing = mapping.required("marketing")?.text()
        let crm = mapping.required("crm")?.fieldName()
        let direction = mapping["direction"]?.choice(of: MappingDirection.self)
        let scope = mapping["on"]?.choice(of: WriteScope.self)
        let rule = mapping["rule"]?.choice(of: ConflictRule.self)
        let transforms = mapping["transforms"]?.list()?.compactMap { $0.transform() }
        guard let marketing, let crm else { return nil }
        var result = FieldMapping(marketing: marketing, crm: crm)
        direction.assign(to: &result.direction)
        scope.assign(to: &result.scope)
        rule.assign(to: &result.rule)
        transforms.assign(to: &result.transforms)
        return result
    }

    private static let plainTransforms: [String: Transform] = [
        "trim": .trim, "lowercase": .lowercase, "uppercase": .uppercase, "titlecase": .titlecase,
    ]
    private static let keyedTransforms = ["split", "join", "lookup", "dateFormat", "numberFormat", "default"]

    /// A step: a bare name such as `trim`, or one name with what it needs such as `split: {separator: " ", index: 0}`.
    private func transform() -> Transform? {
        if scalar != nil {
            guard let name = text() else { return nil }
            if let transform = Self.plainTransforms[name] { return transform }
            if Self.keyedTransforms.contains(name) {
                report("\(name) needs a value, as in \(name): …")
            } else {
                let names = Self.plainTransforms.keys.sorted() + Self.keyedTransforms
                report("must be one of \(names.joined(separator: ", ")), not \"\(name)\"")
            }
            return nil
        }
        guard let step = mapping(known: Self.keyedTransforms) else { return nil }
        guard step.entries.count == 1, let (name, entry) = step.entries.first else {
            report("must have exactly one step")
            return nil
        }
        return Self.keyedTransforms.contains(name) ? entry.value.keyedTransform(name) : nil
    }

    private func keyedTransform(_ name: String) -> Transform? {
        switch name {
        case "split":
            guard let mapping = mapping(known: ["separator", "index"]) else { return nil }
            let separator = mapping.required("separator")?.text()
            let index = mapping.required("index")?.integer(in: -1000...1000)
            return separator.flatMap { separator in index.map { .split(separator: separator, index: $0) } }
        case "join": return text().map { .join(separator: $0) }
        case "lookup": return lookup()
        case "dateFormat": return choice(of: DateOrder.self).map { .dateFormat($0) }
        case "numberFormat": return choice(of: DecimalSeparator.self).map { .numberFormat(decimalSeparator: $0.rawValue) }
        default: return text().map { .defaultValue($0) }
        }
    }

    private enum DecimalSeparator: String, CaseIterable {
        case point = "."
        case comma = ","
    }

    private func lookup() -> Transform? {
        guard let mapping = mapping(known: ["table", "otherwise"]) else { return nil }
        guard let table = mapping.required("table")?.openMapping() else { return nil }
        // A replacement may well be empty: that is how a value is mapped to a blank.
        let pairs = table.entries.compactMap { key, entry in
            entry.value.isNull ? (key, "") : entry.value.scalar.map { (key, $0) }
        }
        guard pairs.count == table.entries.count else {
            table.value.report("every value must be a single text")
            return nil
        }
        return .lookup(table: Dictionary(pairs, uniquingKeysWith: { $1 }), otherwise: mapping["otherwise"]?.text())
    }
}
