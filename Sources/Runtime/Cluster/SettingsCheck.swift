import SyncCore

/// Both sides' fields, as far as they could be asked for.
struct VendorSchemas {
    var crm: [CRMObject: ObjectSchema] = [:]
    var contacts: ObjectSchema?
    var accounts: ObjectSchema?
}

extension IntegrationCheck {
    /// Compares the settings with the fields there are; what is not described is not checked.
    mutating func check(_ settings: IntegrationSettings, against schemas: VendorSchemas) {
        for object in CRMObject.people {
            guard let schema = schemas.crm[object] else { continue }
            missingFields += Self.missingFields(of: settings.crm, object, in: schema)
            settingProblems += Self.statusProblems(settings, object, in: schema)
            guard case .criteria(let criterion) = settings.outbound.selection[object] else { continue }
            settingProblems += criterion.problems(in: FieldIndex(schema))
                .map { SettingProblem(setting: "outbound.\(object.plural)", reason: $0) }
        }
        if let problem = settings.outbound.schedule?.problem {
            settingProblems.append(SettingProblem(setting: "outbound.schedule", reason: problem))
        }
        if let contacts = schemas.contacts {
            let mappings = MappingSet(contact: settings.mappings(of: .contact), lead: settings.mappings.lead)
            problems = mappings.problems(crm: schemas.crm, marketing: contacts)
        }
        if let accounts = schemas.accounts, let crm = schemas.crm[.account] { checkAccounts(settings, crm, accounts) }
        moveAccountName(settings)
    }

    /// Account mappings are judged by the rules of the people's. Tandem creates no accounts in the CRM, so it does not matter
    /// what one cannot be created without.
    private mutating func checkAccounts(_ settings: IntegrationSettings, _ crm: ObjectSchema, _ marketing: ObjectSchema) {
        let mappings = MappingSet(contact: settings.mappings(of: .account), lead: [])
        problems += mappings.problems(crm: [.contact: crm], marketing: marketing).filter { $0.kind != .requiredNotMapped }
            .map { problem in
                var problem = problem
                problem.object = .account
                return problem
            }
    }

    /// The mapping that `accounts: {name: …}` adds has no place in the file's list of mappings.
    private mutating func moveAccountName(_ settings: IntegrationSettings) {
        let isAdded = { (problem: MappingProblem) in
            problem.object == .contact && (problem.index.map { $0 >= settings.mappings.contact.count } ?? false)
        }
        settingProblems += problems.filter { isAdded($0) && !$0.isWarning }
            .map { SettingProblem(setting: "outbound.accounts", reason: "\($0.field): \($0.reason)") }
        problems.removeAll(where: isAdded)
    }

    private static func missingFields(of crm: CRMSettings, _ object: CRMObject, in schema: ObjectSchema) -> [MissingField] {
        let fields = FieldIndex(schema)
        var needed = [("externalIDField", crm.externalIDField), ("syncStatusField", crm.syncStatusField)]
        if object == .contact, let field = crm.accountStatusField { needed.append(("accountStatusField", field)) }
        return needed.filter { fields[$0.1] == nil }.map { MissingField(object: object, setting: $0.0, field: $0.1) }
    }

    /// Whether the sync status can be what Tandem writes and looks for (IN-6, OUT-6).
    private static func statusProblems(
        _ settings: IntegrationSettings, _ object: CRMObject, in schema: ObjectSchema
    ) -> [SettingProblem] {
        guard let field = FieldIndex(schema)[settings.crm.syncStatusField] else { return [] }
        let profile = Profile(name: settings.profile)
        let reason: String? =
            if !field.isUpdatable {
                "may not be written by the integration's user"
            } else {
                [profile.waitingStatus, profile.syncedStatus].compactMap { field.type.refusal(ofStatus: $0) }.first
            }
        return reason.map {
            [SettingProblem(setting: "crm.syncStatusField", reason: "\(field.name) of the CRM's \(object.rawValue) \($0)")]
        } ?? []
    }
}

extension FieldType {
    fileprivate func refusal(ofStatus status: String) -> String? {
        switch self {
        case .picklist(let options, let isRestricted):
            guard isRestricted, !options.contains(where: { Profile.isSameTag($0, status) }) else { return nil }
            return "has no value \"\(status)\""
        case .text(let length), .longText(let length):
            return (length ?? .max) < status.count ? "is too short for \"\(status)\"" : nil
        default: return "is neither a text nor a picklist"
        }
    }
}

extension IntegrationSettings {
    /// Whether anything flows for the object's records.
    func uses(_ object: CRMObject) -> Bool {
        switch object {
        case .contact, .lead: !mappings(of: object).isEmpty || (outbound.selection[object] ?? Selection.none) != Selection.none
        case .account: if case .full = outbound.accounts { true } else { false }
        case .opportunity: outbound.opportunities
        }
    }
}

extension CRMObject {
    /// As the keys of outbound settings name it.
    var plural: String { self == .opportunity ? "opportunities" : rawValue + "s" }
}
