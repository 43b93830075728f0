/// Records of custom objects.
extension ActiveCampaignSandbox {
    /// A custom object's record as tests and the demo read it.
    public struct CustomRecord: Sendable, Hashable {
        public var id: String
        public var externalID: String?
        /// By field id.
        public var fields: [String: SandboxValue]
        /// Ids of contacts, accounts or deals by relationship.
        public var relationships: [String: [String]]
    }

    /// The records of a schema, by its id or its slug, in the order of their ids.
    public func customRecords(_ schema: String) -> [CustomRecord] {
        let found = customObjects.schemas.first { $0.id == schema || $0.slug == schema }
        return sortedRecords(of: found?.id ?? "").map { record in
            CustomRecord(
                id: record.id, externalID: record.externalID, fields: record.fields.compactMapValues { $0["value"] },
                relationships: record.relationships)
        }
    }

    func records(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard call.path.count > 2, let schema = customObjects.schema(call.path[2]) else {
            return ActiveCampaignError.notFoundCustom
        }
        let record: ActiveCampaignCustomRecord?
        switch (call.path.count, call.method) {
        case (3, "GET"): return listRecords(call, of: schema)
        case (3, "POST"): return upsertRecord(call, of: schema)
        case (4, _): record = customObjects.records[schema.id]?[call.path[3]]
        case (5, _) where call.path[3] == "external": record = customObjects.record(externalID: call.path[4], of: schema.id)
        default: record = nil
        }
        guard let record else { return ActiveCampaignError.notFoundCustom }
        switch call.method {
        case "GET":
            tally.rowsRead += 1
            return .json(200, ["record": json(record, of: schema)])
        case "DELETE":
            customObjects.remove(record.id, of: schema.id)
            tally.rowsWritten += 1
            return SandboxResponse(status: 202)
        default: return ActiveCampaignError.notFoundCustom
        }
    }

    private func sortedRecords(of schema: String) -> [ActiveCampaignCustomRecord] {
        (customObjects.records[schema] ?? [:]).values.sorted { $0.id < $1.id }
    }

    /// `filters[relationships.primary-contact][eq]=10`; any other filter is ignored.
    private func listRecords(_ call: ActiveCampaignCall, of schema: ActiveCampaignSchema) -> SandboxResponse {
        var rows = sortedRecords(of: schema.id)
        for relationship in schema.relationships {
            if let wanted = call.parameters["filters[relationships.\(relationship)][eq]"] {
                rows = rows.filter { $0.relationships[relationship]?.contains(wanted) == true }
            }
        }
        let page = call.page(of: rows)
        tally.rowsRead += page.count
        return .json(
            200, ["records": .array(page.map { json($0, of: schema) }), "meta": meta(call, page.count, of: rows.count)])
    }

    /// Changes the record of this `id` or `externalId`, or makes one. Fields that are not named stay as they are.
    private func upsertRecord(_ call: ActiveCampaignCall, of schema: ActiveCampaignSchema) -> SandboxResponse {
        guard let body = call.body["record"]?.object else { return ActiveCampaignError.badCustom }
        let id = body["id"]?.text
        let external = body["externalId"]?.looseText
        let known =
            id.flatMap { customObjects.records[schema.id]?[$0] }
            ?? external.flatMap { customObjects.record(externalID: $0, of: schema.id) }
        var record =
            known ?? ActiveCampaignCustomRecord(id: id ?? customObjects.ids.nextUUID("record"), created: now, updated: now)
        if let external { record.externalID = external }
        for item in body["fields"]?.array ?? [] {
            guard let field = item["id"]?.text else { return ActiveCampaignError.badCustom }
            guard let definition = schema.fields[field], Self.fits(item["value"] ?? nil, type: definition.type) else {
                return ActiveCampaignError.invalidCustom(field, "The field is unknown or the value is not of its type.")
            }
            record.fields[field] = item
            if (item["value"] ?? .null) == .null { record.fields.removeValue(forKey: field) }
        }
        let missing = schema.fields.filter { $0.value.isRequired && record.fields[$0.key] == nil }.keys.sorted()
        if let first = missing.first { return ActiveCampaignError.invalidCustom(first, "The field is required.") }
        for (name, ids) in body["relationships"]?.object ?? [:] {
            guard schema.relationships.contains(name), let ids = ids.array else {
                return ActiveCampaignError.invalidCustom(name, "The relationship is unknown or no list.")
            }
            record.relationships[name] = ids.compactMap(\.looseText)
        }
        record.updated = now
        customObjects.replace(record, of: schema.id)
        tally.rowsWritten += 1
        if known == nil { tally.rowsCreated += 1 }
        return .json(201, ["record": json(record, of: schema)])
    }

    private static func fits(_ value: SandboxValue, type: String) -> Bool {
        switch (value, type) {
        case (.null, _), (.array, "multiselect"), (.array, "checkbox"): true
        case (_, "number"), (_, "currency"): value.double != nil || value.text.flatMap { Double($0) } != nil
        case (_, "date"): value.text.flatMap { CivilTime.days($0) } != nil
        case (_, "datetime"): value.text.flatMap { CivilTime.seconds($0) } != nil
        default: value.looseText != nil
        }
    }

    private func json(_ record: ActiveCampaignCustomRecord, of schema: ActiveCampaignSchema) -> SandboxValue {
        [
            "id": .string(record.id), "externalId": record.externalID.map { .string($0) } ?? nil, "schemaId": .string(schema.id),
            "fields": .array(record.fields.sorted { $0.key < $1.key }.map(\.value)),
            "relationships": .object(record.relationships.mapValues { .array($0.map { .string($0) }) }),
            "createdTimestamp": .string(precise(record.created)), "updatedTimestamp": .string(precise(record.updated)),
        ]
    }
}
