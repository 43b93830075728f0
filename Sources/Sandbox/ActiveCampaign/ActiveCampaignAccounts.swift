/// Accounts, the vendor's word for companies.
extension ActiveCampaignSandbox {
    func accounts(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard options.hasAccounts else { return ActiveCampaignError.notInPlan }
        guard call.path.count > 1 else {
            switch call.method {
            case "GET": return listAccounts(call)
            case "POST": return createAccount(call)
            default: return ActiveCampaignError.noRoute
            }
        }
        guard call.path.count == 2, let id = call.id, let company = account.companies.rows[id] else {
            return ActiveCampaignError.notFound("CustomerAccount", call.path[1])
        }
        switch call.method {
        case "GET":
            tally.rowsRead += 1
            return .json(200, ["account": .object(members(company))])
        case "PUT", "PATCH": return updateAccount(company, call)
        case "DELETE":
            _ = account.companies.remove(id)
            return .json(200, [:])
        default: return ActiveCampaignError.noRoute
        }
    }

    /// `search` finds names that contain it; a misspelt parameter finds everything.
    private func listAccounts(_ call: ActiveCampaignCall) -> SandboxResponse {
        var rows = account.companies.rows.values.sorted { $0.id < $1.id }
        if let part = call.parameters["search"]?.lowercased() { rows = rows.filter { $0.name.lowercased().contains(part) } }
        let page = call.page(of: rows)
        tally.rowsRead += page.count
        return .json(
            200,
            [
                "accounts": .array(page.map { .object(members($0)) }), "meta": ["total": .string(String(rows.count))],
            ])
    }

    private func createAccount(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let name = call.body["account"]?["name"]?.looseText, !name.isEmpty else {
            return ActiveCampaignError.invalid("Account name is missing", code: "field_missing", pointer: "name")
        }
        guard account.companies.named(name) == nil else { return ActiveCampaignError.accountTaken }
        return save(call, to: account.companies.add(name: name, at: now), isNew: true)
    }

    private func updateAccount(_ company: ActiveCampaignCompany, _ call: ActiveCampaignCall) -> SandboxResponse {
        guard call.body["account"]?.object != nil else { return ActiveCampaignError.malformed }
        var company = company
        if let name = call.body["account"]?["name"] {
            guard let name = name.looseText, !name.isEmpty else {
                return ActiveCampaignError.invalid("Account name is missing", code: "field_missing", pointer: "name")
            }
            if let other = account.companies.named(name), other.id != company.id { return ActiveCampaignError.accountTaken }
            company.name = name
        }
        return save(call, to: company, isNew: false)
    }

    private func save(_ call: ActiveCampaignCall, to company: ActiveCampaignCompany, isNew: Bool) -> SandboxResponse {
        var company = company
        let before = account.companies.rows[company.id] ?? company
        let written = (call.body["account"]?["fields"]?.array ?? []).compactMap { AccountFieldValue($0) }
        guard written.count == call.body["account"]?["fields"]?.array?.count ?? 0 else {
            return ActiveCampaignError.invalid("Custom field is not valid", code: "field_invalid", pointer: "fields")
        }
        if let url = call.body["account"]?["accountUrl"]?.looseText { company.url = url }
        for value in written where account.companies.fields[value.field] != nil {
            account.companies.setValue(value.value, currency: value.currency, of: value.field, on: &company)
        }
        store(company, replacing: isNew ? nil : before, from: .api)
        tally.rowsWritten += 1
        if isNew { tally.rowsCreated += 1 }
        var answer = members(account.companies.rows[company.id] ?? company)
        answer["fields"] = .array(written.map { $0.json(company: company.id) })
        answer["customFieldSaveStatus"] = ["status": "success"]
        return .json(isNew ? 201 : 200, ["account": .object(answer)])
    }

    /// Keeps a company as it is now and tells the hooks.
    func store(_ company: ActiveCampaignCompany, replacing old: ActiveCampaignCompany?, from source: ActiveCampaignSource) {
        var company = company
        company.updated = now
        account.companies.replace(company)
        emit(company, replacing: old, from: source)
    }

    private func members(_ company: ActiveCampaignCompany) -> [String: SandboxValue] {
        [
            "id": .string(String(company.id)), "name": .string(company.name), "accountUrl": .string(company.url), "owner": "1",
            "createdTimestamp": .string(date(company.created)), "updatedTimestamp": .string(date(company.updated)),
            "contactCount": .string(String(account.companies.contacts(of: company.id).count)), "dealCount": "0", "fields": [],
            "links": [:],
        ]
    }

    // MARK: Webhooks

    /// Tells of a company that is new or has changed. Every custom field is told; one without a value has no id.
    private func emit(
        _ company: ActiveCampaignCompany, replacing old: ActiveCampaignCompany?, from source: ActiveCampaignSource
    ) {
        post(old == nil ? "account_add" : "account_update", from: source) {
            var pairs = [
                ("account[id]", String(company.id)), ("account[name]", company.name), ("account[account_url]", company.url),
                ("account[created_timestamp]", wallClock(company.created)),
                ("account[updated_timestamp]", wallClock(company.updated)),
            ]
            let fields = account.companies.fields.values.sorted { $0.id < $1.id }
            for (index, field) in fields.enumerated() {
                pairs += Self.pairs(of: company.values[field.id]?.value, field, key: "account[fields][\(index)]")
            }
            if let old {
                for (index, name) in Self.changes(from: old, to: company, fields).enumerated() {
                    pairs.append(("updated_fields[\(index)]", name))
                }
            }
            return pairs
        }
    }

    private static func pairs(
        of value: SandboxValue?, _ field: ActiveCampaignCompanyField, key: String
    ) -> [(name: String, value: String)] {
        let label = ("\(key)[key]", field.label)
        switch value {
        case .array(let items) where !items.isEmpty:
            return [("\(key)[id]", String(field.id)), label]
                + items.enumerated().map { ("\(key)[value][\($0.offset)]", $0.element.looseText ?? "") }
        case let value?:
            guard let text = value.looseText, !text.isEmpty else { return [label, ("\(key)[value]", "")] }
            return [("\(key)[id]", String(field.id)), label, ("\(key)[value]", hookText(text, type: field.type))]
        case nil: return [label, ("\(key)[value]", "")]
        }
    }

    /// Numbers are told with three decimals, dates with midnight.
    private static func hookText(_ text: String, type: String) -> String {
        switch type {
        case "number":
            let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
            let decimals = parts.count > 1 ? String(parts[1]) : ""
            return parts[0] + "." + decimals + String(repeating: "0", count: max(0, 3 - decimals.count))
        case "date": return CivilTime.days(text) == nil ? text : text + " 00:00:00"
        default: return text
        }
    }

    private static func changes(
        from old: ActiveCampaignCompany, to new: ActiveCampaignCompany, _ fields: [ActiveCampaignCompanyField]
    ) -> [String] {
        (old.name == new.name ? [] : ["name"]) + (old.url == new.url ? [] : ["account_url"])
            + fields.filter { old.values[$0.id]?.value != new.values[$0.id]?.value }.map(\.label)
    }
}

/// A custom field's value as it is written along with an account.
private struct AccountFieldValue {
    var field: Int
    var value: SandboxValue
    var currency: String?

    init?(_ item: SandboxValue) {
        guard let field = item["customFieldId"]?.looseText.flatMap({ Int($0) }), let value = item["fieldValue"] else {
            return nil
        }
        self.field = field
        self.value = value
        currency = item["fieldCurrency"]?.text
    }

    func json(company: Int) -> SandboxValue {
        var members: [String: SandboxValue] = [
            "customFieldId": .string(String(field)), "fieldValue": value, "accountId": .string(String(company)),
        ]
        if let currency { members["fieldCurrency"] = .string(currency) }
        return .object(members)
    }
}
