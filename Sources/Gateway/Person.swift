import Contracts

/// A person as a payload describes them, under Tandem's names for fields.
struct Person: Sendable, Equatable {
    var id: String
    var fields: [String: JSONValue]
    var tags: [String]?
}

extension Person {
    /// What the keys of `contact[fields][…]` are: numbers in webhooks, personalisation tags in an automation's step.
    enum CustomFieldKey: Sendable { case id, perstag }

    /// Reads the contact block. It carries the whole person, so that a blank value means an emptied field.
    init(_ form: FormPayload, customFieldKey: CustomFieldKey) throws(PayloadError) {
        id = try Self.checkedID(form["contact[id]"], name: "contact[id]")
        var fields: [String: JSONValue] = [:]
        for (key, name) in Self.standardFields {
            if let value = form[key] { fields[name] = .string(value) }
        }
        if let company = Self.companyName(form) { fields["accountName"] = .string(company) }
        for pair in form.pairs {
            guard let key = Self.customFieldKey(in: pair.key) else { continue }
            switch customFieldKey {
            case .id: fields["field:\(key)"] = .string(pair.value)
            case .perstag: fields["perstag:\(key.uppercased())"] = .string(pair.value)
            }
        }
        self.fields = fields
        tags = form["contact[tags]"].map(Self.tags)
    }

    private static let standardFields = [
        "contact[email]": "email",
        "contact[first_name]": "firstName",
        "contact[last_name]": "lastName",
        "contact[phone]": "phone",
    ]

    /// The name of the contact's company; `nil` where the payload does not speak of it.
    static func companyName(_ form: FormPayload) -> String? {
        let names = ["contact[customer_acct_name]", "contact[orgname]", "customer_acct_name", "orgname"].compactMap { form[$0] }
        return names.first { !$0.isEmpty } ?? names.first
    }

    private static func customFieldKey(in key: String) -> Substring? {
        guard key.hasPrefix("contact[fields]["), key.hasSuffix("]") else { return nil }
        let inner = key.dropFirst("contact[fields][".count).dropLast()
        return inner.isEmpty || inner.contains(where: { $0 == "[" || $0 == "]" }) ? nil : inner
    }

    /// Tag names as the vendor joins them.
    static func tags(_ joined: String) -> [String] {
        joined.split(separator: ", ").map(\.trimmed).filter { !$0.isEmpty }
    }

    /// An id that can be part of a topic key.
    static func checkedID(_ id: String?, name: String) throws(PayloadError) -> String {
        guard let id, !id.isEmpty else { throw .unprocessable("\(name) is missing") }
        let isPlain = id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard isPlain, id.utf8.count <= 255 else { throw .unprocessable("\(name) is not an id") }
        return id
    }
}

extension Person {
    /// Reads the `data` object an app's action step posts.
    ///
    /// There is no fixed callback payload: the app names the members. Known names are read in either spelling
    /// (`first_name`, `firstName`), `field:7` and `perstag:INCOME` stay as they are, and any other name is taken for a
    /// personalisation tag.
    init(_ data: [String: JSONValue]) throws(PayloadError) {
        id = try Self.id(in: data)
        var fields: [String: JSONValue] = [:]
        for (name, value) in data where !Self.idMembers.contains(name) && name != "tags" {
            fields[Self.fieldName(forMember: name)] = value
        }
        self.fields = fields
        switch data["tags"] {
        case nil, .null: tags = nil
        case .string(let joined): tags = Self.tags(joined)
        case .array(let elements):
            let names = elements.compactMap(\.stringValue)
            guard names.count == elements.count else { throw .unprocessable("data.tags holds something that is not text") }
            tags = names.map(\.trimmed).filter { !$0.isEmpty }
        default: throw .unprocessable("data.tags is neither text nor a list")
        }
    }

    /// Who is meant.
    static func id(in data: [String: JSONValue]) throws(PayloadError) -> String {
        try checkedID(idMembers.lazy.compactMap { data[$0]?.idText }.first, name: "data.contact_id")
    }

    private static let idMembers = ["contact_id", "contactId", "id"]

    private static let namesByMember = [
        "email": "email", "firstname": "firstName", "lastname": "lastName", "phone": "phone", "accountname": "accountName",
        "orgname": "accountName", "customeracctname": "accountName",
    ]

    private static func fieldName(forMember member: String) -> String {
        if member.hasPrefix("field:") || member.hasPrefix("perstag:") { return member }
        let plain = member.lowercased().filter { $0 != "_" }
        return namesByMember[plain] ?? "perstag:\(member.uppercased())"
    }
}

extension JSONValue {
    /// Text, or a whole number as text.
    var idText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }
}

extension StringProtocol {
    /// Without the blanks around it.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace }) else {
            return ""
        }
        return String(self[first...last])
    }
}
