/// Which account a contact belongs to: one at most.
extension ActiveCampaignSandbox {
    func accountContacts(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard options.hasAccounts else { return ActiveCampaignError.notInPlan }
        switch (call.method, call.path.count) {
        case ("GET", 1): return listMemberships(call)
        case ("POST", 1): return associate(call)
        case (let method, 2): return membership(call, method)
        default: return ActiveCampaignError.noRoute
        }
    }

    private func listMemberships(_ call: ActiveCampaignCall) -> SandboxResponse {
        var rows = account.companies.memberships.values.sorted { $0.id < $1.id }
        if let contact = call.parameters["filters[contact]"] { rows = rows.filter { String($0.contact) == contact } }
        if let company = call.parameters["filters[account]"] { rows = rows.filter { String($0.company) == company } }
        let page = call.page(of: rows)
        tally.rowsRead += page.count
        return .json(
            200, ["accountContacts": .array(page.map { json($0) }), "meta": ["total": .string(String(rows.count))]])
    }

    private func associate(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let body = call.body["accountContact"], let contactText = body["contact"]?.looseText else {
            return ActiveCampaignError.invalid("Contact is missing", code: "field_missing", pointer: "contact")
        }
        guard let companyText = body["account"]?.looseText else {
            return ActiveCampaignError.invalid("Account is missing", code: "field_missing", pointer: "account")
        }
        guard let contact = Int(contactText), account.contacts[contact] != nil else {
            return ActiveCampaignError.invalid("Contact does not exist", code: "field_invalid", pointer: "contact")
        }
        guard let company = Int(companyText), account.companies.rows[company] != nil else {
            return ActiveCampaignError.invalid("Account does not exist", code: "field_invalid", pointer: "account")
        }
        guard let membership = join(contact, company, jobTitle: body["jobTitle"]?.looseText ?? "", from: .api) else {
            return ActiveCampaignError.invalid(
                "Contact is already associated with an account", code: "field_invalid", pointer: "contact")
        }
        tally.rowsWritten += 1
        return .json(201, ["accountContact": json(membership)])
    }

    private func membership(_ call: ActiveCampaignCall, _ method: String) -> SandboxResponse {
        guard let id = call.id, let membership = account.companies.memberships[id] else {
            return ActiveCampaignError.notFound("CustomerAccountContact", call.path[1])
        }
        switch method {
        case "GET": return .json(200, ["accountContact": json(membership)])
        case "PUT", "PATCH":
            // Only the job title can change; to move a contact, delete the association and make another.
            if let title = call.body["accountContact"]?["jobTitle"]?.looseText {
                account.companies.setJobTitle(title, of: id, at: now)
                if let changed = account.companies.memberships[id] { emit("account_contact_update", changed, from: .api) }
            }
            return .json(200, ["accountContact": json(account.companies.memberships[id] ?? membership)])
        case "DELETE":
            _ = account.companies.leave(id)
            tally.rowsWritten += 1
            return .json(200, [:])
        default: return ActiveCampaignError.noRoute
        }
    }

    func json(_ membership: ActiveCampaignMembership) -> SandboxValue {
        [
            "id": .string(String(membership.id)), "account": .string(String(membership.company)),
            "contact": .string(String(membership.contact)), "jobTitle": .string(membership.jobTitle),
            "createdTimestamp": .string(date(membership.created)), "updatedTimestamp": .string(date(membership.updated)),
            "links": [:],
        ]
    }

    // MARK: Belonging to a company

    /// `nil` when the contact belongs to a company already.
    private func join(
        _ contact: Int, _ company: Int, jobTitle: String = "", from source: ActiveCampaignSource?
    ) -> ActiveCampaignMembership? {
        guard let made = account.companies.join(contact: contact, company: company, jobTitle: jobTitle, at: now) else {
            return nil
        }
        if let source { emit("account_contact_add", made, from: source) }
        return made
    }

    /// Puts a contact into the company of this name, made when there is none; blank takes it out of any. Where the plan has no
    /// accounts the name is kept as free text.
    /// - Parameter source: Who did it; `nil` for a mass operation, of which no webhook tells.
    func assign(_ contact: Int, toCompany name: String, from source: ActiveCampaignSource?) {
        guard options.hasAccounts else {
            guard var changed = account.contacts[contact] else { return }
            changed.organization = name
            account.replace(changed)
            return
        }
        if let present = account.companies.membership(ofContact: contact) {
            guard account.companies.named(name)?.id != present.company else { return }
            _ = account.companies.leave(present.id)
        }
        guard !name.isEmpty else { return }
        let company: ActiveCampaignCompany
        if let known = account.companies.named(name) {
            company = known
        } else {
            company = account.companies.add(name: name, at: now)
            if let source { store(company, replacing: nil, from: source) }
        }
        _ = join(contact, company.id, from: source)
    }

    private func emit(_ event: String, _ membership: ActiveCampaignMembership, from source: ActiveCampaignSource) {
        post(event, from: source) {
            [
                ("accountContact[id]", String(membership.id)), ("accountContact[account]", String(membership.company)),
                ("accountContact[contact]", String(membership.contact)), ("accountContact[job_title]", membership.jobTitle),
            ]
        }
    }
}
