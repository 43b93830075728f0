/// A custom object's schema: its own fields and how its records relate to the account's.
struct ActiveCampaignSchema: Sendable {
    struct Field: Sendable {
        var type: String
        var isRequired: Bool
    }

    let id: String
    let slug: String
    /// As it was asked for.
    let definition: [String: SandboxValue]
    /// By field id, which the schema's maker chooses.
    let fields: [String: Field]
    let relationships: Set<String>
    let created: Int64
}

/// A record of a custom object.
struct ActiveCampaignCustomRecord: Sendable {
    let id: String
    var externalID: String?
    /// The items as written (`id`, `value` and perhaps `currency`), by field id.
    var fields: [String: SandboxValue] = [:]
    /// Ids of contacts, accounts or deals by relationship.
    var relationships: [String: [String]] = [:]
    let created: Int64
    var updated: Int64
}

/// The account's custom objects.
struct ActiveCampaignCustomObjects: Sendable {
    /// In the order they were made.
    private(set) var schemas: [ActiveCampaignSchema] = []
    /// By schema and record id.
    private(set) var records: [String: [String: ActiveCampaignCustomRecord]] = [:]
    private var idByExternalID: [String: [String: String]] = [:]
    var ids = ActiveCampaignIDs()

    func schema(_ id: String) -> ActiveCampaignSchema? {
        schemas.first { $0.id == id }
    }

    mutating func add(_ schema: ActiveCampaignSchema) {
        schemas.append(schema)
    }

    func record(externalID: String, of schema: String) -> ActiveCampaignCustomRecord? {
        idByExternalID[schema]?[externalID].flatMap { records[schema]?[$0] }
    }

    mutating func replace(_ record: ActiveCampaignCustomRecord, of schema: String) {
        if let old = records[schema]?[record.id]?.externalID { idByExternalID[schema]?[old] = nil }
        if let new = record.externalID { idByExternalID[schema, default: [:]][new] = record.id }
        records[schema, default: [:]][record.id] = record
    }

    mutating func remove(_ id: String, of schema: String) {
        if let external = records[schema]?.removeValue(forKey: id)?.externalID { idByExternalID[schema]?[external] = nil }
    }
}

/// Custom objects: schemas, and their records, which can carry an id of another system.
extension ActiveCampaignSandbox {
    static let customFieldTypes: Set<String> = [
        "text", "textarea", "number", "date", "datetime", "currency", "dropdown", "multiselect", "radio", "checkbox", "hidden",
    ]

    func customObjects(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard options.hasCustomObjects else { return ActiveCampaignError.notInPlan }
        switch call.path.dropFirst().first {
        case "schemas": return schemas(call)
        case "records": return records(call)
        default: return ActiveCampaignError.notFoundCustom
        }
    }

    // MARK: Schemas

    private func schemas(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.count) {
        case ("GET", 2):
            let page = call.page(of: customObjects.schemas)
            return .json(
                200, ["schemas": .array(page.map { json($0) }), "meta": meta(call, page.count, of: customObjects.schemas.count)])
        case ("POST", 2): return createSchema(call)
        case ("GET", 3):
            guard let schema = customObjects.schema(call.path[2]) else { return ActiveCampaignError.notFoundCustom }
            return .json(200, ["schema": json(schema)])
        default: return ActiveCampaignError.notFoundCustom
        }
    }

    private func createSchema(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let definition = call.body["schema"]?.object, let slug = definition["slug"]?.text, !slug.isEmpty,
            definition["labels"]?["singular"]?.text != nil, definition["labels"]?["plural"]?.text != nil
        else { return ActiveCampaignError.badCustom }
        guard !customObjects.schemas.contains(where: { $0.slug == slug }) else {
            return ActiveCampaignError.invalidCustom("slug", "A schema of this slug exists.")
        }
        var fields: [String: ActiveCampaignSchema.Field] = [:]
        for item in definition["fields"]?.array ?? [] {
            guard let id = item["id"]?.text, !id.isEmpty, fields[id] == nil, item["labels"]?["singular"]?.text != nil,
                let type = item["type"]?.text, Self.customFieldTypes.contains(type)
            else { return ActiveCampaignError.invalidCustom("fields", "A field lacks an id, labels or a known type.") }
            fields[id] = .init(type: type, isRequired: item["required"] == true)
        }
        var relationships: Set<String> = []
        for item in definition["relationships"]?.array ?? [] {
            guard let id = item["id"]?.text, !id.isEmpty, let namespace = item["namespace"]?.text,
                ["contacts", "accounts", "deals"].contains(namespace)
            else { return ActiveCampaignError.invalidCustom("relationships", "A relationship lacks an id or a known namespace.") }
            relationships.insert(id)
        }
        let schema = ActiveCampaignSchema(
            id: customObjects.ids.nextUUID("schema"), slug: slug, definition: definition, fields: fields,
            relationships: relationships, created: now)
        customObjects.add(schema)
        return .json(201, ["schema": json(schema)])
    }

    private func json(_ schema: ActiveCampaignSchema) -> SandboxValue {
        var members = schema.definition
        members["id"] = .string(schema.id)
        members["createdTimestamp"] = .string(precise(schema.created))
        members["updatedTimestamp"] = .string(precise(schema.created))
        return .object(members)
    }

    /// Counts are numbers here, not text.
    func meta(_ call: ActiveCampaignCall, _ count: Int, of total: Int) -> SandboxValue {
        [
            "total": .integer(Int64(total)), "count": .integer(Int64(count)),
            "limit": .integer(call.parameters["limit"].flatMap { Int64($0) }.map { min(max($0, 1), 100) } ?? 20),
            "offset": .integer(call.parameters["offset"].flatMap { Int64($0) }.map { max($0, 0) } ?? 0),
        ]
    }

    /// UTC with a fraction of nine digits, as only custom objects have it.
    func precise(_ milliseconds: Int64) -> String {
        let fraction = String(milliseconds % 1000)
        return CivilTime.text(seconds: milliseconds / 1000) + "." + String(repeating: "0", count: max(0, 3 - fraction.count))
            + fraction + "000000Z"
    }
}

extension ActiveCampaignError {
    static let notFoundCustom: SandboxResponse = .json(404, ["message": "Not Found"])
    static let badCustom: SandboxResponse = .json(400, ["errors": [["status": 400, "title": "Bad Request"]]])

    static func invalidCustom(_ attribute: String, _ detail: String) -> SandboxResponse {
        let source: SandboxValue = ["type": "pointer", "value": .string("/data/attributes/\(attribute)")]
        let title = SandboxValue.string("Invalid value for field \(attribute)")
        return .json(422, ["errors": [["title": title, "detail": .string(detail), "source": source]]])
    }
}
