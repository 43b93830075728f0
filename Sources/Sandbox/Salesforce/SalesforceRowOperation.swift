/// A row of a collection or of an ingest job, read but not yet saved.
struct SalesforceRowInput: Sendable {
    var object: String
    var id: String?
    var values: [String: SandboxValue] = [:]
    /// The value of the field that an upsert goes by.
    var key: String?
}

/// What is done with the rows of a collection or of an ingest job.
enum SalesforceRowOperation: Sendable {
    case insert
    case update
    case delete
    /// By a lookup key; or by `Id`, where null creates and anything else changes.
    case upsert(by: SalesforceField)

    var isUpsert: Bool {
        if case .upsert = self { true } else { false }
    }

    /// The keys that more than one of the rows has: all of these rows are refused.
    func repeated(in rows: [SalesforceRowInput]) -> Set<String> {
        var seen: Set<String> = []
        return Set(rows.compactMap(key).filter { !seen.insert($0).inserted })
    }

    fileprivate func key(of row: SalesforceRowInput) -> String? {
        switch self {
        case .update: row.id.map { String($0.prefix(15)) }
        case .upsert(let field): field.kind == .id ? nil : row.key?.lowercased()
        case .insert, .delete: nil
        }
    }
}

extension SalesforceOrg {
    /// - Parameter repeated: Keys that rows saved together share, see ``SalesforceRowOperation/repeated(in:)``.
    mutating func save(
        _ row: SalesforceRowInput, _ operation: SalesforceRowOperation, repeated: Set<String>, by writer: Writer
    ) -> SalesforceRowResult {
        let isRepeated = operation.key(of: row).map(repeated.contains) ?? false
        switch operation {
        case .insert:
            guard row.id == nil else { return .failure(Self.idOnInsert) }
            return insert(row.values, into: row.object, by: writer)
        case .update:
            guard let id = row.id else { return .failure(.missing("Id", "Id not specified in an update call")) }
            guard !isRepeated else {
                let message = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
                return .failure(SalesforceRowError(code: "DUPLICATE_VALUE", message: message))
            }
            return update(id, of: row.object, with: row.values, by: writer)
        case .delete:
            guard let id = row.id else { return .failure(.missing("Id", "Id not specified in a delete call")) }
            return delete(id, of: row.object, by: writer)
        case .upsert(let field) where field.kind == .id:
            guard let id = row.id else { return insert(row.values, into: row.object, by: writer) }
            return update(id, of: row.object, with: row.values, by: writer)
        case .upsert(let field):
            guard let key = row.key else { return .failure(.missing(field.name, "\(field.name) not specified")) }
            guard !isRepeated else {
                let message = "Duplicate external id specified: \(key)"
                return .failure(SalesforceRowError(code: "DUPLICATE_VALUE", message: message, fields: [field.name]))
            }
            return upsert(key, in: field, of: row.object, with: row.values, by: writer)
        }
    }

    private static let idOnInsert = SalesforceRowError(
        code: "INVALID_FIELD_FOR_INSERT_UPDATE", message: "cannot specify Id in an insert call", fields: ["Id"])
}

extension SalesforceRowError {
    fileprivate static func missing(_ field: String, _ message: String) -> SalesforceRowError {
        SalesforceRowError(code: "MISSING_ARGUMENT", message: message, fields: [field])
    }
}
