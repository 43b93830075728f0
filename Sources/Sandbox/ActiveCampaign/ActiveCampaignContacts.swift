/// Contacts and their field values.
extension ActiveCampaignSandbox {
    func contacts(_ call: ActiveCampaignCall) -> SandboxResponse {
        if call.path == ["contact", "sync"], call.method == "POST" { return sync(call) }
        guard call.path.first == "contacts" else { return ActiveCampaignError.noRoute }
        guard call.path.count > 1 else {
            switch call.method {
            case "GET": return list(call)
            case "POST": return create(call)
            default: return ActiveCampaignError.noRoute
            }
        }
        guard let id = call.id, let contact = account.contacts[id] else {
            return ActiveCampaignError.notFound("Subscriber", call.path[1])
        }
        switch (call.method, call.path.dropFirst(2).first) {
        case ("GET", nil): return .json(200, sideloaded(contact))
        case ("GET", "fieldValues"): return .json(200, ["fieldValues": .array(values(of: contact))])
        case ("GET", "contactTags"): return .json(200, ["contactTags": .array(associations(of: contact))])
        case ("GET", "contactAutomations"): return entries(of: contact, call)
        case ("PUT", nil), ("PATCH", nil): return update(contact, call)
        case ("DELETE", nil):
            _ = account.removeContact(id)
            return .json(200, [:])
        default: return ActiveCampaignError.noRoute
        }
    }

    // MARK: Reading

    /// Parameters that are unknown, or misspelt, change nothing.
    private func list(_ call: ActiveCampaignCall) -> SandboxResponse {
        let parameters = call.parameters
        guard Self.filters.contains(where: { parameters[$0] != nil }) else {
            let ids = account.contactIDs(between: parameters)
            return contacts(call.page(of: ids).compactMap { account.contacts[$0] }, of: ids.count)
        }
        var ids = Array(account.contactIDs(between: parameters))
        if let email = parameters["email"] { ids = account.contact(email: email).map { [$0.id] } ?? [] }
        if let wanted = parameters["ids"] { ids = wanted.split(separator: ",").compactMap { Int($0) } }
        var rows = ids.compactMap { account.contacts[$0] }
        if let tag = parameters["tagid"].flatMap({ Int($0) }) { rows = rows.filter { $0.tags[tag] != nil } }
        if let part = parameters["email_like"]?.lowercased() { rows = rows.filter { $0.email.lowercased().contains(part) } }
        if let part = parameters["search"]?.lowercased() {
            rows = rows.filter {
                "\($0.email) \($0.firstName) \($0.lastName) \($0.phone) \(account.companyName(of: $0))".lowercased().contains(
                    part)
            }
        }
        if let after = parameters["filters[updated_after]"].flatMap(moment) { rows = rows.filter { $0.updated > after } }
        if let after = parameters["filters[created_after]"].flatMap(moment) { rows = rows.filter { $0.created > after } }
        return contacts(Array(call.page(of: rows)), of: rows.count)
    }

    /// The parameters that ask for more than a range of ids.
    private static let filters = [
        "email", "ids", "tagid", "email_like", "search", "filters[updated_after]", "filters[created_after]",
    ]

    private func contacts(_ page: [ActiveCampaignContact], of total: Int) -> SandboxResponse {
        tally.rowsRead += page.count
        return .json(
            200,
            [
                "contacts": .array(page.map { json($0) }), "scoreValues": [],
                "meta": ["total": .string(String(total)), "page_input": ["status": -1], "sortable": true],
            ])
    }

    /// A date, or a date and time, in ms.
    private func moment(_ text: String) -> Int64? {
        if let days = CivilTime.days(text) { return days * 86_400_000 - Int64(options.utcOffset) * 60_000 }
        return CivilTime.seconds(text).map { $0 * 1000 }
    }

    private func sideloaded(_ contact: ActiveCampaignContact) -> SandboxValue {
        tally.rowsRead += 1
        return [
            "contact": json(contact), "fieldValues": .array(values(of: contact)), "contactAutomations": [], "contactLists": [],
            "deals": [], "geoAddresses": [], "geoIps": [],
            "accountContacts": .array(account.companies.membership(ofContact: contact.id).map { [json($0)] } ?? []),
        ]
    }

    /// The whole contact.
    func json(_ contact: ActiveCampaignContact) -> SandboxValue {
        var members = leanMembers(contact)
        let domain = contact.email.split(separator: "@").last.map(String.init) ?? ""
        let membership = account.companies.membership(ofContact: contact.id)
        let rest: [String: SandboxValue] = [
            "created_utc_timestamp": .string(wallClock(contact.created)),
            "created_timestamp": .string(wallClock(contact.created)),
            "updated_utc_timestamp": .string(wallClock(contact.updated)),
            "updated_timestamp": .string(wallClock(contact.updated)),
            "created_by": nil, "updated_by": nil, "adate": nil, "edate": nil, "deleted": "0", "deleted_at": nil,
            "anonymized": "0", "bounced_hard": "0", "bounced_soft": "0", "bounced_date": nil, "ip": "0", "ua": nil,
            "gravatar": "0", "email_local": "", "email_domain": .string(domain), "sentcnt": "0", "scoreValues": [],
            "accountContacts": .array(membership.map { [.string(String($0.id))] } ?? []),
        ]
        members.merge(rest) { $1 }
        return .object(members)
    }

    /// What the answer to a creation shows of a contact.
    private func leanMembers(_ contact: ActiveCampaignContact) -> [String: SandboxValue] {
        let base = "\(options.accountURL)/api/3/contacts/\(contact.id)"
        let company = account.companies.company(ofContact: contact.id)
        return [
            "id": .string(String(contact.id)), "email": .string(contact.email), "phone": .string(contact.phone),
            "firstName": .string(contact.firstName), "lastName": .string(contact.lastName),
            "orgid": .string(String(company?.id ?? 0)), "orgname": .string(company?.name ?? contact.organization),
            "cdate": .string(date(contact.created)), "udate": .string(date(contact.updated)),
            "organization": company.map { .string(String($0.id)) } ?? nil,
            "links": ["fieldValues": .string(base + "/fieldValues"), "contactTags": .string(base + "/contactTags")],
        ]
    }

    func values(of contact: ActiveCampaignContact) -> [SandboxValue] {
        contact.values.sorted { $0.value.id < $1.value.id }.map { json($0.value, field: $0.key, contact: contact.id) }
    }

    func json(_ value: ActiveCampaignContact.Value, field: Int, contact: Int) -> SandboxValue {
        [
            "id": .string(String(value.id)), "contact": .string(String(contact)), "owner": .string(String(contact)),
            "field": .string(String(field)), "value": .string(value.value), "cdate": .string(date(value.created)),
            "udate": .string(date(value.updated)), "created_by": nil, "updated_by": nil, "links": [:],
        ]
    }

    // MARK: Writing

    private func create(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let members = call.body["contact"]?.object, let email = Self.email(members) else {
            return ActiveCampaignError.badEmail
        }
        guard account.contact(email: email) == nil else { return ActiveCampaignError.emailTaken }
        return save(members, email: email, known: nil)
    }

    /// Upsert by email: 201 when created, 200 when changed.
    private func sync(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let members = call.body["contact"]?.object, let email = Self.email(members) else {
            return ActiveCampaignError.badEmail
        }
        return save(members, email: email, known: account.contact(email: email))
    }

    private func update(_ contact: ActiveCampaignContact, _ call: ActiveCampaignCall) -> SandboxResponse {
        guard let members = call.body["contact"]?.object else { return ActiveCampaignError.malformed }
        guard members["email"] != nil else { return save(members, email: contact.email, known: contact) }
        guard let email = Self.email(members) else { return ActiveCampaignError.badEmail }
        if let other = account.contact(email: email), other.id != contact.id { return ActiveCampaignError.emailTaken }
        return save(members, email: email, known: contact)
    }

    private static func email(_ members: [String: SandboxValue]) -> String? {
        guard let email = members["email"]?.text?.lowercased(), EmailAddress.isPlausible(email) else { return nil }
        return email
    }

    private func save(_ members: [String: SandboxValue], email: String, known: ActiveCampaignContact?) -> SandboxResponse {
        // Values under wrong names crash the vendor instead of being refused.
        guard let values = Self.fieldValues(members["fieldValues"]) else { return .html(500, title: "Internal Server Error") }
        var contact = known ?? account.addContact(email: email, at: now)
        contact.email = email
        if let text = members["firstName"]?.looseText { contact.firstName = text }
        if let text = members["lastName"]?.looseText { contact.lastName = text }
        if let text = members["phone"]?.looseText { contact.phone = text }
        for (field, value) in values where account.fields[field] != nil {
            account.setValue(value, of: field, on: &contact, at: now)
        }
        contact.updated = now
        account.replace(contact)
        tally.rowsWritten += 1
        if known == nil { tally.rowsCreated += 1 }
        emit(known == nil ? "subscribe" : "update", contact: contact.id, from: .api)
        let response = answer(contact, written: Set(values.keys), isNew: known == nil)
        automate(contact.id)
        return response
    }

    /// A new contact is told in few words, a changed one in full.
    private func answer(_ contact: ActiveCampaignContact, written: Set<Int>, isNew: Bool) -> SandboxResponse {
        var members = isNew ? leanMembers(contact) : json(contact).object ?? [:]
        let values = contact.values.filter { written.contains($0.key) }.sorted { $0.key < $1.key }
        members["fieldValues"] = .array(values.map { .string(String($0.value.id)) })
        let rows = values.map { json($0.value, field: $0.key, contact: contact.id) }
        return .json(isNew ? 201 : 200, ["contact": .object(members), "fieldValues": .array(rows)])
    }

    /// Field id → value; `nil` when an item is malformed.
    private static func fieldValues(_ items: SandboxValue?) -> [Int: String]? {
        var values: [Int: String] = [:]
        for item in items?.array ?? [] {
            guard let field = item["field"]?.looseText.flatMap({ Int($0) }), let value = item["value"] else { return nil }
            values[field] = value.looseText ?? ""
        }
        return values
    }

    // MARK: Field values by themselves

    func fieldValues(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.count) {
        case ("GET", 1): return listValues(call)
        case ("POST", 1):
            guard let value = call.body["fieldValue"], let field = value["field"]?.looseText.flatMap({ Int($0) }),
                account.fields[field] != nil
            else { return ActiveCampaignError.missing("field") }
            guard let id = value["contact"]?.looseText.flatMap({ Int($0) }), let contact = account.contacts[id] else {
                return ActiveCampaignError.noContact
            }
            return setValue(value["value"]?.looseText ?? "", field: field, contact: contact)
        case ("PUT", 2):
            guard let owner = call.id.flatMap({ account.owner(ofValue: $0) }) else {
                return ActiveCampaignError.notFound("FieldValue", call.path[1], status: 403)
            }
            return setValue(call.body["fieldValue"]?["value"]?.looseText ?? "", field: owner.field, contact: owner.contact)
        default: return ActiveCampaignError.noRoute
        }
    }

    private func listValues(_ call: ActiveCampaignCall) -> SandboxResponse {
        let field = call.parameters["filters[fieldid]"].flatMap { Int($0) }
        let wanted = call.parameters["filters[val]"]
        let rows = account.contactIDs.compactMap { account.contacts[$0] }.flatMap { contact in
            contact.values.sorted { $0.key < $1.key }
                .filter { (field == nil || $0.key == field) && (wanted == nil || $0.value.value == wanted) }
                .map { (contact: contact.id, field: $0.key, value: $0.value) }
        }
        let page = call.page(of: rows).map { json($0.value, field: $0.field, contact: $0.contact) }
        tally.rowsRead += page.count
        return .json(200, ["fieldValues": .array(page), "meta": ["total": .string(String(rows.count))]])
    }

    private func setValue(_ value: String, field: Int, contact: ActiveCampaignContact) -> SandboxResponse {
        var contact = contact
        account.setValue(value, of: field, on: &contact, at: now)
        contact.updated = now
        account.replace(contact)
        tally.rowsWritten += 1
        emit("update", contact: contact.id, from: .api)
        automate(contact.id)
        guard let saved = contact.values[field] else { return ActiveCampaignError.malformed }
        return .json(200, ["contacts": [json(contact)], "fieldValue": json(saved, field: field, contact: contact.id)])
    }
}
