import Connectors
import Contracts
import Logging
import Store
import SyncCore
import Testing

@testable import Gateway

@Suite("The API of panels")
struct APITests {
    private static let path = "/api/v1/integrations/acme/records/contact/003A/activities"
    private static let noMarketing = SyncError(.transient, code: "down", message: "marketing is down")
    private let clock = VirtualClock()
    private let store: Store
    private let gateway: Gateway

    init() async throws {
        store = try Store.inMemory(key: .generate())
        let settings = IntegrationSettings(
            name: "acme", profile: .activeCampaignSalesforce,
            crm: CRMSettings(loginURL: "https://acme.my.salesforce.com", flow: .clientCredentials, clientID: "client"),
            marketing: MarketingSettings(url: "https://acme.api-us1.com"))
        _ = try await store.apply(
            settings, secrets: [.panelToken: Secret("panel-token"), .managerToken: Secret("manager-token")], now: clock.now())
        let api = API(store: store, clock: clock) { (_) throws(SyncError) in throw Self.noMarketing }
        gateway = Self.gateway(api, clock)
    }

    private static func gateway(_ api: API?, _ clock: VirtualClock) -> Gateway {
        let directory = IntegrationDirectory(clock: clock) { _ in nil }
        return Gateway(log: ScriptedLog(), directory: directory, api: api, clock: clock, logger: Logger(label: "test"))
    }

    private func get(
        _ path: String = Self.path, _ query: String? = nil, token: String? = "Bearer panel-token", method: String = "GET"
    ) async -> GatewayResponse {
        await gateway.respond(to: GatewayRequest(method: method, path: path, query: query, authorization: token))
    }

    private func record(_ count: Int) async throws {
        let activities = (0..<count).map { number in
            Activity(
                key: RecordKey(integration: "acme", object: "contact", recordID: "7"), activityID: "a\(number)",
                kind: number.isMultiple(of: 2) ? .linkClicked : .campaignSent, occurredAt: Timestamp(seconds: Int64(number)),
                details: [.campaignID: "12", .url: "https://acme.test/\(number)"])
        }
        _ = try await store.record(activities, now: clock.now())
        guard let lease = try await store.acquireLease("test", holder: "test", ttl: .seconds(30), now: clock.now()) else {
            return
        }
        let link = Link(
            integration: "acme", object: .contact, marketingID: "7", crmID: "003A", externalID: "acme:7", state: .linked)
        try await store.saveLinks([link], lease: lease, now: clock.now())
    }

    private func activities(_ response: GatewayResponse) throws -> [[String: JSONValue]] {
        let list = try JSONValue.parse(response.body).objectValue?["activities"]?.arrayValue
        return try #require(list).compactMap(\.objectValue)
    }

    @Test("ACT-2 the 20 latest of a record, each in full, and a cursor to the rest")
    func latest() async throws {
        try await record(50)
        let response = await get()
        #expect(response.status == 200 && response.headers["Cache-Control"] == "no-store")
        let first = try activities(response)
        #expect(first.map { $0["id"] } == (30..<50).reversed().map { .string("a\($0)") })
        #expect(
            first.last == [
                "id": "a30", "kind": "link-clicked", "occurredAt": "1970-01-01T00:00:30.000Z", "person": "7",
                "recordedAt": .string(clock.now().iso8601), "campaignId": "12", "url": "https://acme.test/30",
            ])
        var (ids, next) = (
            Set(first.compactMap { $0["id"]?.stringValue }), try JSONValue.parse(response.body).objectValue?["next"]
        )
        var pages = 1
        while let cursor = next?.stringValue, pages < 10 {
            let page = await get(Self.path, "cursor=\(cursor)")
            ids.formUnion(try activities(page).compactMap { $0["id"]?.stringValue })
            next = try JSONValue.parse(page.body).objectValue?["next"]
            pages += 1
        }
        #expect(pages == 3 && ids.count == 50)
    }

    @Test("ACT-2 filtered by kind, campaign and time")
    func filters() async throws {
        try await record(10)
        let from = "1970-01-01T00:00:04Z"
        let query = "kind=link-clicked&campaign=12&limit=5&from=\(from)&to=1970-01-01T00:00:08%2B00:00"
        #expect(try activities(await get(Self.path, query)).map { $0["id"] } == ["a6", "a4"])
        #expect(try activities(await get(Self.path, "kind=link-clicked&kind=campaign-sent&limit=100")).count == 10)
        #expect(try activities(await get(Self.path, "from=1970-01-01T01:00:08+01:00")).count == 2, "a plus sign as it is")
        #expect(try activities(await get(Self.path, "campaign=13")).isEmpty)
    }

    @Test("ACT-3 the questions about actions have their paths, with the caller's role kept")
    func actions() async throws {
        try await record(1)
        let base = "/api/v1/integrations/acme"
        let offers = await get("\(base)/actions")
        #expect(offers.status == 503 && offers.text.contains("marketing is down"))
        let ask = GatewayRequest(
            method: "POST", path: "\(base)/records/contact/003A/actions", contentType: "application/json",
            authorization: "Bearer manager-token",
            body: .complete(Array(#"{"kind":"send-campaign","target":"12","requestId":"r-1"}"#.utf8)))
        #expect(await gateway.respond(to: ask).status == 202)
        #expect(await get("\(base)/actions/r-1").text.contains(#""requestedBy":"manager""#))
        #expect(await get("\(base)/records/contact/003A/actions").text.contains(#""requestId":"r-1""#))
        #expect(await get("\(base)/actions", token: nil).status == 401)
        var broken = ask
        broken.body = .interrupted
        #expect(await gateway.respond(to: broken).status == 400)
        broken.body = .tooLarge
        #expect(await gateway.respond(to: broken).status == 413)
    }

    @Test("a record nobody is linked to has none")
    func unknownRecord() async throws {
        try await record(1)
        let response = await get("/api/v1/integrations/acme/records/lead/00Qnobody/activities")
        #expect(response.status == 200 && response.text == #"{"activities":[]}"#)
    }

    @Test(
        "PERM-1 without the integration's own token nothing is told, not even whether the integration exists",
        arguments: [nil, "", "Bearer", "Bearer wrong", "Basic panel-token", "panel-token", "Bearer panel-token x"])
    func unauthorized(token: String?) async {
        for path in [Self.path, "/api/v1/integrations/other/records/contact/003A/activities", "/api/v1/integrations/acme/none"] {
            let response = await get(path, token: token)
            #expect(response.status == 401 && response.headers["WWW-Authenticate"] == "Bearer")
            #expect(response.text.contains(#""code":"unauthorized""#))
        }
    }

    @Test("PERM-1 the manager may see what standard users see", arguments: ["Bearer panel-token", "bearer manager-token"])
    func roles(token: String) async {
        #expect(await get(token: token).status == 200)
    }

    @Test("PERM-1 what needs the manager's role is refused to standard users, naming it")
    func forbidden() async throws {
        let route = APIRoute("POST", "pause", for: .manager) { _ in .api(200, [:]) }
        let gateway = Self.gateway(API(access: APIAccess(store: store, clock: clock), routes: [route]), clock)
        func post(_ token: String) async -> GatewayResponse {
            await gateway.respond(
                to: GatewayRequest(method: "POST", path: "/api/v1/integrations/acme/pause", authorization: "Bearer \(token)"))
        }
        let refused = await post("panel-token")
        #expect(refused.status == 403 && refused.text.contains("manager"))
        #expect(await post("manager-token").status == 200)
    }

    @Test(
        "what a request has wrong is named",
        arguments: [
            ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("kind=opened", "kind"), ("cursor=x", "cursor"),
            ("from=yesterday", "from"), ("to=2026-05-28", "to"), ("kinds=link-clicked", "kind, campaign"),
            ("limit=1&limit=2", "limit is given 2 times"), ("limit=%", "%"),
        ])
    func invalid(query: String, named: String) async {
        let response = await get(Self.path, query)
        #expect(response.status == 400 && response.text.contains(#""code":"invalid-parameter""#))
        #expect(response.text.contains(named))
    }

    @Test("an object without activities, an unknown path and another method are refused, each with its reason")
    func notFound() async {
        let object = await get("/api/v1/integrations/acme/records/account/001/activities")
        #expect(object.status == 404 && object.text.contains("records/contact/… and records/lead/…"))
        for path in [
            "/api/v1/integrations/acme/records/contact/003A", "/api", "/api/v2/integrations/acme/x", "/api/v1/integrations/acme",
        ] {
            #expect(await get(path).status == 404)
        }
        let method = await get(method: "DELETE")
        #expect(method.status == 405 && method.headers["Allow"] == "GET")
    }

    @Test("GEN-4 a disconnected integration answers no more")
    func disconnected() async throws {
        try await store.setState("acme", .disconnected, now: clock.now())
        #expect(await get().status == 401)
    }

    @Test("a store that does not answer is 503, and a gateway without the API has nothing there")
    func unavailable() async throws {
        #expect(await get().status == 200)
        try store.close()
        let response = await get()
        #expect(response.status == 503 && response.headers["Retry-After"] == "5")
        let request = GatewayRequest(method: "GET", path: Self.path, authorization: "Bearer panel-token")
        #expect(await Self.gateway(nil, clock).respond(to: request).status == 404)
    }
}
