/// The rules a row must keep before it is saved.
extension SalesforceOrg {
    /// Blank texts are nulls, texts are trimmed; the errors are every rule the row breaks, in the platform's order.
    func check(
        _ values: [String: SandboxValue], of row: SalesforceRow?, inTable key: String, by writer: Writer
    ) -> (values: [String: SandboxValue], errors: [SalesforceRowError]) {
        guard let table = tables[key] else { return ([:], [Self.noSuchRow]) }
        var clean: [String: SandboxValue] = [:]
        var errors: [SalesforceRowError] = []
        var forbidden: [String] = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let field = table.field(name) else { continue }
            guard row == nil ? field.isCreatable : field.isUpdatable else {
                forbidden.append(field.name)
                continue
            }
            let value = Self.trimmed(value)
            if let error = Self.check(value, for: field) { errors.append(error) }
            clean[field.name] = value
        }
        if !forbidden.isEmpty { errors.insert(Self.notWritable(forbidden), at: 0) }
        if let error = missing(clean, isNew: row == nil, in: table) { errors.append(error) }
        guard errors.isEmpty else { return (clean, errors) }
        if let error = danglingReference(clean, in: table) ?? duplicateKey(clean, of: row, in: table)
            ?? duplicateRule(clean, of: row, in: table, by: writer)
        {
            return (clean, [error])
        }
        if let validation = rules.validation {
            let merged = (row?.values ?? [:]).merging(clean) { $1 }.filter { $0.value != .null }
            if let refusal = validation(.init(object: table.object.name, values: merged, isNew: row == nil)) {
                let fields = refusal.field.map { [$0] } ?? []
                let error = SalesforceRowError(
                    code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", message: refusal.message, fields: fields)
                return (clean, [error])
            }
        }
        return (row == nil ? clean.filter { $0.value != .null } : clean, [])
    }

    private static func trimmed(_ value: SandboxValue) -> SandboxValue {
        guard case .string(let text) = value else { return value }
        guard text.first?.isWhitespace == true || text.last?.isWhitespace == true || text.isEmpty else { return value }
        var slice = text[...]
        while slice.first?.isWhitespace == true { slice.removeFirst() }
        while slice.last?.isWhitespace == true { slice.removeLast() }
        return slice.isEmpty ? .null : .string(String(slice))
    }

    private static func check(_ value: SandboxValue, for field: SalesforceField) -> SalesforceRowError? {
        if let number = value.double, field.precision > 0 {
            guard abs(number) < power(10, field.precision - field.scale) else {
                return SalesforceRowError(
                    code: "NUMBER_OUTSIDE_VALID_RANGE", message: "\(field.label): value outside of valid range on numeric field",
                    fields: [field.name])
            }
        }
        guard let text = value.text else { return nil }
        if field.kind == .picklist || field.kind == .multipicklist { return checkPicklist(text, for: field) }
        if field.kind == .reference, SalesforceID.normalized(text) == nil {
            return SalesforceRowError(
                code: "MALFORMED_ID", message: "\(field.label): id value of incorrect type: \(text)", fields: [field.name])
        }
        if field.length > 0, text.utf16.count > field.length {
            return SalesforceRowError(
                code: "STRING_TOO_LONG", message: "\(field.label): data value too large: \(text) (max length=\(field.length))",
                fields: [field.name])
        }
        if field.kind == .email, !EmailAddress.isPlausible(text) {
            return SalesforceRowError(
                code: "INVALID_EMAIL_ADDRESS", message: "\(field.label): invalid email address: \(text)", fields: [field.name])
        }
        return nil
    }

    private static func checkPicklist(_ text: String, for field: SalesforceField) -> SalesforceRowError? {
        guard field.isRestricted else { return nil }
        let chosen = field.kind == .multipicklist ? text.split(separator: ";").map(String.init) : [text]
        guard let stranger = chosen.first(where: { !field.options.contains($0) }) else { return nil }
        return SalesforceRowError(
            code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            message: "\(field.label): bad value for restricted picklist field: \(stranger)", fields: [field.name])
    }

    private static func notWritable(_ names: [String]) -> SalesforceRowError {
        SalesforceRowError(
            code: "INVALID_FIELD_FOR_INSERT_UPDATE",
            message:
                "Unable to create/update fields: \(names.joined(separator: ", ")). Please check the security settings of this "
                + "field and verify that it is read/write for your profile or permission set.",
            fields: names)
    }

    private func missing(_ values: [String: SandboxValue], isNew: Bool, in table: SalesforceTable) -> SalesforceRowError? {
        let missing = table.object.fields.filter { field in
            guard field.isRequired else { return false }
            return isNew ? (values[field.name] ?? .null) == .null : values[field.name] == .null
        }
        guard !missing.isEmpty else { return nil }
        let names = missing.map(\.name)
        return SalesforceRowError(
            code: "REQUIRED_FIELD_MISSING", message: "Required fields are missing: [\(names.joined(separator: ", "))]",
            fields: names)
    }

    /// A reference to nothing; objects the org does not have are not looked into.
    private func danglingReference(_ values: [String: SandboxValue], in table: SalesforceTable) -> SalesforceRowError? {
        for field in table.references {
            guard let id = values[field.name]?.text.flatMap(SalesforceID.normalized) else { continue }
            let parents = field.referenceTo.compactMap { tables[$0.lowercased()] }
            guard parents.count == field.referenceTo.count else { continue }
            guard let parent = parents.first(where: { id.hasPrefix($0.object.prefix) }) else {
                let message = "\(field.label): id value of incorrect type: \(id)"
                return SalesforceRowError(code: "FIELD_INTEGRITY_EXCEPTION", message: message, fields: [field.name])
            }
            guard let row = parent.rows[id], !row.isDeleted else {
                return SalesforceRowError(
                    code: "INVALID_CROSS_REFERENCE_KEY", message: "invalid cross reference id", fields: [field.name])
            }
        }
        return nil
    }

    func duplicateKey(
        _ values: [String: SandboxValue], of row: SalesforceRow?, in table: SalesforceTable
    ) -> SalesforceRowError? {
        for field in table.object.fields where field.isUnique {
            guard let value = values[field.name]?.text,
                let other = table.ids(where: field, equals: value)?.first(where: { $0 != row?.id })
            else { continue }
            // The id in the text has 15 characters.
            return SalesforceRowError(
                code: "DUPLICATE_VALUE",
                message: "duplicate value found: \(field.name) duplicates value on record with id: \(other.prefix(15))")
        }
        return nil
    }

    private func duplicateRule(
        _ values: [String: SandboxValue], of row: SalesforceRow?, in table: SalesforceTable, by writer: Writer
    ) -> SalesforceRowError? {
        guard rules.duplicates != .off, rules.duplicates == .block || !writer.allowsDuplicates, let field = table.field("Email"),
            let email = values["Email"]?.text, row?["Email"].text?.lowercased() != email.lowercased(),
            let other = table.ids(where: field, equals: email)?.first(where: { $0 != row?.id })
        else { return nil }
        return SalesforceRowError(code: "DUPLICATES_DETECTED", message: "Use one of these records?", match: other)
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<max(0, exponent)).reduce(1) { result, _ in result * base }
    }
}
