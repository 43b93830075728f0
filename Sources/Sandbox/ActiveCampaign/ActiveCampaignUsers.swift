/// What the people at the account do, and a look at its data.
extension ActiveCampaignSandbox {
    /// A contact as tests and the demo write and read it. One without an email is a phone-only contact, to which an account
    /// may have opted in.
    public struct Person: Sendable, Hashable {
        public var email: String
        public var firstName: String
        public var lastName: String
        public var phone: String
        /// The name of the account the contact belongs to; naming one that does not exist makes it.
        public var account: String
        /// Custom values by field id, in the API's own encoding (`||Red||Blue||` for several).
        public var fields: [String: String]
        public var tags: [String]

        public init(
            email: String, firstName: String = "", lastName: String = "", phone: String = "", account: String = "",
            fields: [String: String] = [:], tags: [String] = []
        ) {
            self.email = email
            self.firstName = firstName
            self.lastName = lastName
            self.phone = phone
            self.account = account
            self.fields = fields
            self.tags = tags
        }
    }

    /// Where an automation reports to.
    public enum AutomationStep: Sendable, Hashable {
        /// The built-in Webhook step: a form without a type.
        case webhook(url: String)
        /// An action of the Tandem app: JSON with the contact's id, the action's name and the user's choice.
        case action(url: String, name: String, choice: String?)
    }

    // MARK: People at work

    /// Adds a contact; returns its id, or `nil` when the address is bad or taken.
    @discardableResult
    public func createContact(_ person: Person, from source: ActiveCampaignSource = .admin) -> String? {
        guard let id = importContact(person, from: source) else { return nil }
        emit("subscribe", contact: id, from: source)
        automate(id)
        return String(id)
    }

    /// Adds contacts the way the importer does: without any webhook. Returns how many were new.
    @discardableResult
    public func importContacts(_ people: [Person]) -> Int {
        people.reduce(0) { $0 + (importContact($1, from: nil) == nil ? 0 : 1) }
    }

    private func importContact(_ person: Person, from source: ActiveCampaignSource?) -> Int? {
        let email = person.email.lowercased()
        guard email.isEmpty || EmailAddress.isPlausible(email), account.contact(email: email) == nil else { return nil }
        let contact = account.addContact(email: email, at: now)
        overwrite(contact, with: person, from: source)
        for name in person.tags { _ = account.attach(tag: tagID(name), to: contact.id, at: now) }
        return contact.id
    }

    /// Changes a contact by what `change` does to it; tags are left alone. Returns whether the contact exists and the
    /// email is free.
    @discardableResult
    public func editContact(
        _ id: String, from source: ActiveCampaignSource = .admin, _ change: @Sendable (inout Person) -> Void
    ) -> Bool {
        guard let contact = Int(id).flatMap({ account.contacts[$0] }) else { return false }
        var person = self.person(contact)
        change(&person)
        guard edit(contact, to: person, from: source) else { return false }
        automate(contact.id)
        return true
    }

    /// As ``editContact(_:from:_:)``, and no webhook tells of it, as while the account's hooks are switched off.
    @discardableResult
    public func editSilently(_ id: String, _ change: @Sendable (inout Person) -> Void) -> Bool {
        let told = outbox.count
        defer { outbox.removeSubrange(told...) }
        return editContact(id, change)
    }

    /// Lets the account's automation, if it has one, rewrite a contact that was just written.
    func automate(_ id: Int) {
        guard let automation = options.automation, let contact = account.contacts[id] else { return }
        let before = person(contact)
        var after = automation(before)
        after.tags = before.tags
        if after != before { _ = edit(contact, to: after, from: .system) }
    }

    /// Whether the new address can be had.
    private func edit(_ contact: ActiveCampaignContact, to person: Person, from source: ActiveCampaignSource) -> Bool {
        var person = person
        person.email = person.email.lowercased()
        guard person.email.isEmpty || EmailAddress.isPlausible(person.email),
            account.contact(email: person.email)?.id ?? contact.id == contact.id
        else {
            return false
        }
        overwrite(contact, with: person, from: source)
        emit("update", contact: contact.id, from: source)
        return true
    }

    /// Gives a contact a tag, or does nothing when it has it.
    @discardableResult
    public func tag(_ id: String, _ name: String, from source: ActiveCampaignSource = .admin) -> Bool {
        guard let contact = Int(id), let result = account.attach(tag: tagID(name), to: contact, at: now) else { return false }
        if result.isNew { emit("contact_tag_added", contact: contact, tag: name, from: source) }
        return true
    }

    /// Takes a tag off a contact.
    @discardableResult
    public func untag(_ id: String, _ name: String, from source: ActiveCampaignSource = .admin) -> Bool {
        guard let contact = Int(id).flatMap({ account.contacts[$0] }), let tag = account.tag(name),
            let tie = contact.tags[tag.id], account.detach(association: tie.id) != nil
        else { return false }
        emit("contact_tag_removed", contact: contact.id, tag: tag.name, from: source)
        return true
    }

    /// Deletes a contact, of which no webhook tells.
    @discardableResult
    public func deleteContact(_ id: String) -> Bool {
        Int(id).map { account.removeContact($0) } ?? false
    }

    /// From now on this automation rewrites what is written; with none, nothing does.
    public func automate(_ automation: ActiveCampaignOptions.Automation?) { options.automation = automation }

    /// Runs a contact through an automation that reports to `step`. Returns whether the contact exists.
    @discardableResult
    public func runAutomation(_ automation: Int = 1, contact id: String, step: AutomationStep) -> Bool {
        guard let contact = Int(id).flatMap({ account.contacts[$0] }) else { return false }
        switch step {
        case .webhook(let url):
            outbox.append(
                PendingWebhook(url: url, contentType: Self.formType, body: stepBody(contact, automation: automation), hook: nil))
        case .action(let url, let name, let choice):
            var data: [String: SandboxValue] = [
                "contact_id": .string(id), "email": .string(contact.email), "first_name": .string(contact.firstName),
                "last_name": .string(contact.lastName), "phone": .string(contact.phone),
            ]
            for (field, value) in contact.values { data["field\(field)"] = .string(value.value) }
            let body: SandboxValue = [
                "data": .object(data), "action": .string(name), "choice": choice.map { .string($0) } ?? nil,
            ]
            outbox.append(PendingWebhook(url: url, contentType: "application/json", body: body.json(), hook: nil))
        }
        return true
    }

    /// Adds a custom field, shown in every list; returns its id.
    @discardableResult
    public func addField(_ title: String, type: String = "text", options: [String] = []) -> String {
        var field = account.addField(title: title, type: type, perstag: Self.perstag(title), at: now)
        field.options = options.map { (account.makeID("fieldOption"), $0, $0) }
        field.relations = [(account.makeID("fieldRel"), 0)]
        account.replace(field)
        return String(field.id)
    }

    // MARK: A look at the data

    /// The number of contacts.
    public func count() -> Int {
        account.contactIDs.count
    }

    /// Every contact by id.
    public func people() -> [String: Person] {
        Dictionary(account.contacts.values.map { (String($0.id), person($0)) }, uniquingKeysWith: { $1 })
    }

    public func person(id: String) -> Person? {
        Int(id).flatMap { account.contacts[$0] }.map { person($0) }
    }

    public func contactID(email: String) -> String? {
        account.contact(email: email).map { String($0.id) }
    }

    // MARK: Helpers

    func tagID(_ name: String) -> Int {
        account.tag(name)?.id ?? account.addTag(name, at: now).id
    }

    private func person(_ contact: ActiveCampaignContact) -> Person {
        let fields = contact.values.filter { !$0.value.value.isEmpty }.map { (String($0.key), $0.value.value) }
        return Person(
            email: contact.email, firstName: contact.firstName, lastName: contact.lastName, phone: contact.phone,
            account: account.companyName(of: contact), fields: Dictionary(fields, uniquingKeysWith: { $1 }),
            tags: account.tagNames(of: contact))
    }

    private func overwrite(_ contact: ActiveCampaignContact, with person: Person, from source: ActiveCampaignSource?) {
        var contact = contact
        contact.email = person.email.lowercased()
        contact.firstName = person.firstName
        contact.lastName = person.lastName
        contact.phone = person.phone
        for field in account.fields.keys.sorted() {
            let value = person.fields[String(field)] ?? ""
            if value != contact.values[field]?.value ?? "" { account.setValue(value, of: field, on: &contact, at: now) }
        }
        contact.updated = now
        account.replace(contact)
        assign(contact.id, toCompany: person.account, from: source)
    }
}
