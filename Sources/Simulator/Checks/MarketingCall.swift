import Connectors
import Sandbox

/// A request to the marketing account's API as anyone on the wire can read it.
struct MarketingCall: Sendable {
    /// One person to be written.
    struct Contact: Sendable {
        /// `nil` where the account finds the person by the email.
        var id: String?
        var email: String?
        /// By the keys of single writes; custom fields as `field:7`.
        var values: [String: SandboxValue]
        var tags: [String] = []
    }

    let method: String
    /// Below `api/3`.
    let path: [String]
    let body: SandboxValue
    let contacts: [Contact]

    init(_ request: HTTPRequest) {
        method = request.method
        let url = request.url.split(separator: "?")[0]
        path = url.split(separator: "/").dropFirst(4).map(String.init)
        body = SandboxValue(json: request.body) ?? .null
        contacts = Self.contacts(method, path, body)
    }

    var isWrite: Bool { method != "GET" }
    var isImport: Bool { isWrite && path == ["import", "bulk_import"] }
    /// Whether the account creates who is not found.
    var mayCreate: Bool { isImport || path == ["contact", "sync"] }

    private static func contacts(_ method: String, _ path: [String], _ body: SandboxValue) -> [Contact] {
        switch (method, path.first, path.count) {
        case ("POST", "contact", 2): return [single(body["contact"], id: nil)]
        case ("PUT", "contacts", 2): return [single(body["contact"], id: path[1])]
        case ("POST", "import", 2): return (body["contacts"]?.array ?? []).map(imported)
        default: return []
        }
    }

    private static func single(_ contact: SandboxValue?, id: String?) -> Contact {
        var values = contact?.object ?? [:]
        for item in values.removeValue(forKey: "fieldValues")?.array ?? [] {
            values["field:\(item["field"]?.looseText ?? "")"] = item["value"]
        }
        return Contact(id: id, email: values["email"]?.text?.lowercased(), values: values)
    }

    private static let importNames = [
        "first_name": "firstName", "last_name": "lastName", "customer_acct_name": "accountName",
    ]

    private static func imported(_ item: SandboxValue) -> Contact {
        var members = item.object ?? [:]
        let fields = members.removeValue(forKey: "fields")?.array ?? []
        let tags = members.removeValue(forKey: "tags")?.array?.compactMap(\.text) ?? []
        var values: [String: SandboxValue] = [:]
        for (name, value) in members { values[importNames[name] ?? name] = value }
        for field in fields { values["field:\(field["id"]?.looseText ?? "")"] = field["value"] }
        return Contact(id: nil, email: values["email"]?.text?.lowercased(), values: values, tags: tags)
    }
}

/// What the marketing account answered.
struct MarketingAnswer: Sendable {
    let status: Int
    let body: SandboxValue

    init(_ response: HTTPResponse) {
        status = response.status
        body = SandboxValue(json: response.body) ?? .null
    }

    var isSuccess: Bool { (200..<300).contains(status) }
    /// Of the person written.
    var contactID: String? { body["contact"]?["id"]?.looseText }
}
