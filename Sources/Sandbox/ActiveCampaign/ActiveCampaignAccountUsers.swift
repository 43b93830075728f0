/// What the people at the account do with its companies, and a look at them.
extension ActiveCampaignSandbox {
    /// A company as tests and the demo write and read it.
    public struct Account: Sendable, Hashable {
        public var name: String
        public var url: String
        /// Custom values by field id, as the API has them: several options are an array, money is in cents.
        public var fields: [String: SandboxValue]
        /// The ids of the contacts that belong to it, ascending; editing it has no effect.
        public var contacts: [String]

        public init(name: String, url: String = "", fields: [String: SandboxValue] = [:], contacts: [String] = []) {
            self.name = name
            self.url = url
            self.fields = fields
            self.contacts = contacts
        }
    }

    /// Adds a company; returns its id, or `nil` when the name is blank or taken.
    @discardableResult
    public func createAccount(_ wanted: Account, from source: ActiveCampaignSource = .admin) -> String? {
        guard !wanted.name.isEmpty, account.companies.named(wanted.name) == nil else { return nil }
        let company = account.companies.add(name: wanted.name, at: now)
        store(overwritten(company, with: wanted), replacing: nil, from: source)
        return String(company.id)
    }

    /// Changes a company by what `change` does to it. Returns whether it exists and the name is free.
    @discardableResult
    public func editAccount(
        _ id: String, from source: ActiveCampaignSource = .admin, _ change: @Sendable (inout Account) -> Void
    ) -> Bool {
        guard let company = Int(id).flatMap({ account.companies.rows[$0] }) else { return false }
        var edited = view(company)
        change(&edited)
        guard !edited.name.isEmpty, account.companies.named(edited.name)?.id ?? company.id == company.id else { return false }
        store(overwritten(company, with: edited), replacing: company, from: source)
        return true
    }

    /// Deletes a company, of which no webhook tells; its contacts stay.
    @discardableResult
    public func deleteAccount(_ id: String) -> Bool {
        Int(id).map { account.companies.remove($0) } ?? false
    }

    /// Adds a custom field of companies; returns its id.
    @discardableResult
    public func addAccountField(_ label: String, type: String = "text", options: [String] = []) -> String {
        String(account.companies.addField(label: label, type: type, options: options, at: now).id)
    }

    /// Every company by id.
    public func accounts() -> [String: Account] {
        Dictionary(account.companies.rows.values.map { (String($0.id), view($0)) }, uniquingKeysWith: { $1 })
    }

    private func view(_ company: ActiveCampaignCompany) -> Account {
        Account(
            name: company.name, url: company.url,
            fields: Dictionary(company.values.map { (String($0.key), $0.value.value) }, uniquingKeysWith: { $1 }),
            contacts: account.companies.contacts(of: company.id).map { String($0) })
    }

    private func overwritten(_ company: ActiveCampaignCompany, with wanted: Account) -> ActiveCampaignCompany {
        var company = company
        company.name = wanted.name
        company.url = wanted.url
        for field in account.companies.fields.keys.sorted() {
            let value = wanted.fields[String(field)] ?? ""
            guard value != company.values[field]?.value ?? "" else { continue }
            account.companies.setValue(value, currency: company.values[field]?.currency, of: field, on: &company)
        }
        return company
    }
}
