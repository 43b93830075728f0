/// What is wrong with a mapping, found before it is used (MAP-2).
public struct MappingProblem: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case unknownCRMField = "unknown-crm-field"
        case unknownMarketingField = "unknown-marketing-field"
        case refusedTypes = "refused-types"
        case readOnly = "read-only"
        case duplicateTarget = "duplicate-target"
        case invalidTransform = "invalid-transform"
        /// A warning: creating a record will fail until the field is mapped or gets a default in the CRM.
        case requiredNotMapped = "required-not-mapped"
        /// The CRM's values cannot be written back through the transforms. A warning where the mapping flows both ways: then
        /// it flows inbound only.
        case notReversible = "not-reversible"
    }

    public var kind: Kind
    public var object: CRMObject
    /// The mapping's place in its object's list; `nil` when the problem is that there is none.
    public var index: Int?
    /// The field at fault, as the mapping names it.
    public var field: String
    public var reason: String
    /// Whether the mapping may be used all the same.
    public var isWarning = false
}

extension MappingSet {
    /// Every problem of the mappings against both sides' fields. An object that `crm` does not describe is not checked.
    public func problems(crm: [CRMObject: ObjectSchema], marketing: ObjectSchema) -> [MappingProblem] {
        let marketing = FieldIndex(marketing)
        return CRMObject.people.flatMap { object -> [MappingProblem] in
            guard let schema = crm[object] else { return [] }
            let fields = FieldIndex(schema)
            return self[object].enumerated().flatMap { index, mapping in
                mapping.problems(object: object, index: index, crm: fields, marketing: marketing)
            } + duplicateTargets(object, fields) + unmappedRequired(object, fields)
        }
    }

    private func duplicateTargets(_ object: CRMObject, _ crm: FieldIndex) -> [MappingProblem] {
        var taken: Set<String> = []
        return self[object].enumerated().compactMap { index, mapping in
            guard mapping.direction != .outbound, let field = crm[mapping.crm] else { return nil }
            guard !taken.insert(field.name).inserted else { return nil }
            return MappingProblem(
                kind: .duplicateTarget, object: object, index: index, field: mapping.crm,
                reason: "\(field.name) already takes its value from another marketing field")
        }
    }

    private func unmappedRequired(_ object: CRMObject, _ crm: FieldIndex) -> [MappingProblem] {
        let mapped = Set(self[object].filter { $0.takesPart(inCreate: true) }.compactMap { crm[$0.crm]?.name })
        return crm.requiredOnCreate.filter { !mapped.contains($0) }.map { field in
            MappingProblem(
                kind: .requiredNotMapped, object: object, index: nil, field: field,
                reason: "the CRM creates no \(object.rawValue) without \(field)", isWarning: true)
        }
    }
}

extension FieldMapping {
    /// Whether the mapping writes to the CRM when a record is created, or else updated (MAP-10).
    func takesPart(inCreate isCreate: Bool) -> Bool {
        guard direction != .outbound else { return false }
        switch scope {
        case .createAndUpdate: return true
        case .createOnly: return isCreate
        case .updateOnly: return !isCreate
        }
    }

    fileprivate func problems(
        object: CRMObject, index: Int, crm: FieldIndex, marketing: FieldIndex
    ) -> [MappingProblem] {
        func problem(_ kind: MappingProblem.Kind, _ field: String, _ reason: String) -> MappingProblem {
            MappingProblem(kind: kind, object: object, index: index, field: field, reason: reason)
        }
        var found: [MappingProblem] = []
        let target = crm[self.crm]
        let source = marketing[self.marketing]
        if target == nil {
            found.append(
                problem(.unknownCRMField, self.crm, "the CRM's \(object.rawValue) has no such field, or the user may not see it"))
        }
        if source == nil {
            found.append(problem(.unknownMarketingField, self.marketing, "the marketing platform's contact has no such field"))
        }
        // What flows outbound must read back, so the same pairs serve both directions.
        if let target, let source, case .refused(let reason) = compatibility(marketing: source.type, crm: target.type) {
            found.append(problem(.refusedTypes, self.crm, reason))
        }
        let defects = transforms.compactMap(\.defect)
        if direction != .inbound, defects.isEmpty, let reason = irreversibility {
            var irreversible = problem(.notReversible, self.marketing, reason)
            if direction == .both {
                irreversible.reason += ": the field flows inbound only"
                irreversible.isWarning = true
            }
            found.append(irreversible)
        }
        if let target, let reason = readOnlyReason(target) { found.append(problem(.readOnly, self.crm, reason)) }
        found += defects.map { problem(.invalidTransform, self.marketing, $0) }
        return found
    }

    private func readOnlyReason(_ field: FieldSchema) -> String? {
        guard direction != .outbound else { return nil }
        if !field.isCreatable, !field.isUpdatable { return "the CRM does not let \(field.name) be written" }
        if !field.isUpdatable, scope != .createOnly { return "\(field.name) can only be set on creation: use create-only" }
        if !field.isCreatable, scope != .updateOnly { return "\(field.name) cannot be set on creation: use update-only" }
        return nil
    }
}

extension Transform {
    /// What makes the transform meaningless, if anything does.
    fileprivate var defect: String? {
        switch self {
        case .split(let separator, _) where separator.isEmpty: "split needs a separator"
        case .numberFormat(let separator) where separator != "." && separator != ",":
            "a decimal separator is \".\" or \",\""
        default: nil
        }
    }
}
