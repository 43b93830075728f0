/// The conversion of a lead into an account, a contact and, when wanted, an opportunity.
extension SalesforceOrg {
    /// The fields a lead hands over, by what they are called there and here. Custom fields are dropped.
    private static let toContact =
        Dictionary(
            uniqueKeysWithValues: [
                "Salutation", "FirstName", "LastName", "Email", "Phone", "MobilePhone", "Fax", "Title", "LeadSource",
                "Description", "HasOptedOutOfEmail", "DoNotCall", "HasOptedOutOfFax",
            ].map { ($0, $0) }
        ).merging(address("Mailing")) { $1 }
    private static let toAccount =
        Dictionary(
            uniqueKeysWithValues: ["Phone", "Fax", "Website", "Industry", "Rating", "AnnualRevenue", "NumberOfEmployees"].map {
                ($0, $0)
            }
        ).merging(["Company": "Name"]) { $1 }.merging(address("Billing")) { $1 }

    private static func address(_ prefix: String) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: ["Street", "City", "State", "PostalCode", "Country"].map { ($0, prefix + $0) })
    }

    private static func values(of lead: SalesforceRow, as names: [String: String]) -> [String: SandboxValue] {
        Dictionary(
            names.compactMap { from, to in lead.values[from].map { (to, $0) } }, uniquingKeysWith: { first, _ in first })
    }

    /// Converts a lead; it can not be changed from then on. Objects the org does not have are left out.
    /// - Parameters:
    ///   - existing: The contact it is merged into; `nil` creates one.
    ///   - opportunity: The name of an opportunity to create.
    /// - Returns: The contact's id; `nil`, and nothing has changed, when the lead can not be converted or a part is refused.
    mutating func convert(_ id: String, into existing: String?, opportunity: String?, by writer: Writer) -> String? {
        let savepoint = self
        guard let id = SalesforceID.normalized(id), var lead = tables["lead"]?.rows[id], !lead.isDeleted,
            lead["IsConverted"] != true, !held.contains(id)
        else { return nil }
        let account = account(for: lead, of: existing, by: writer)
        guard account != nil || tables["account"] == nil,
            let contact = contact(for: lead, existing: existing, account: account, by: writer)
        else {
            self = savepoint
            return nil
        }
        lead.values["ConvertedAccountId"] = account.map { .string($0) }
        lead.values["ConvertedContactId"] = .string(contact)
        if let opportunity {
            guard let made = self.opportunity(opportunity, account: account, contact: contact, by: writer) else {
                self = savepoint
                return nil
            }
            lead.values["ConvertedOpportunityId"] = .string(made)
        }
        lead.values["IsConverted"] = true
        lead.values["Status"] = "Closed - Converted"
        lead.values["ConvertedDate"] = .string(String(Self.stamp(writer.now).prefix(10)))
        lead.touch(by: writer)
        tables["lead"]?.replace(lead)
        return contact
    }

    /// The contact's own account, else the one of exactly that name, else a new one.
    private mutating func account(for lead: SalesforceRow, of contact: String?, by writer: Writer) -> String? {
        guard let accounts = tables["account"] else { return nil }
        let own = contact.flatMap { tables["contact"]?.rows[$0]?["AccountId"].text }.flatMap { accounts.rows[$0] }
        let known =
            own
            ?? accounts.order.lazy.compactMap { accounts.rows[$0] }
            .first { !$0.isDeleted && $0["Name"] == lead["Company"] }
        guard var account = known else {
            return insert(Self.values(of: lead, as: Self.toAccount), into: "Account", by: writer).id
        }
        account.touch(by: writer)
        tables["account"]?.replace(account)
        return account.id
    }

    private mutating func contact(
        for lead: SalesforceRow, existing: String?, account: String?, by writer: Writer
    ) -> String? {
        var values = Self.values(of: lead, as: Self.toContact)
        values["AccountId"] = account.map { .string($0) }
        guard let existing else { return insert(values, into: "Contact", by: writer).id }
        guard let contact = tables["contact"]?.rows[existing] else { return nil }
        let blanks = values.filter { contact[$0.key] == .null }
        return update(existing, of: "Contact", with: blanks, by: writer).errors.isEmpty ? existing : nil
    }

    private mutating func opportunity(_ name: String, account: String?, contact: String, by writer: Writer) -> String? {
        let inAQuarter = CivilTime.date(days: writer.now / 86_400_000 + 90)
        let values: [String: SandboxValue] = [
            "Name": .string(name), "StageName": "Qualification", "CloseDate": .string(inAQuarter),
            "AccountId": account.map { .string($0) } ?? nil, "ContactId": .string(contact),
        ]
        return insert(values, into: "Opportunity", by: writer).id
    }
}
