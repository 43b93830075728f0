/// Tags, and who has them.
extension ActiveCampaignSandbox {
    func tags(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.count) {
        case ("GET", 1): return listTags(call)
        case ("POST", 1): return createTag(call)
        case ("GET", 2):
            guard let tag = call.id.flatMap({ account.tags[$0] }) else {
                return ActiveCampaignError.notFound("Tag", call.path[1])
            }
            return .json(200, ["tag": json(tag)])
        case ("DELETE", 2):
            guard let id = call.id, account.removeTag(id) else { return ActiveCampaignError.notFound("Tag", call.path[1]) }
            return .json(200, [:])
        default: return ActiveCampaignError.noRoute
        }
    }

    /// `search` finds names that contain it; `filters[search][eq]` the name itself, without regard to case.
    private func listTags(_ call: ActiveCampaignCall) -> SandboxResponse {
        var rows = account.tags.values.sorted { $0.id < $1.id }
        if let part = call.parameters["search"]?.lowercased() { rows = rows.filter { $0.name.lowercased().contains(part) } }
        if let name = call.parameters["filters[search][eq]"]?.lowercased() { rows = rows.filter { $0.name.lowercased() == name } }
        if let part = call.parameters["filters[search][contains]"]?.lowercased() {
            rows = rows.filter { $0.name.lowercased().contains(part) }
        }
        let page = call.page(of: rows)
        tally.rowsRead += page.count
        return .json(200, ["tags": .array(page.map { json($0) }), "meta": ["total": .string(String(rows.count))]])
    }

    private func createTag(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let name = call.body["tag"]?["tag"]?.text, !name.isEmpty else { return ActiveCampaignError.missing("tag") }
        let type = call.body["tag"]?["tagType"]?.text ?? "contact"
        guard account.tag(name, type: type) == nil else { return ActiveCampaignError.duplicateTag(name, type: type) }
        let text = call.body["tag"]?["description"]?.text ?? ""
        tally.rowsCreated += 1
        return .json(201, ["tag": json(account.addTag(name, type: type, text: text, at: now))])
    }

    func contactTags(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.count) {
        case ("GET", 1):
            let rows = account.contactIDs.compactMap { account.contacts[$0] }.flatMap { associations(of: $0) }
            let page = call.page(of: rows)
            tally.rowsRead += page.count
            return .json(200, ["contactTags": .array(Array(page)), "meta": ["total": .string(String(rows.count))]])
        case ("POST", 1): return attach(call)
        case ("DELETE", 2):
            guard let association = call.id, let ended = account.detach(association: association) else {
                return ActiveCampaignError.notFound("SubscriberTag", call.path[1])
            }
            tally.rowsWritten += 1
            emit("contact_tag_removed", contact: ended.contact, tag: account.tags[ended.tag]?.name, from: .api)
            return .json(200, [:])
        default: return ActiveCampaignError.noRoute
        }
    }

    /// 201 for a new association, 200 with the existing one otherwise.
    private func attach(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let body = call.body["contactTag"], let contactText = body["contact"]?.looseText else {
            return ActiveCampaignError.missing("contact")
        }
        guard let tagText = body["tag"]?.looseText else { return ActiveCampaignError.missing("tag") }
        guard let contact = Int(contactText), account.contacts[contact] != nil else { return ActiveCampaignError.noContact }
        guard let tag = Int(tagText), let name = account.tags[tag]?.name,
            let result = account.attach(tag: tag, to: contact, at: now)
        else {
            return ActiveCampaignError.noTag
        }
        if result.isNew {
            tally.rowsWritten += 1
            emit("contact_tag_added", contact: contact, tag: name, from: .api)
        }
        return .json(result.isNew ? 201 : 200, ["contactTag": json(result.tie, tag: tag, contact: contact)])
    }

    func associations(of contact: ActiveCampaignContact) -> [SandboxValue] {
        contact.tags.sorted { $0.value.id < $1.value.id }.map { json($0.value, tag: $0.key, contact: contact.id) }
    }

    private func json(_ tie: ActiveCampaignContact.Tie, tag: Int, contact: Int) -> SandboxValue {
        [
            "id": .string(String(tie.id)), "contact": .string(String(contact)), "tag": .string(String(tag)),
            "cdate": .string(date(tie.created)), "created_timestamp": .string(wallClock(tie.created)), "created_by": nil,
            "updated_by": nil,
            "links": ["tag": .string("\(options.accountURL)/api/3/contactTags/\(tie.id)/tag")],
        ]
    }

    private func json(_ tag: ActiveCampaignTag) -> SandboxValue {
        [
            "id": .string(String(tag.id)), "tag": .string(tag.name), "tagType": .string(tag.type),
            "description": .string(tag.text),
            "subscriber_count": .string(String(tag.members)), "cdate": .string(date(tag.created)), "deleted": "0",
            "created_timestamp": .string(wallClock(tag.created)), "links": [:],
        ]
    }
}
