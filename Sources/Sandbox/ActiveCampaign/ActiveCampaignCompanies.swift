/// A company, which the vendor calls an account.
struct ActiveCampaignCompany: Sendable {
    struct Value: Sendable {
        let id: Int
        /// As it was written; several options are an array, money is in cents.
        var value: SandboxValue
        var currency: String?
    }

    let id: Int
    var name: String
    var url = ""
    let created: Int64
    var updated: Int64
    /// By field id.
    var values: [Int: Value] = [:]
}

/// A custom field of companies.
struct ActiveCampaignCompanyField: Sendable {
    let id: Int
    var label: String
    var type: String
    var options: [String]
    let created: Int64
}

/// That a contact belongs to a company: the association has an id of its own.
struct ActiveCampaignMembership: Sendable {
    let id: Int
    let company: Int
    let contact: Int
    var jobTitle: String
    let created: Int64
    var updated: Int64
}

/// The companies of an account and who belongs to them. A contact belongs to one company at most.
struct ActiveCampaignCompanies: Sendable {
    private(set) var rows: [Int: ActiveCampaignCompany] = [:]
    private var idByName: [String: Int] = [:]
    private(set) var fields: [Int: ActiveCampaignCompanyField] = [:]
    private(set) var memberships: [Int: ActiveCampaignMembership] = [:]
    private var membershipByContact: [Int: Int] = [:]
    private var membersByCompany: [Int: Set<Int>] = [:]
    private var companyByValue: [Int: Int] = [:]
    private var ids = ActiveCampaignIDs()

    /// Names are unique without regard to case.
    func named(_ name: String) -> ActiveCampaignCompany? {
        idByName[name.lowercased()].flatMap { rows[$0] }
    }

    mutating func add(name: String, at now: Int64) -> ActiveCampaignCompany {
        let company = ActiveCampaignCompany(id: ids.next("company"), name: name, created: now, updated: now)
        rows[company.id] = company
        idByName[name.lowercased()] = company.id
        return company
    }

    mutating func replace(_ company: ActiveCampaignCompany) {
        if let old = rows[company.id] { idByName[old.name.lowercased()] = nil }
        idByName[company.name.lowercased()] = company.id
        rows[company.id] = company
    }

    /// Removes a company; its contacts then belong to none.
    mutating func remove(_ id: Int) -> Bool {
        guard let company = rows.removeValue(forKey: id) else { return false }
        idByName[company.name.lowercased()] = nil
        for value in company.values.values { companyByValue[value.id] = nil }
        for membership in membersByCompany[id] ?? [] { _ = leave(membership) }
        return true
    }

    // MARK: Custom fields

    mutating func addField(label: String, type: String, options: [String], at now: Int64) -> ActiveCampaignCompanyField {
        let field = ActiveCampaignCompanyField(
            id: ids.next("field"), label: label, type: type, options: options, created: now)
        fields[field.id] = field
        return field
    }

    mutating func setValue(
        _ value: SandboxValue, currency: String? = nil, of field: Int, on company: inout ActiveCampaignCompany
    ) {
        let id = company.values[field]?.id ?? ids.next("value")
        company.values[field] = .init(id: id, value: value, currency: currency)
        companyByValue[id] = company.id
    }

    /// The company and field of a value.
    func owner(ofValue id: Int) -> (company: ActiveCampaignCompany, field: Int)? {
        guard let company = companyByValue[id].flatMap({ rows[$0] }),
            let field = company.values.first(where: { $0.value.id == id })?.key
        else { return nil }
        return (company, field)
    }

    // MARK: Who belongs to whom

    func membership(ofContact contact: Int) -> ActiveCampaignMembership? {
        membershipByContact[contact].flatMap { memberships[$0] }
    }

    func company(ofContact contact: Int) -> ActiveCampaignCompany? {
        membership(ofContact: contact).flatMap { rows[$0.company] }
    }

    /// The ids of those who belong to a company, ascending.
    func contacts(of company: Int) -> [Int] {
        (membersByCompany[company] ?? []).compactMap { memberships[$0]?.contact }.sorted()
    }

    /// `nil` when the contact belongs to a company already.
    mutating func join(contact: Int, company: Int, jobTitle: String = "", at now: Int64) -> ActiveCampaignMembership? {
        guard membershipByContact[contact] == nil else { return nil }
        let membership = ActiveCampaignMembership(
            id: ids.next("membership"), company: company, contact: contact, jobTitle: jobTitle, created: now, updated: now)
        memberships[membership.id] = membership
        membershipByContact[contact] = membership.id
        membersByCompany[company, default: []].insert(membership.id)
        return membership
    }

    mutating func setJobTitle(_ title: String, of membership: Int, at now: Int64) {
        memberships[membership]?.jobTitle = title
        memberships[membership]?.updated = now
    }

    mutating func leave(_ membership: Int) -> Bool {
        guard let ended = memberships.removeValue(forKey: membership) else { return false }
        membershipByContact[ended.contact] = nil
        membersByCompany[ended.company]?.remove(membership)
        return true
    }
}

/// Ids count from 1 for each kind.
struct ActiveCampaignIDs: Sendable {
    private var last: [String: Int] = [:]

    mutating func next(_ kind: String) -> Int {
        last[kind, default: 0] += 1
        return last[kind] ?? 0
    }

    /// An id in the form of a UUID, for the kinds that have those.
    mutating func nextUUID(_ kind: String) -> String {
        let digits = String(next(kind), radix: 16)
        return "00000000-0000-4000-8000-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
