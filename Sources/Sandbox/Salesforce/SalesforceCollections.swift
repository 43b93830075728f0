/// Collections: up to 200 rows in one call, each with a result of its own.
extension SalesforceSandbox {
    private static let mostRows = 200
    private static let mostRetrieved = 2000
    private static let mostChunks = 10

    func collection(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        if call.method == "DELETE" { return try deleteCollection(call) }
        let items = try items(of: call, object: nil, key: nil)
        let chunks = zip(items, items.dropFirst()).reduce(1) { $1.0.object == $1.1.object ? $0 : $0 + 1 }
        guard chunks <= Self.mostChunks else {
            throw .badRequest(
                "LIMIT_EXCEEDED",
                "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking.")
        }
        return save(items, call.method == "PATCH" ? .update : .insert, call)
    }

    func collectionUpsert(_ object: String, field name: String, _ call: SalesforceCall) throws(SalesforceFault)
        -> SalesforceAnswer
    {
        guard let field = try org.table(object).field(name) else { throw .invalidField(name, on: object) }
        guard field.isLookupKey else {
            throw .badRequest(
                "INVALID_FIELD", "Field name provided, \(name) is not an External ID or indexed field for \(object)")
        }
        return save(try items(of: call, object: object, key: field.kind == .id ? nil : field), .upsert(by: field), call)
    }

    private func deleteCollection(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        let ids = (call.parameters["ids"] ?? "").split(separator: ",").map(String.init)
        guard ids.count <= Self.mostRows else { throw Self.tooMany(Self.mostRows) }
        let tables = org.tables.values.map(\.object)
        let items = ids.map { id in
            SalesforceRowInput(object: tables.first { id.hasPrefix($0.prefix) }?.name ?? "", id: id)
        }
        return save(items, .delete, call)
    }

    // MARK: Reading the rows

    /// Everything wrong here sinks the whole call.
    private func items(
        of call: SalesforceCall, object only: String?, key: SalesforceField?
    ) throws(SalesforceFault) -> [SalesforceRowInput] {
        guard let records = call.body?["records"]?.array else {
            throw .parser("The request body must hold an array named records at [line:1, column:1]")
        }
        guard records.count <= Self.mostRows else { throw Self.tooMany(Self.mostRows) }
        guard !records.isEmpty else { throw .badRequest("INVALID_INPUT", "records must not be empty") }
        var items: [SalesforceRowInput] = []
        for record in records {
            guard var members = record.object else { throw .cannotDeserialize("sobject", from: record) }
            guard let type = members["attributes"]?["type"]?.text else {
                throw .badRequest("INVALID_INPUT", "Include a type in the attributes of every record")
            }
            guard only == nil || type.lowercased() == only?.lowercased() else {
                throw .badRequest("INVALID_INPUT", "Records of type \(type) can not be upserted as \(only ?? "")")
            }
            let table = try org.table(type)
            let id = members["id"] ?? members["Id"]
            var keyValue: SandboxValue?
            if let key, let name = members.keys.first(where: { $0.lowercased() == key.name.lowercased() }) {
                keyValue = members.removeValue(forKey: name)
            }
            items.append(
                SalesforceRowInput(
                    object: table.object.name, id: id?.text, values: try table.deserialize(members),
                    key: keyValue?.text.flatMap { $0.isEmpty ? nil : $0 }))
        }
        return items
    }

    private static func tooMany(_ most: Int) -> SalesforceFault {
        .badRequest("LIMIT_EXCEEDED", "You cannot specify more than \(most) records in this request")
    }

    // MARK: Saving them

    private func save(
        _ items: [SalesforceRowInput], _ operation: SalesforceRowOperation, _ call: SalesforceCall
    ) -> SalesforceAnswer {
        let writer = writer(call)
        let isAllOrNone = call.body?["allOrNone"] == true || call.parameters["allOrNone"] == "true"
        let savepoint = isAllOrNone ? org : nil
        let repeated = operation.repeated(in: items)
        var results = items.enumerated().map { index, item in
            index == writer.lockedRow
                ? .failure(SalesforceOrg.lockedRow) : org.save(item, operation, repeated: repeated, by: writer)
        }
        if let savepoint, results.contains(where: { !$0.errors.isEmpty }) {
            org = savepoint
            results = results.map { $0.errors.isEmpty ? .failure(Self.rolledBack) : $0 }
        }
        results.forEach(note)
        return .ok(.array(results.map { $0.item(tellsCreated: operation.isUpsert) }))
    }

    private static let rolledBack = SalesforceRowError(
        code: "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        message: "Record rolled back because not all records were valid and the request was using AllOrNone header")

    // MARK: Retrieving

    /// Rows in the order asked for, null where there is none.
    func retrieve(_ object: String, _ call: SalesforceCall) throws(SalesforceFault) -> SandboxValue {
        let table = try org.table(object)
        var ids = call.parameters["ids"]?.split(separator: ",").map(String.init)
        var names = call.parameters["fields"]?.split(separator: ",").map(String.init)
        if call.method == "POST" {
            ids = call.body?["ids"]?.array?.compactMap(\.text)
            names = call.body?["fields"]?.array?.compactMap(\.text)
        }
        guard let ids, let names, !names.isEmpty else { throw .badRequest("INVALID_INPUT", "ids and fields are required") }
        guard ids.count <= Self.mostRetrieved else { throw Self.tooMany(Self.mostRetrieved) }
        let columns = try columns(names, in: table)
        var records: [SandboxValue] = []
        for id in ids {
            guard let normalized = SalesforceID.normalized(id) else { throw .badRequest("MALFORMED_ID", "malformed id \(id)") }
            if let row = table.rows[normalized], !row.isDeleted {
                tally.rowsRead += 1
                records.append(org.record(row, of: table.object.name, columns: columns, path: call.path))
            } else {
                records.append(.null)
            }
        }
        return .array(records)
    }
}
