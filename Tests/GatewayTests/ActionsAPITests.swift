import Connectors
import Contracts
import Store
import SyncCore
import Testing

@testable import Gateway

@Suite("The API of actions")
struct ActionsAPITests {
    /// Marketing with one campaign on offer, or a failure.
    private struct Marketing: MarketingActions {
        var failure: SyncError?

        func offers(_ kind: ActionKind, labelled label: String) async throws(SyncError) -> [ActionOffer] {
            if let failure { throw failure }
            return kind == .sendCampaign && label == "Salesforce" ? [ActionOffer(id: "12", name: "Welcome")] : []
        }

        func sendCampaign(_ id: String, toContact contact: String) async throws(SyncError) {}
        func enterAutomation(_ id: String, contact: String) async throws(SyncError) {}
        func entries(ofContact contact: String, inAutomation id: String) async throws(SyncError) -> Set<String> { [] }
    }

    private let store: Store
    private let clock = VirtualClock()
    private let record = RecordKey(integration: "acme", object: "contact", recordID: "003")

    init() async throws {
        store = try Store.inMemory(key: .generate())
        let settings = IntegrationSettings(
            name: "acme", profile: .activeCampaignSalesforce,
            crm: CRMSettings(loginURL: "https://acme.my.salesforce.com", flow: .clientCredentials, clientID: "client"),
            marketing: MarketingSettings(url: "https://acme.api-us1.com"))
        _ = try await store.apply(settings, now: clock.now())
        let link = Link(
            integration: "acme", object: .contact, marketingID: "7", crmID: "003", externalID: "acme:7", state: .linked)
        let lease = try #require(try await store.acquireLease("tests", holder: "t", ttl: .seconds(9), now: clock.now()))
        try await store.saveLinks([link], lease: lease, now: clock.now())
    }

    private func api(failing failure: SyncError? = nil) -> ActionsAPI {
        ActionsAPI(store: store, clock: clock) { _ throws(SyncError) in Marketing(failure: failure) }
    }

    private func ask(_ body: String, for record: RecordKey? = nil) async -> GatewayResponse {
        await api().ask(for: record ?? self.record, Array(body.utf8), by: "standard")
    }

    private func json(_ response: GatewayResponse) throws -> [String: JSONValue] {
        try #require(try JSONValue.parse(response.body).objectValue)
    }

    private func code(_ response: GatewayResponse) throws -> String? {
        try json(response)["error"]?.objectValue?["code"]?.stringValue
    }

    @Test("ACT-3 what has the label is offered; where marketing cannot tell, its own error says why")
    func offers() async throws {
        let response = await api().offers(of: "acme")
        #expect(response.status == 200)
        #expect(
            try json(response) == ["actions": [["kind": "send-campaign", "target": "12", "name": "Welcome"]]])
        let passing = await api(failing: SyncError(.transient, code: "503", message: "down")).offers(of: "acme")
        #expect(passing.status == 503 && passing.headers["Retry-After"] != nil)
        let lasting = await api(failing: SyncError(.auth, code: "403", message: "no")).offers(of: "acme")
        #expect(lasting.status == 502)
        #expect(try code(lasting) == "403")
    }

    @Test("ACT-3 an action is accepted with its request's id, by which its state can be read; a double click is the same one")
    func asks() async throws {
        let body = #"{"kind":"send-campaign","target":"12"}"#
        let accepted = await ask(body)
        #expect(accepted.status == 202)
        let id = try #require(try json(accepted)["requestId"]?.stringValue)
        await clock.advance(by: .milliseconds(200))
        #expect(try json(await ask(body))["requestId"]?.stringValue == id)
        let state = await api().state(of: "acme", requestID: id)
        #expect(state.status == 200)
        #expect(try json(state)["state"] == "waiting")
        #expect(try json(state)["requestedBy"] == "standard")
        #expect(try json(await api().outcomes(of: record))["actions"]?.arrayValue?.count == 1)
        #expect(await api().state(of: "acme", requestID: "other").status == 404)
    }

    @Test("ACT-3 a record that is not linked is refused at once with the reason")
    func notLinked() async throws {
        let stranger = RecordKey(integration: "acme", object: "lead", recordID: "00Q")
        let response = await ask(#"{"kind":"enter-automation","target":"3","requestId":"r"}"#, for: stranger)
        #expect(response.status == 409)
        #expect(try code(response) == "not-linked")
        #expect(try json(await api().state(of: "acme", requestID: "r"))["state"] == "failed")
    }

    @Test("A request id that stands for another action is refused")
    func taken() async throws {
        _ = await ask(#"{"kind":"send-campaign","target":"12","requestId":"r"}"#)
        let response = await ask(#"{"kind":"send-campaign","target":"13","requestId":"r"}"#)
        #expect(response.status == 409)
        #expect(try code(response) == "request-id-taken")
    }

    @Test(
        "Bodies that ask for nothing anybody could do are refused, and say why",
        arguments: [
            ("", 400, "JSON"), ("[]", 400, "JSON"), (#"{"target":"12"}"#, 422, "kind"),
            (#"{"kind":"create-lead","target":"12"}"#, 422, "kind"), (#"{"kind":"send-campaign"}"#, 422, "target"),
            (#"{"kind":"send-campaign","target":12}"#, 422, "target"), (#"{"kind":"send-campaign","target":""}"#, 422, "target"),
            (#"{"kind":"send-campaign","target":"12","requestId":7}"#, 422, "requestId"),
            (#"{"kind":"send-campaign","target":"12","requestId":"a/b"}"#, 422, "request id"),
        ])
    func invalid(body: String, status: Int, word: String) async throws {
        let response = await ask(body)
        #expect(response.status == status)
        #expect(response.reason?.contains(word) == true)
        #expect(try await store.actions(integration: "acme", object: .contact, crmID: "003", limit: 9).isEmpty)
    }

    @Test("GEN-4 an integration that is unknown or has ended is nothing anybody can ask")
    func ended() async throws {
        var other = record
        other.integration = "other"
        #expect(await ask(#"{"kind":"send-campaign","target":"12"}"#, for: other).status == 404)
        try await store.setState("acme", .disconnected, now: clock.now())
        #expect(await ask(#"{"kind":"send-campaign","target":"12"}"#).status == 404)
        #expect(await api().offers(of: "acme").status == 404)
    }
}
