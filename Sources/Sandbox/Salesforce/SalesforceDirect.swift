/// What tests and the demo do to the org without HTTP: people at work, admins, and a look at the data.
extension SalesforceSandbox {
    /// Every row of an object that is not deleted, in the order of creation; blank fields are absent.
    public func records(_ object: String) -> [[String: SandboxValue]] {
        guard let table = org.tables[object.lowercased()] else { return [] }
        return table.order.compactMap { table.rows[$0] }.filter { !$0.isDeleted }.map(\.values)
    }

    /// One row, also a deleted one.
    public func record(_ object: String, id: String) -> [String: SandboxValue]? {
        SalesforceID.normalized(id).flatMap { org.tables[object.lowercased()]?.rows[$0]?.values }
    }

    /// The number of rows that are not deleted.
    public func count(_ object: String) -> Int {
        org.tables[object.lowercased()]?.rows.values.reduce(0) { $0 + ($1.isDeleted ? 0 : 1) } ?? 0
    }

    /// A person creates a record; returns its id, or `nil` when the org's rules refuse it.
    @discardableResult
    public func insert(_ object: String, _ values: [String: SandboxValue]) -> String? {
        guard let values = try? org.table(object).deserialize(values) else { return nil }
        let result = org.insert(values, into: object, by: person)
        return result.errors.isEmpty ? result.id : nil
    }

    /// Changes a record past the API. As a user's edit it carries that user's name, and where the flow is set up
    /// (``SalesforceRules/syncStatusField``) it marks the record "Waiting for next sync".
    /// - Returns: Whether the org's rules let it.
    @discardableResult
    public func edit(_ object: String, id: String, _ values: [String: SandboxValue], asUser: Bool = true) -> Bool {
        guard var values = try? org.table(object).deserialize(values) else { return false }
        if asUser, let field = options.rules.syncStatusField, (try? org.table(object).field(field)) != nil {
            values[field] = "Waiting for next sync"
        }
        var writer = person
        if !asUser { writer.userID = SalesforceUser.integration }
        return org.update(id, of: object, with: values, by: writer).errors.isEmpty
    }

    /// A person deletes a record.
    @discardableResult
    public func delete(_ object: String, id: String) -> Bool {
        org.delete(id, of: object, by: person).errors.isEmpty
    }

    /// A person converts a lead into a new contact; returns the contact's id.
    @discardableResult
    public func convertLead(_ id: String) -> String? {
        guard let lead = record("Lead", id: id), lead["IsConverted"] != true, lead["IsDeleted"] != true else { return nil }
        var values: [String: SandboxValue] = [:]
        for name in ["FirstName", "LastName", "Email", "Phone", "MobilePhone", "Title"] { values[name] = lead[name] }
        guard let contact = insert("Contact", values), org.convert(id, to: contact, by: person) else { return nil }
        return contact
    }

    /// An admin adds a field or changes one.
    public func define(_ field: SalesforceField, on object: String) {
        guard var fields = org.tables[object.lowercased()]?.object.fields else { return }
        fields.removeAll { $0.name == field.name }
        org.tables[object.lowercased()]?.redefine(fields + [field])
    }

    /// An admin removes a field or hides it from the integration user: both look the same from outside.
    public func hide(_ field: String, on object: String) {
        guard let fields = org.tables[object.lowercased()]?.object.fields else { return }
        org.tables[object.lowercased()]?.redefine(fields.filter { $0.name.lowercased() != field.lowercased() })
    }

    /// Ends every session: the next call with an old token gets 401.
    public func expireSessions() {
        auth.expireSessions()
    }

    /// The user approves the app once more; returns the new refresh token. The sixth grant kills the oldest.
    public func approve() -> String {
        auth.approve()
    }

    private var person: SalesforceOrg.Writer {
        SalesforceOrg.Writer(userID: SalesforceUser.person, now: now, allowsDuplicates: true)
    }
}
