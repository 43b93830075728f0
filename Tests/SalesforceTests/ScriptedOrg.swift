import Connectors
import Contracts
import SyncCore

@testable import Salesforce

/// An org that answers by script: for wire-level checks and for faults that no real org could be made to show.
actor ScriptedOrg: HTTPTransport {
    /// Answers one API call, given its path and JSON body and its number among the calls (from 1).
    typealias Script = @Sendable (_ call: Call) throws(TransportError) -> HTTPResponse

    struct Call: Sendable {
        var number: Int
        var request: HTTPRequest
        var path: String
        var body: JSONValue

        /// The parts of a composite call.
        var parts: [JSONValue] { body["compositeRequest"]?.arrayValue ?? [] }
    }

    /// All calls but those for descriptions.
    private(set) var calls: [Call] = []
    private(set) var descriptions = 0
    private let script: Script
    private var hidden: [String: Set<String>] = [:]

    init(_ script: @escaping Script) { self.script = script }

    func hide(_ field: String, of object: CRMObject = .contact) { hidden[object.apiName, default: []].insert(field) }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let path = String(request.url.trimmingPrefix("https://acme.test"))
        if path.hasSuffix("/describe") {
            descriptions += 1
            let object = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
            return .json(200, Self.description(hiding: hidden[object] ?? []))
        }
        let body = (try? JSONValue.parse(request.body)) ?? .null
        let call = Call(number: calls.count + 1, request: request, path: path, body: body)
        calls.append(call)
        return try script(call)
    }

    private static func description(hiding hidden: Set<String>) -> JSONValue {
        let fields = [
            ("Id", "id"), ("LastModifiedDate", "datetime"), ("SystemModstamp", "datetime"), ("CreatedDate", "datetime"),
            ("IsDeleted", "boolean"), ("Tandem_Id__c", "string"), ("Tandem_Sync_Status__c", "picklist"),
            ("Email", "email"), ("LastName", "string"), ("Birthdate", "date"), ("Income__c", "currency"),
            ("DoNotCall", "boolean"),
            ("Colors__c", "multipicklist"), ("Seen__c", "datetime"),
        ]
        return [
            "fields": .array(fields.filter { !hidden.contains($0.0) }.map { ["name": .string($0.0), "type": .string($0.1)] })
        ]
    }
}

extension HTTPResponse {
    static func json(_ status: Int, _ body: JSONValue, headers: [String: String] = [:]) -> HTTPResponse {
        HTTPResponse(status: status, headers: headers, body: body.serialized())
    }

    /// A composite answer with one status and body per part.
    static func parts(_ parts: [(status: Int, body: JSONValue)]) -> HTTPResponse {
        let answers = parts.enumerated().map { index, part -> JSONValue in
            [
                "referenceId": .string("part\(index)"), "httpStatusCode": .integer(Int64(part.status)), "body": part.body,
                "httpHeaders": [:],
            ]
        }
        return .json(200, ["compositeResponse": .array(answers)])
    }

    /// What REST answers to a refused request.
    static func refusal(_ status: Int, _ code: String, _ message: String = "No") -> HTTPResponse {
        .json(status, [["errorCode": .string(code), "message": .string(message)]])
    }
}

extension JSONValue {
    /// The rows of a collections part.
    var rows: [JSONValue] { self["body"]?["records"]?.arrayValue ?? [] }

    /// A success for every row of a collections part.
    var allSaved: (status: Int, body: JSONValue) {
        (200, .array(rows.map { ["id": $0["id"] ?? "003xx000004TmiAAAS", "success": true, "errors": []] }))
    }
}

/// A CRM on a scripted org, with a clock that stands still.
struct Connection {
    let org: ScriptedOrg
    let clock = VirtualClock()
    let crm: SalesforceCRM

    init(_ script: @escaping ScriptedOrg.Script) {
        let org = ScriptedOrg(script)
        self.org = org
        let tokens = TokenSource { _ throws(SyncError) in
            TokenGrant(access: AccessToken(token: Secret("token"), endpoint: "https://acme.test"))
        }
        let settings = CRMSettings(loginURL: "https://acme.test", flow: .clientCredentials, clientID: "client")
        crm = SalesforceCRM(settings: settings, tokens: tokens, transport: org, clock: clock)
    }
}

func update(_ id: String, _ name: String = "Lee", object: CRMObject = .contact) -> CRMWrite {
    CRMWrite(object: object, target: .update(id: id), values: ["LastName": .text(name)])
}

func upsert(_ externalID: String, _ name: String = "Lee", object: CRMObject = .contact) -> CRMWrite {
    CRMWrite(object: object, target: .upsert(externalID: externalID), values: ["LastName": .text(name)])
}

extension Result where Failure == SyncError {
    var failure: SyncError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
