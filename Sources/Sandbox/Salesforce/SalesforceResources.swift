/// The resources that are neither composite nor query.
extension SalesforceSandbox {
    /// Cursors live two days.
    private static let locatorLifetime: Int64 = 2 * 86_400_000

    func perform(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        guard call.route.methods.contains(call.method) else {
            let allowed = call.route.methods.joined(separator: ",")
            throw SalesforceFault(
                status: 405, code: "METHOD_NOT_ALLOWED",
                message: "HTTP Method '\(call.method)' not allowed. Allowed are \(allowed)")
        }
        switch call.route {
        case .root: return .ok(["sobjects": .string(call.path + "/sobjects"), "query": .string(call.path + "/query")])
        case .limits: return .ok(limits())
        case .recordCount: return .ok(recordCount(call.parameters["sObjects"]))
        case .objects: return .ok(objects(path: call.path))
        case .describe(let object): return .ok(try org.table(object).object.describe(path: call.path))
        case .create(let object): return try create(object, call)
        case .row(let object, let id): return try row(object, id: id, call)
        case .externalRow(let object, let field, let value): return try externalRow(object, field: field, value: value, call)
        case .updated(let object): return .ok(try replication(of: object, deleted: false, call.parameters))
        case .deleted(let object): return .ok(try replication(of: object, deleted: true, call.parameters))
        case .query(let all): return .ok(try query(call, includingDeleted: all))
        case .nextPage(let locator): return .ok(try page(locator, call))
        case .collection: return try collection(call)
        case .collectionUpsert(let object, let field): return try collectionUpsert(object, field: field, call)
        case .retrieve(let object): return .ok(try retrieve(object, call))
        case .composite: return try composite(call)
        case .batch: return try batch(call)
        case .jobs, .job, .queryResults, .upload, .ingestResults: return try job(call)
        }
    }

    /// The integration user at this moment.
    func writer(_ call: SalesforceCall) -> SalesforceOrg.Writer {
        let allows = call.headers["sforce-duplicate-rule-header"]?.lowercased().contains("allowsave=true") ?? false
        return SalesforceOrg.Writer(
            userID: SalesforceUser.integration, now: now, allowsDuplicates: allows, lockedRow: call.lockedRow)
    }

    /// Keeps the counters of rows.
    func note(_ result: SalesforceRowResult) {
        guard result.errors.isEmpty else {
            tally.rowsRefused += 1
            return
        }
        tally.rowsWritten += 1
        if result.created == true { tally.rowsCreated += 1 }
    }

    // MARK: The org

    private func limits() -> SandboxValue {
        let used = usage.used(now: now)
        func limit(_ most: Int, _ left: Int) -> SandboxValue {
            ["Max": .integer(Int64(most)), "Remaining": .integer(Int64(left))]
        }
        return [
            "DailyApiRequests": limit(options.dailyLimit, max(0, options.dailyLimit - used)),
            "DailyBulkApiBatches": limit(15_000, 15_000),
            "DailyBulkV2QueryJobs": limit(
                options.bulk.dailyQueryJobs, max(0, options.bulk.dailyQueryJobs - jobs.queryUsage.used(now: now))),
            "DataStorageMB": limit(1024, 800), "FileStorageMB": limit(1024, 1000),
        ]
    }

    private func recordCount(_ names: String?) -> SandboxValue {
        let wanted = names.map { Set($0.split(separator: ",").map { $0.lowercased() }) }
        let counts = org.tables.values.filter { wanted?.contains($0.object.name.lowercased()) ?? true }
            .sorted { $0.object.name < $1.object.name }
            .map { table -> SandboxValue in
                let count = table.rows.values.reduce(0) { $0 + ($1.isDeleted ? 0 : 1) }
                return ["name": .string(table.object.name), "count": .integer(Int64(count))]
            }
        return ["sObjects": .array(counts)]
    }

    private func objects(path: String) -> SandboxValue {
        let objects = org.tables.values.map(\.object).sorted { $0.name < $1.name }
        return ["encoding": "UTF-8", "maxBatchSize": 200, "sobjects": .array(objects.map { .object($0.summary(path: path)) })]
    }

    // MARK: Single rows

    private func members(_ body: SandboxValue?) throws(SalesforceFault) -> [String: SandboxValue] {
        guard let members = body?.object else { throw .parser("A JSON object was expected at [line:1, column:1]") }
        return members
    }

    private func create(_ object: String, _ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        let values = try org.table(object).deserialize(try members(call.body))
        let result = org.insert(values, into: object, by: writer(call))
        note(result)
        if let fault = result.fault { return fault }
        let location = "\(call.path)/sobjects/\(object)/\(result.id ?? "")"
        return SalesforceAnswer(status: 201, headers: ["location": location], body: result.item(tellsCreated: false))
    }

    private func row(_ object: String, id: String, _ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        switch call.method {
        case "GET": return .ok(try read(object, id: id, call))
        case "DELETE":
            _ = try org.table(object)
            let result = org.delete(id, of: object, by: writer(call))
            note(result)
            return result.fault ?? SalesforceAnswer(status: 204)
        default:
            let members = try members(call.body)
            guard members["Id"] == nil, members["id"] == nil else {
                throw SalesforceFault(
                    status: 400, code: "INVALID_FIELD", message: "The Id field should not be specified in the sobject data.",
                    fields: ["Id"])
            }
            let values = try org.table(object).deserialize(members)
            let result = org.update(id, of: object, with: values, by: writer(call))
            note(result)
            return result.fault ?? SalesforceAnswer(status: 204)
        }
    }

    private func read(_ object: String, id: String, _ call: SalesforceCall) throws(SalesforceFault) -> SandboxValue {
        let table = try org.table(object)
        var columns = table.object.fields.map { SOQLColumn(field: $0) }
        if let wanted = call.parameters["fields"] {
            columns = try self.columns(wanted.split(separator: ",").map(String.init), in: table)
        }
        guard let id = SalesforceID.normalized(id), let row = table.rows[id] else { throw .notFound }
        guard !row.isDeleted else {
            throw SalesforceFault(status: 404, code: "ENTITY_IS_DELETED", message: "entity is deleted")
        }
        tally.rowsRead += 1
        return org.record(row, of: table.object.name, columns: columns, path: call.path)
    }

    private func externalRow(
        _ object: String, field name: String, value: String, _ call: SalesforceCall
    ) throws(SalesforceFault) -> SalesforceAnswer {
        guard let field = try org.table(object).field(name), field.isLookupKey else { throw .notFound }
        let ids = try org.table(object).ids(where: field, equals: value) ?? []
        if ids.count > 1 {
            return SalesforceAnswer(status: 300, body: .array(ids.map { .string("\(call.path)/sobjects/\(object)/\($0)") }))
        }
        if call.method != "PATCH" {
            guard let id = ids.first else { throw .notFound }
            return try row(object, id: id, call)
        }
        let members = try members(call.body)
        guard !members.keys.contains(where: { $0.lowercased() == name.lowercased() }) else {
            throw .badRequest("INVALID_FIELD", "The \(field.name) field should not be specified in the sobject data.")
        }
        guard !ids.isEmpty || call.parameters["updateOnly"] != "true" else { throw .notFound }
        let values = try org.table(object).deserialize(members)
        let result = org.upsert(value, in: field, of: object, with: values, by: writer(call))
        note(result)
        if let fault = result.fault { return fault }
        return SalesforceAnswer(status: result.created == true ? 201 : 200, body: result.item(tellsCreated: true))
    }

    func columns(_ names: [String], in table: SalesforceTable) throws(SalesforceFault) -> [SOQLColumn] {
        var columns: [SOQLColumn] = []
        for name in names {
            guard let field = table.field(name) else { throw .invalidField(name, on: table.object.name) }
            columns.append(SOQLColumn(field: field))
        }
        return columns
    }

    // MARK: Queries

    private func query(_ call: SalesforceCall, includingDeleted: Bool) throws(SalesforceFault) -> SandboxValue {
        guard let text = call.parameters["q"] else { throw .malformedQuery("A query string has to be specified") }
        var selection = try org.select(text, includingDeleted: includingDeleted)
        guard !selection.countsOnly else {
            tally.queries[selection.object, default: 0] += 1
            return ["totalSize": .integer(Int64(selection.ids.count)), "done": true, "records": []]
        }
        selection.expires = now + Self.locatorLifetime
        nextLocator += 1
        return page(selection, locator: SalesforceID.make(prefix: "0r8", number: nextLocator), from: 0, call)
    }

    private func page(_ locator: String, _ call: SalesforceCall) throws(SalesforceFault) -> SandboxValue {
        let parts = locator.split(separator: "-")
        guard parts.count == 2, let start = Int(parts[1]), let selection = selections[String(parts[0])], now < selection.expires,
            selection.ids.indices.contains(start)
        else { throw .badRequest("INVALID_QUERY_LOCATOR", "invalid query locator") }
        return page(selection, locator: String(parts[0]), from: start, call)
    }

    /// Values are read when the page is; a row deleted meanwhile is missing.
    private func page(
        _ selection: SalesforceSelection, locator: String, from start: Int, _ call: SalesforceCall
    ) -> SandboxValue {
        let asked = call.headers["sforce-query-options"]?.split(separator: "=").last.flatMap { Int($0) } ?? 2000
        let end = min(start + min(max(asked, 200), 2000), selection.ids.count)
        let rows = org.tables[selection.object.lowercased()]?.rows ?? [:]
        let records = selection.ids[start..<end].compactMap { id -> SandboxValue? in
            guard let row = rows[id], selection.includesDeleted || !row.isDeleted else { return nil }
            return org.record(row, of: selection.object, columns: selection.columns, path: call.path)
        }
        tally.queries[selection.object, default: 0] += 1
        tally.rowsRead += records.count
        var members: [String: SandboxValue] = [
            "totalSize": .integer(Int64(selection.ids.count)), "done": .bool(end == selection.ids.count),
            "records": .array(records),
        ]
        if end < selection.ids.count {
            selections = selections.filter { now < $0.value.expires }
            selections[locator] = selection
            members["nextRecordsUrl"] = .string("\(call.path)/query/\(locator)-\(end)")
        }
        return .object(members)
    }

    // MARK: Replication

    /// `/updated` and `/deleted`: ids by their stamp, in whole minutes.
    private func replication(
        of object: String, deleted: Bool, _ parameters: [String: String]
    ) throws(SalesforceFault) -> SandboxValue {
        let table = try org.table(object)
        guard let from = parameters["start"].flatMap(CivilTime.seconds), let to = parameters["end"].flatMap(CivilTime.seconds),
            from / 60 < to / 60, now / 1000 - from <= (deleted ? 15 : 30) * 86_400
        else { throw .badRequest("INVALID_REPLICATION_DATE", "The start and end dates are invalid") }
        let first = SalesforceOrg.stamp(from / 60 * 60_000)
        // A transaction still open holds it back.
        let settled = openWrites.values.reduce(now) { min($0, $1.writer.now) }
        let covered = min(to / 60 * 60, settled / 1000 / 60 * 60)
        let last = SalesforceOrg.stamp(covered * 1000)
        let rows = table.order.compactMap { table.rows[$0] }.filter { row in
            guard row.isDeleted == deleted, let stamp = row["SystemModstamp"].text else { return false }
            return stamp >= first && stamp < last
        }
        var answer: [String: SandboxValue] = ["latestDateCovered": .string(last)]
        if deleted {
            answer["deletedRecords"] = .array(rows.map { ["id": .string($0.id), "deletedDate": $0["SystemModstamp"]] })
            answer["earliestDateAvailable"] = .string(SalesforceOrg.stamp(now - 15 * 86_400_000))
        } else {
            answer["ids"] = .array(rows.map { .string($0.id) })
        }
        return .object(answer)
    }
}
