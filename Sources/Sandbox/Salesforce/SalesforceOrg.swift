/// The data of the emulated org and the rules under which rows change. A value: a copy is a savepoint.
struct SalesforceOrg: Sendable {
    /// Who writes, when, and with which headers.
    struct Writer: Sendable {
        var userID: String
        let now: Int64
        /// `Sforce-Duplicate-Rule-Header: allowSave=true`.
        let allowsDuplicates: Bool
        /// `UNABLE_TO_LOCK_ROW` for this row of each collection.
        let lockedRow: Int?
        /// All rows written share one text.
        let stamp: SandboxValue

        init(userID: String, now: Int64, allowsDuplicates: Bool = false, lockedRow: Int? = nil) {
            self.userID = userID
            self.now = now
            self.allowsDuplicates = allowsDuplicates
            self.lockedRow = lockedRow
            stamp = .string(SalesforceOrg.stamp(now))
        }
    }

    var tables: [String: SalesforceTable]
    /// Rows that transactions still open have changed; nobody else can until they are committed.
    var held: Set<String> = []
    var rules: SalesforceRules

    init(objects: [SalesforceObject], rules: SalesforceRules) {
        tables = Dictionary(objects.map { ($0.name.lowercased(), SalesforceTable($0)) }, uniquingKeysWith: { $1 })
        self.rules = rules
    }

    /// Stamps have a resolution of one second; the milliseconds are always `000`.
    static func stamp(_ milliseconds: Int64) -> String {
        CivilTime.text(seconds: milliseconds / 1000) + ".000+0000"
    }

    func table(_ object: String) throws(SalesforceFault) -> SalesforceTable {
        guard let table = tables[object.lowercased()] else { throw .invalidType(object) }
        return table
    }

    // MARK: Rows

    // A table held in a local variable while it changes would be copied whole, so these ask for it afresh.

    /// - Parameter reserved: The id the row was promised when its transaction began.
    mutating func insert(
        _ values: [String: SandboxValue], into object: String, by writer: Writer, id reserved: String? = nil
    ) -> SalesforceRowResult {
        let key = object.lowercased()
        let checked = check(marked(values, inTable: key, isNew: true, by: writer), of: nil, inTable: key, by: writer)
        guard checked.errors.isEmpty, let id = reserved ?? tables[key]?.makeID() else {
            return SalesforceRowResult(errors: checked.errors)
        }
        var row = SalesforceRow(id: id, values: checked.values)
        row.values.merge(tables[key]?.defaults ?? [:]) { given, _ in given }
        row.values["Id"] = .string(row.id)
        row.values["IsDeleted"] = false
        for name in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] { row.values[name] = writer.stamp }
        for name in ["CreatedById", "LastModifiedById"] { row.values[name] = .string(writer.userID) }
        compose(&row, given: checked.values)
        tables[key]?.insert(row)
        relate(row, isNew: true, by: writer)
        automate(row.id, object: key, isNew: true, by: writer)
        return SalesforceRowResult(id: row.id, created: true)
    }

    mutating func update(
        _ id: String, of object: String, with values: [String: SandboxValue], by writer: Writer
    ) -> SalesforceRowResult {
        let key = object.lowercased()
        guard let normalized = SalesforceID.normalized(id) else {
            return .failure(SalesforceRowError(code: "MALFORMED_ID", message: "malformed id \(id)", fields: ["Id"]))
        }
        guard var row = tables[key]?.rows[normalized] else { return .failure(Self.noSuchRow) }
        if row.isDeleted { return .failure(Self.deletedRow, id: row.id) }
        if row["IsConverted"] == true { return .failure(Self.convertedRow, id: row.id) }
        if held.contains(row.id) { return .failure(Self.lockedRow, id: row.id) }
        let checked = check(marked(values, inTable: key, isNew: false, by: writer), of: row, inTable: key, by: writer)
        guard checked.errors.isEmpty else { return SalesforceRowResult(id: row.id, errors: checked.errors) }
        for (name, value) in checked.values { row.values[name] = value == .null ? nil : value }
        row.touch(by: writer)
        compose(&row, given: checked.values)
        tables[key]?.replace(row)
        relate(row, isNew: false, by: writer)
        automate(row.id, object: key, isNew: false, by: writer)
        return SalesforceRowResult(id: row.id, created: false)
    }

    /// Moves a row to the recycle bin.
    mutating func delete(_ id: String, of object: String, by writer: Writer) -> SalesforceRowResult {
        let key = object.lowercased()
        guard let normalized = SalesforceID.normalized(id), var row = tables[key]?.rows[normalized] else {
            return .failure(Self.noSuchRow)
        }
        if row.isDeleted { return .failure(Self.deletedRow, id: row.id) }
        if held.contains(row.id) { return .failure(Self.lockedRow, id: row.id) }
        row.values["IsDeleted"] = true
        row.values["SystemModstamp"] = writer.stamp
        tables[key]?.replace(row)
        return SalesforceRowResult(id: row.id)
    }

    /// Creates the row or changes the one with that key.
    mutating func upsert(
        _ value: String, in field: SalesforceField, of object: String, with values: [String: SandboxValue], by writer: Writer
    ) -> SalesforceRowResult {
        let matches = tables[object.lowercased()]?.ids(where: field, equals: value) ?? []
        guard matches.count <= 1 else {
            let message = "\(field.name): more than one record found for external id field: [\(matches.joined(separator: ", "))]"
            return .failure(SalesforceRowError(code: "DUPLICATE_EXTERNAL_ID", message: message, fields: [field.name]))
        }
        if let id = matches.first { return update(id, of: object, with: values, by: writer) }
        var values = values
        values[field.name] = .string(value)
        return insert(values, into: object, by: writer)
    }

    static let convertedRow = SalesforceRowError(
        code: "CANNOT_UPDATE_CONVERTED_LEAD", message: "cannot reference converted lead")
    static let noSuchRow = SalesforceRowError(code: "NOT_FOUND", message: "The requested resource does not exist")
    static let deletedRow = SalesforceRowError(code: "ENTITY_IS_DELETED", message: "entity is deleted")
    static let lockedRow = SalesforceRowError(
        code: "UNABLE_TO_LOCK_ROW", message: "unable to obtain exclusive access to this record or 1 records: 0015e000004a1Bc")

    // MARK: What the platform and the org's flows do by themselves

    /// What a person saves, and the mark of the flow that has it wait for the next sync.
    private func marked(
        _ values: [String: SandboxValue], inTable key: String, isNew: Bool, by writer: Writer
    ) -> [String: SandboxValue] {
        guard writer.userID == SalesforceUser.person, let name = rules.syncStatusField, !isNew || rules.marksNewRecords,
            let field = tables[key]?.field(name)
        else { return values }
        return values.merging([field.name: "Waiting for next sync"]) { $1 }
    }

    /// Fills the fields the platform computes: the compound name, and what an opportunity's stage says.
    private func compose(_ row: inout SalesforceRow, given: [String: SandboxValue]) {
        let parts = [row["FirstName"].text, row["LastName"].text].compactMap { $0 }
        if !parts.isEmpty { row.values["Name"] = .string(parts.joined(separator: " ")) }
        SalesforceStage.apply(to: &row, given: given)
    }

    /// The org's own automation, run by another user after every save.
    private mutating func automate(_ id: String, object: String, isNew: Bool, by writer: Writer) {
        guard let automation = rules.automation, let name = tables[object]?.object.name, var row = tables[object]?.rows[id]
        else { return }
        let changes = automation(SalesforceRules.Record(object: name, values: row.values, isNew: isNew))
        guard !changes.isEmpty else { return }
        for (name, value) in changes { row.values[name] = value == .null ? nil : value }
        row.values["SystemModstamp"] = writer.stamp
        row.values["LastModifiedById"] = .string(SalesforceUser.person)
        compose(&row, given: changes)
        tables[object]?.replace(row)
    }
}

extension SalesforceRow {
    /// Stamps and signs a change.
    mutating func touch(by writer: SalesforceOrg.Writer) {
        values["LastModifiedDate"] = writer.stamp
        values["SystemModstamp"] = writer.stamp
        values["LastModifiedById"] = .string(writer.userID)
    }
}
