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
        load(object, rows: [values]).first
    }

    /// A person loads many records, all of one stamp; returns the ids of those that the org's rules let in.
    @discardableResult
    public func load(_ object: String, rows: [[String: SandboxValue]]) -> [String] {
        let person = person
        let key = object.lowercased()
        return rows.compactMap { row in
            // Asked for afresh for each row: a table held here would be copied by the first insert.
            guard let values = try? org.tables[key]?.deserialize(row) else { return nil }
            let result = org.insert(values, into: object, by: person)
            return result.errors.isEmpty ? result.id : nil
        }
    }

    /// Changes a record past the API. As a user's edit it carries that user's name, and where the flow is set up
    /// (``SalesforceRules/syncStatusField``) it marks the record "Waiting for next sync".
    /// - Returns: Whether the org's rules let it.
    @discardableResult
    public func edit(_ object: String, id: String, _ values: [String: SandboxValue], asUser: Bool = true) -> Bool {
        guard let values = try? org.table(object).deserialize(values) else { return false }
        var writer = person
        if !asUser { writer.userID = SalesforceUser.integration }
        return org.update(id, of: object, with: values, by: writer).errors.isEmpty
    }

    /// A person deletes a record.
    @discardableResult
    public func delete(_ object: String, id: String) -> Bool {
        org.delete(id, of: object, by: person).errors.isEmpty
    }

    /// A person takes a record back from the recycle bin; `false` when it is not there or its unique key is taken.
    @discardableResult
    public func undelete(_ object: String, id: String) -> Bool {
        org.undelete(id, of: object, by: person)
    }

    /// A person merges two records: the loser is deleted and names the winner as its master; the winner may take values on
    /// the way, and takes over what referred to the loser.
    /// - Returns: Whether it was done; converted leads, deleted records and refused values prevent it.
    @discardableResult
    public func merge(_ object: String, winner: String, loser: String, taking values: [String: SandboxValue] = [:]) -> Bool {
        guard let values = try? org.table(object).deserialize(values) else { return false }
        return org.merge(object, winner: winner, loser: loser, taking: values, by: person)
    }

    /// A person converts a lead: into a new contact of the account its company names, which is created unless there is one
    /// of exactly that name.
    /// - Parameter opportunity: The name of an opportunity to be created along with it.
    /// - Returns: The contact's id; `nil`, and nothing has changed, when the lead is deleted or converted, or a rule refuses.
    @discardableResult
    public func convertLead(_ id: String, opportunity: String? = nil) -> String? {
        org.convert(id, into: nil, opportunity: opportunity, by: person)
    }

    /// A person converts a lead into a contact that exists: what the contact has stays, only blanks are filled.
    @discardableResult
    public func convertLead(_ id: String, into contactID: String, opportunity: String? = nil) -> String? {
        guard let contact = SalesforceID.normalized(contactID) else { return nil }
        return org.convert(id, into: contact, opportunity: opportunity, by: person)
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

    /// From now on this flow of the org changes records after each save; with none, nothing does.
    public func automate(_ automation: (@Sendable (SalesforceRules.Record) -> [String: SandboxValue])?) {
        org.rules.automation = automation
    }

    /// Ends every session: the next call with an old token gets 401.
    public func expireSessions() {
        auth.expireSessions()
    }

    /// The user approves the app once more; returns the new refresh token. The sixth grant kills the oldest.
    public func approve() -> String {
        auth.approve()
    }

    var person: SalesforceOrg.Writer {
        SalesforceOrg.Writer(userID: SalesforceUser.person, now: now, allowsDuplicates: true)
    }
}
