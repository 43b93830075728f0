/// Custom fields of contacts.
extension ActiveCampaignSandbox {
    static let fieldTypes: Set<String> = [
        "text", "textarea", "number", "date", "datetime", "dropdown", "radio", "listbox", "checkbox", "hidden",
    ]

    func fields(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.first, call.path.count) {
        case ("GET", "fields", 1): return listFields(call)
        case ("POST", "fields", 1): return createField(call)
        case ("GET", "fields", 2):
            guard let field = call.id.flatMap({ account.fields[$0] }) else {
                return ActiveCampaignError.notFound("Field", call.path[1])
            }
            return .json(200, ["field": json(field)])
        case ("DELETE", "fields", 2):
            guard let id = call.id, account.removeField(id) else { return ActiveCampaignError.notFound("Field", call.path[1]) }
            return .json(200, [:])
        case ("POST", "fieldOption", 2), ("POST", "fieldOptions", 2): return addOptions(call)
        case ("POST", "fieldRels", 1): return relate(call)
        default: return ActiveCampaignError.noRoute
        }
    }

    /// 20 fields unless a limit is given, whatever the vendor's reference says; only their options ride along.
    private func listFields(_ call: ActiveCampaignCall) -> SandboxResponse {
        var rows = account.fields.values.sorted { $0.id < $1.id }
        if let perstag = call.parameters["filters[perstag]"] { rows = rows.filter { $0.perstag == perstag.uppercased() } }
        let page = call.page(of: rows)
        tally.rowsRead += page.count
        return .json(
            200,
            [
                "fieldOptions": .array(page.flatMap { field in field.options.map { json($0, of: field) } }),
                "fieldRels": .array(page.flatMap { field in field.relations.map { json($0, of: field) } }),
                "fields": .array(page.map { json($0) }), "meta": ["total": .string(String(rows.count)), "selected": nil],
            ])
    }

    private func createField(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let title = call.body["field"]?["title"]?.text, !title.isEmpty else { return ActiveCampaignError.missing("title") }
        let type = call.body["field"]?["type"]?.text ?? "text"
        guard Self.fieldTypes.contains(type) else {
            return ActiveCampaignError.invalid("Field type is not valid", code: "field_invalid", pointer: "type")
        }
        guard !account.fields.values.contains(where: { $0.title.lowercased() == title.lowercased() }) else {
            return ActiveCampaignError.invalid("A field of that title exists", code: "duplicate", pointer: "title")
        }
        let perstag = call.body["field"]?["perstag"]?.text.flatMap { $0.isEmpty ? nil : $0.uppercased() } ?? Self.perstag(title)
        return .json(201, ["field": json(account.addField(title: title, type: type, perstag: perstag, at: now))])
    }

    /// `Favourite colour` → `FAVOURITE_COLOUR`.
    static func perstag(_ title: String) -> String {
        String(title.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
    }

    private func addOptions(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard call.path.last == "bulk", let options = call.body["fieldOptions"]?.array else {
            return .json(422, ["errors": "Bulk operation failed: fieldOptions is missing"])
        }
        var added: [SandboxValue] = []
        for option in options {
            guard var field = option["field"]?.looseText.flatMap({ Int($0) }).flatMap({ account.fields[$0] }),
                let value = option["value"]?.looseText
            else { return .json(422, ["errors": "Bulk operation failed: unknown field or no value"]) }
            field.options.append((account.makeID("fieldOption"), value, option["label"]?.looseText ?? value))
            account.replace(field)
            if let option = field.options.last { added.append(json(option, of: field)) }
        }
        return .json(201, ["fieldOptions": .array(added)])
    }

    private func relate(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard var field = call.body["fieldRel"]?["field"]?.looseText.flatMap({ Int($0) }).flatMap({ account.fields[$0] }) else {
            return ActiveCampaignError.missing("field")
        }
        let list = call.body["fieldRel"]?["relid"]?.looseText.flatMap { Int($0) } ?? 0
        field.relations.append((account.makeID("fieldRel"), list))
        account.replace(field)
        return .json(201, ["fieldRel": field.relations.last.map { json($0, of: field) } ?? nil])
    }

    private func json(_ field: ActiveCampaignField) -> SandboxValue {
        [
            "id": .string(String(field.id)), "title": .string(field.title), "type": .string(field.type), "descript": "",
            "perstag": .string(field.perstag), "defval": nil, "isrequired": "0", "show_in_list": "0", "visible": "1",
            "service": "",
            "ordernum": .string(String(field.id)), "cdate": .string(date(field.created)), "udate": .string(date(field.created)),
            "created_by": "1", "updated_by": "1", "links": [:],
            "options": .array(field.options.map { .string(String($0.id)) }),
            "relations": .array(field.relations.map { .string(String($0.id)) }),
        ]
    }

    private func json(_ option: (id: Int, value: String, label: String), of field: ActiveCampaignField) -> SandboxValue {
        [
            "id": .string(String(option.id)), "field": .string(String(field.id)), "orderid": .string(String(option.id)),
            "value": .string(option.value), "label": .string(option.label), "isdefault": "0",
            "cdate": .string(date(field.created)),
            "udate": .string(date(field.created)),
        ]
    }

    private func json(_ relation: (id: Int, list: Int), of field: ActiveCampaignField) -> SandboxValue {
        [
            "id": .string(String(relation.id)), "field": .string(String(field.id)), "relid": .string(String(relation.list)),
            "dorder": "0", "cdate": nil,
        ]
    }
}
