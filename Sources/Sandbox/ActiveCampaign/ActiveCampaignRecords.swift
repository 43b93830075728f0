/// What the account keeps. Ids count from 1 for each kind, as they do at the vendor.
struct ActiveCampaignContact: Sendable {
    struct Value: Sendable {
        var id: Int
        var value: String
        var created: Int64
        var updated: Int64
    }

    /// A tag tied to the contact: the association has an id of its own.
    struct Tie: Sendable {
        var id: Int
        var created: Int64
    }

    let id: Int
    var email: String
    var firstName = ""
    var lastName = ""
    var phone = ""
    /// The name of the company as free text, where the plan has no accounts.
    var organization = ""
    let created: Int64
    var updated: Int64
    /// By field id.
    var values: [Int: Value] = [:]
    /// By tag id.
    var tags: [Int: Tie] = [:]
}

struct ActiveCampaignField: Sendable {
    let id: Int
    var title: String
    var type: String
    /// The personalization tag, in upper case.
    var perstag: String
    var options: [(id: Int, value: String, label: String)] = []
    /// List ids; 0 for all. A field without relations is hidden in the web interface.
    var relations: [(id: Int, list: Int)] = []
    let created: Int64

    var isMultiple: Bool { type == "listbox" || type == "checkbox" }
}

struct ActiveCampaignTag: Sendable {
    let id: Int
    var name: String
    var type = "contact"
    var text = ""
    let created: Int64
    /// How many contacts have it.
    var members = 0
}

struct ActiveCampaignHook: Sendable {
    let id: Int
    var name: String
    var url: String
    var events: [String]
    var sources: [String]
    var list: String
    let created: Int64
    /// A receiver that answers 410 switches its hook off for good.
    var isActive = true
}

/// The account's data. A value, so that what changes it stays in one place: here.
struct ActiveCampaignAccount: Sendable {
    private(set) var contacts: [Int: ActiveCampaignContact] = [:]
    /// Ascending.
    private(set) var contactIDs: [Int] = []
    private var idByEmail: [String: Int] = [:]
    private var contactByAssociation: [Int: Int] = [:]
    private var contactByValue: [Int: Int] = [:]
    private(set) var fields: [Int: ActiveCampaignField] = [:]
    private(set) var tags: [Int: ActiveCampaignTag] = [:]
    private var tagByName: [String: Int] = [:]
    var hooks: [Int: ActiveCampaignHook] = [:]
    var companies = ActiveCampaignCompanies()
    var campaigns: [Int: ActiveCampaignCampaign] = [:]
    var automations: [Int: ActiveCampaignSeries] = [:]
    /// In the order of their ids.
    var entries: [ActiveCampaignEntry] = []
    private var ids = ActiveCampaignIDs()

    mutating func makeID(_ kind: String) -> Int {
        ids.next(kind)
    }

    // MARK: Contacts

    /// The ids that a list's parameters cut out, in the order they ask for. Ids only grow, so that each bound is looked up.
    func contactIDs(between parameters: [String: String]) -> [Int] {
        func position(of id: Int) -> Int {
            var range = contactIDs.startIndex..<contactIDs.endIndex
            while !range.isEmpty {
                let middle = range.lowerBound + range.count / 2
                range = contactIDs[middle] >= id ? range.lowerBound..<middle : (middle + 1)..<range.upperBound
            }
            return range.lowerBound
        }
        let start = parameters["id_greater"].flatMap { Int($0) }.map { position(of: $0 + 1) } ?? 0
        let end = parameters["id_less"].flatMap { Int($0) }.map { position(of: $0) } ?? contactIDs.endIndex
        let ids = contactIDs[start..<max(start, end)]
        return parameters["orders[id]"]?.uppercased() == "DESC" ? ids.reversed() : Array(ids)
    }

    func contact(email: String) -> ActiveCampaignContact? {
        idByEmail[email.lowercased()].flatMap { contacts[$0] }
    }

    mutating func addContact(email: String, at now: Int64) -> ActiveCampaignContact {
        let contact = ActiveCampaignContact(id: makeID("contact"), email: email, created: now, updated: now)
        contacts[contact.id] = contact
        contactIDs.append(contact.id)
        if !email.isEmpty { idByEmail[email.lowercased()] = contact.id }
        return contact
    }

    mutating func replace(_ contact: ActiveCampaignContact) {
        if let old = contacts[contact.id], old.email.lowercased() != contact.email.lowercased() {
            idByEmail[old.email.lowercased()] = nil
            if !contact.email.isEmpty { idByEmail[contact.email.lowercased()] = contact.id }
        }
        contacts[contact.id] = contact
    }

    mutating func removeContact(_ id: Int) -> Bool {
        guard let contact = contacts.removeValue(forKey: id) else { return false }
        idByEmail[contact.email.lowercased()] = nil
        contactIDs.removeAll { $0 == id }
        for (tag, tie) in contact.tags {
            contactByAssociation[tie.id] = nil
            tags[tag]?.members -= 1
        }
        for value in contact.values.values { contactByValue[value.id] = nil }
        if let membership = companies.membership(ofContact: id) { _ = companies.leave(membership.id) }
        return true
    }

    /// The name of the company the contact belongs to, or blank.
    func companyName(of contact: ActiveCampaignContact) -> String {
        companies.company(ofContact: contact.id)?.name ?? contact.organization
    }

    mutating func setValue(_ value: String, of field: Int, on contact: inout ActiveCampaignContact, at now: Int64) {
        if var existing = contact.values[field] {
            existing.value = value
            existing.updated = now
            contact.values[field] = existing
        } else {
            let id = makeID("fieldValue")
            contact.values[field] = .init(id: id, value: value, created: now, updated: now)
            contactByValue[id] = contact.id
        }
    }

    /// The contact and field of a value.
    func owner(ofValue id: Int) -> (contact: ActiveCampaignContact, field: Int)? {
        guard let contact = contactByValue[id].flatMap({ contacts[$0] }),
            let field = contact.values.first(where: { $0.value.id == id })?.key
        else { return nil }
        return (contact, field)
    }

    // MARK: Fields

    mutating func addField(title: String, type: String, perstag: String, at now: Int64) -> ActiveCampaignField {
        let field = ActiveCampaignField(id: makeID("field"), title: title, type: type, perstag: perstag, created: now)
        fields[field.id] = field
        return field
    }

    mutating func replace(_ field: ActiveCampaignField) {
        fields[field.id] = field
    }

    /// Removes a field with all its values.
    mutating func removeField(_ id: Int) -> Bool {
        guard fields.removeValue(forKey: id) != nil else { return false }
        for contact in contactIDs {
            if let value = contacts[contact]?.values.removeValue(forKey: id) { contactByValue[value.id] = nil }
        }
        return true
    }

    // MARK: Tags

    /// Names are unique per type, without regard to case.
    func tag(_ name: String, type: String = "contact") -> ActiveCampaignTag? {
        tagByName["\(type)-\(name.lowercased())"].flatMap { tags[$0] }
    }

    mutating func addTag(_ name: String, type: String = "contact", text: String = "", at now: Int64) -> ActiveCampaignTag {
        let tag = ActiveCampaignTag(id: makeID("tag"), name: name, type: type, text: text, created: now)
        tags[tag.id] = tag
        tagByName["\(type)-\(name.lowercased())"] = tag.id
        return tag
    }

    mutating func removeTag(_ id: Int) -> Bool {
        guard let tag = tags.removeValue(forKey: id) else { return false }
        tagByName["\(tag.type)-\(tag.name.lowercased())"] = nil
        for contact in contactIDs {
            if let tie = contacts[contact]?.tags.removeValue(forKey: id) { contactByAssociation[tie.id] = nil }
        }
        return true
    }

    /// Ties a tag to a contact; an existing tie stays as it is.
    mutating func attach(tag: Int, to contact: Int, at now: Int64) -> (tie: ActiveCampaignContact.Tie, isNew: Bool)? {
        guard contacts[contact] != nil, tags[tag] != nil else { return nil }
        if let existing = contacts[contact]?.tags[tag] { return (existing, false) }
        let tie = ActiveCampaignContact.Tie(id: makeID("contactTag"), created: now)
        contacts[contact]?.tags[tag] = tie
        contactByAssociation[tie.id] = contact
        tags[tag]?.members += 1
        return (tie, true)
    }

    /// Unties; returns what was tied.
    mutating func detach(association: Int) -> (contact: Int, tag: Int)? {
        guard let contact = contactByAssociation.removeValue(forKey: association),
            let tag = contacts[contact]?.tags.first(where: { $0.value.id == association })?.key
        else { return nil }
        contacts[contact]?.tags[tag] = nil
        tags[tag]?.members -= 1
        return (contact, tag)
    }

    /// A contact's tags by name, in the order they were tied.
    func tagNames(of contact: ActiveCampaignContact) -> [String] {
        contact.tags.sorted { $0.value.id < $1.value.id }.compactMap { tags[$0.key]?.name }
    }
}
