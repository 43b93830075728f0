import Connectors
import Sandbox

/// A request to the CRM's data as anyone on the wire can read it.
struct CRMCall: Sendable {
    /// The one thing it asks for, or each of a composite call.
    struct Part: Sendable {
        var method: String
        /// Below the version, e.g. `composite/sobjects`.
        var path: String
        var body: SandboxValue
    }

    /// One record to be written.
    struct Row: Sendable {
        /// Where its result is: the part, and the place in it.
        var part: Int
        var place: Int
        /// The object's API name.
        var object: String
        var id: String?
        /// Whether it is found by its external ID, or else created.
        var isUpsert: Bool
        /// By API name, the external ID among them.
        var values: [String: SandboxValue]

        /// The contact that the external ID names, if there is one.
        var person: String? { CRMRow.person(in: values[CRMRow.externalID]) }
    }

    let parts: [Part]
    let rows: [Row]

    /// Copies of activities are no business of those who judge what becomes of people.
    private static let copies = "composite/sobjects/\(SalesforceObject.marketingActivity.name)/"

    /// `nil` for what asks for no data: tokens and versions.
    init?(_ request: HTTPRequest) {
        let path = request.url.split(separator: "/", omittingEmptySubsequences: true).dropFirst(2)
        guard path.prefix(2) == ["services", "data"], path.count > 3 else { return nil }
        let below = path.dropFirst(3).joined(separator: "/")
        let body = SandboxValue(json: request.body) ?? .null
        if below == "composite" {
            parts = (body["compositeRequest"]?.array ?? []).map { part in
                let url = (part["url"]?.text ?? "").split(separator: "/").dropFirst(3).joined(separator: "/")
                return Part(method: part["method"]?.text ?? "", path: Self.withoutQuery(url), body: part["body"] ?? .null)
            }
        } else {
            parts = [Part(method: request.method, path: Self.withoutQuery(below), body: body)]
        }
        rows = parts.enumerated().flatMap { Self.rows(of: $1, $0) }
    }

    /// Everything that is to change something.
    var writingParts: [Part] {
        parts.filter { part in
            // Bulk jobs are judged by what they leave behind.
            if part.path.hasPrefix("jobs/") || part.path.hasPrefix(Self.copies) { return false }
            return switch part.method {
            case "GET": false
            // A retrieve: it only needs a body for its many ids.
            case "POST": part.body["ids"] == nil
            default: true
            }
        }
    }

    private static func withoutQuery(_ url: String) -> String { url.split(separator: "?").first.map(String.init) ?? url }

    private static func rows(of part: Part, _ number: Int) -> [Row] {
        guard part.path.hasPrefix("composite/sobjects"), !part.path.hasPrefix(copies) else { return [] }
        return (part.body["records"]?.array ?? []).enumerated().compactMap { place, record in
            guard var values = record.object else { return nil }
            let object = values.removeValue(forKey: "attributes")?["type"]?.text ?? ""
            return Row(
                part: number, place: place, object: object, id: values.removeValue(forKey: "id")?.text,
                isUpsert: part.path != "composite/sobjects", values: values)
        }
    }
}

/// A record as the CRM showed it.
struct CRMRow: Sendable {
    static let externalID = "Tandem_Id__c"
    static let status = "Tandem_Sync_Status__c"
    static let waiting = "Waiting for next sync"

    var object: String
    var id: String
    var values: [String: SandboxValue]

    init?(_ value: SandboxValue) {
        guard let members = value.object, let object = members["attributes"]?["type"]?.text, let id = members["Id"]?.text
        else { return nil }
        self.object = object
        self.id = id
        values = members
    }

    var person: String? { Self.person(in: values[Self.externalID]) }
    var isWaiting: Bool { values[Self.status]?.text == Self.waiting }

    /// The contact's id in `demo:17`.
    static func person(in externalID: SandboxValue?) -> String? {
        externalID?.text.flatMap { $0.split(separator: ":").last.map(String.init) }
    }
}

/// What the CRM answered.
struct CRMAnswer: Sendable {
    struct Result: Sendable {
        var id: String?
        var isSuccess: Bool
        var isNew: Bool
    }

    let status: Int
    /// Every record that it shows.
    let found: [CRMRow]
    /// The code of the error, where the call was refused as a whole.
    let refusal: String?
    let message: String?
    private let bodies: [SandboxValue]

    init(_ response: HTTPResponse) {
        let body = SandboxValue(json: response.body) ?? .null
        status = response.status
        bodies = body["compositeResponse"]?.array?.map { $0["body"] ?? .null } ?? [body]
        found = bodies.flatMap { ($0["records"]?.array ?? $0.array ?? []).compactMap(CRMRow.init) }
        refusal = status < 400 ? nil : body[0]?["errorCode"]?.text ?? String(status)
        message = body[0]?["message"]?.text
    }

    func result(of row: CRMCall.Row) -> Result? {
        guard bodies.indices.contains(row.part), let result = bodies[row.part][row.place],
            let isSuccess = result["success"]?.bool
        else { return nil }
        return Result(id: result["id"]?.text ?? row.id, isSuccess: isSuccess, isNew: result["created"]?.bool ?? false)
    }
}
