/// Custom fields of accounts and their values, which are resources of their own.
extension ActiveCampaignSandbox {
    static let accountFieldTypes: Set<String> = [
        "text", "textarea", "date", "datetime", "dropdown", "multiselect", "radio", "checkbox", "hidden", "currency", "number",
    ]

    // MARK: Fields

    /// The list has no `meta`: a reader pages until a page is short.
    func accountFields(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard options.hasAccounts else { return ActiveCampaignError.notInPlan }
        switch (call.method, call.path.count) {
        case ("GET", 1):
            let page = call.page(of: account.companies.fields.values.sorted { $0.id < $1.id })
            tally.rowsRead += page.count
            return .json(200, ["accountCustomFieldMeta": .array(page.map { json($0) })])
        case ("GET", 2):
            guard let field = call.id.flatMap({ account.companies.fields[$0] }) else {
                return ActiveCampaignError.notFound("AccountCustomFieldMeta", call.path[1])
            }
            return .json(200, ["accountCustomFieldMetum": json(field)])
        case ("POST", 1): return createAccountField(call)
        default: return ActiveCampaignError.noRoute
        }
    }

    /// Answers 200, not 201.
    private func createAccountField(_ call: ActiveCampaignCall) -> SandboxResponse {
        let body = call.body["accountCustomFieldMetum"]
        guard let label = body?["fieldLabel"]?.text, !label.isEmpty else {
            return ActiveCampaignError.numbered("Field label is missing", pointer: "fieldLabel")
        }
        guard let type = body?["fieldType"]?.text, Self.accountFieldTypes.contains(type) else {
            return ActiveCampaignError.numbered("Field type is not valid", pointer: "fieldType")
        }
        let options = body?["fieldOptions"]?.array?.compactMap(\.text) ?? []
        tally.rowsCreated += 1
        let field = account.companies.addField(label: label, type: type, options: options, at: now)
        return .json(200, ["accountCustomFieldMetum": json(field)])
    }

    private func json(_ field: ActiveCampaignCompanyField) -> SandboxValue {
        [
            "id": .string(String(field.id)), "fieldLabel": .string(field.label), "fieldType": .string(field.type),
            "fieldOptions": field.options.isEmpty ? nil : .array(field.options.map { .string($0) }), "fieldDefault": nil,
            "isFormVisible": 1, "isRequired": 0, "displayOrder": .integer(Int64(field.id)),
            "createdTimestamp": .string(wallClock(field.created)), "updatedTimestamp": .string(wallClock(field.created)),
            "links": [:],
        ]
    }

    // MARK: Values

    func accountFieldData(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard options.hasAccounts else { return ActiveCampaignError.notInPlan }
        switch (call.method, call.path.dropFirst().first) {
        case ("GET", nil): return listAccountData(call)
        case ("POST", nil):
            guard let body = call.body["accountCustomFieldDatum"], let saved = saveAccountData(body) else {
                return ActiveCampaignError.invalid(
                    "Account or field is not valid", code: "field_invalid", pointer: "customFieldId")
            }
            return .json(200, ["accountCustomFieldDatum": saved])
        case ("POST", "bulkCreate"): return saveAccountDataInBulk(call)
        case ("PUT", _?):
            guard let owner = call.id.flatMap({ account.companies.owner(ofValue: $0) }) else {
                return ActiveCampaignError.notFound("AccountCustomFieldData", call.path[1])
            }
            let body = call.body["accountCustomFieldDatum"]
            let saved = set(
                body?["fieldValue"] ?? nil, currency: body?["fieldCurrency"]?.text, of: owner.field, company: owner.company)
            return .json(200, ["accountCustomFieldDatum": saved])
        default: return ActiveCampaignError.noRoute
        }
    }

    private func listAccountData(_ call: ActiveCampaignCall) -> SandboxResponse {
        let company = call.parameters["filters[customerAccountId]"]
        let field = call.parameters["filters[customFieldId]"]
        let rows = account.companies.rows.values.sorted { $0.id < $1.id }
            .filter { company == nil || String($0.id) == company }
            .flatMap { company in
                company.values.sorted { $0.key < $1.key }
                    .filter { field == nil || String($0.key) == field }
                    .map { json($0.value, field: $0.key, company: company.id) }
            }
        let page = Array(call.page(of: rows))
        tally.rowsRead += page.count
        return .json(200, ["accountCustomFieldData": .array(page)])
    }

    /// All or nothing; the answer has no ids.
    private func saveAccountDataInBulk(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let items = call.body.array else { return ActiveCampaignError.malformed }
        let before = account.companies
        for item in items where saveAccountData(item) == nil {
            account.companies = before
            return ActiveCampaignError.numbered("Account or field is not valid", pointer: "customFieldId")
        }
        return .json(200, ["message": "Custom field values have been created"])
    }

    /// `nil` when the account or the field is unknown.
    private func saveAccountData(_ body: SandboxValue) -> SandboxValue? {
        let account = body["customerAccountId"]?.looseText ?? body["accountId"]?.looseText
        guard let company = account.flatMap({ Int($0) }).flatMap({ self.account.companies.rows[$0] }),
            let field = body["customFieldId"]?.looseText.flatMap({ Int($0) }), self.account.companies.fields[field] != nil
        else { return nil }
        return set(body["fieldValue"] ?? nil, currency: body["fieldCurrency"]?.text, of: field, company: company)
    }

    private func set(_ value: SandboxValue, currency: String?, of field: Int, company: ActiveCampaignCompany) -> SandboxValue {
        var changed = company
        account.companies.setValue(value, currency: currency, of: field, on: &changed)
        store(changed, replacing: company, from: .api)
        tally.rowsWritten += 1
        return changed.values[field].map { json($0, field: field, company: company.id) } ?? nil
    }

    private func json(_ value: ActiveCampaignCompany.Value, field: Int, company: Int) -> SandboxValue {
        [
            "id": .string(String(value.id)), "customFieldId": .string(String(field)),
            "customerAccountId": .string(String(company)), "fieldValue": value.value,
            "fieldCurrency": value.currency.map { .string($0) } ?? nil, "links": [:],
        ]
    }
}
