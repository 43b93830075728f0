import Contracts
import GRDB
import SyncCore
import Testing

@testable import Store

@Suite("Stores of earlier versions")
struct MigrationTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Settings as version 1 kept them, before there was an outbound path.
    private let oldSettings = """
        {"crm":{"apiVersion":"62.0","clientID":"client","externalIDField":"Tandem_Id__c","flow":"client-credentials",\
        "loginURL":"https://acme.my.salesforce.com","syncStatusField":"Tandem_Sync_Status__c"},\
        "inbound":{"matching":"email","window":{"interval":[32,9704189641294348288],"records":100}},\
        "mappings":{"contact":[{"crm":"Email","direction":"both","marketing":"email","rule":"crm-wins",\
        "scope":"create-and-update","transforms":[{"lowercase":{}}]}],"lead":[]},\
        "marketing":{"requestsPerSecond":5,"url":"https://acme.api-us1.com"},"name":"acme",\
        "profile":"activecampaign-salesforce"}
        """

    /// A store of version 1 with an integration, two links, a change that waits and a tag.
    private func makeVersion1() throws {
        let database = try DatabaseQueue(path: directory.storePath)
        try database.write { db in
            for statement in InitialSchema.statements { try db.execute(sql: statement) }
            let link = "INSERT INTO links (integration_id, object, marketing_id, crm_id, external_id, state, base, seen, tags,"
            let rows = [
                "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY)",
                "INSERT INTO schema_migrations (version) VALUES (1)",
                "INSERT INTO integration_names (id, name) VALUES (1, 'acme')",
                "INSERT INTO integrations VALUES (1, '\(oldSettings)', 'active', 3, 'org', 'account', 7)",
                "\(link) overruled, sent, updated_at) VALUES (1, 'contact', '7', '003', 'acme:7', 'linked',"
                    + " '{\"Email\":\" Ada@Example.com \"}', '{}', 'null', '[]', '{}', 0)",
                "\(link) overruled, sent, updated_at) VALUES (1, 'lead', '8', NULL, 'acme:8', 'creating', '{}', '{}', 'null',"
                    + " '[]', '{}', 0)",
                "INSERT INTO queue VALUES (1, 1, 0, 'contact', '7', 1, 0, 0, 5, 5, NULL, NULL, NULL, NULL,"
                    + " '{\"f\":{\"phone\":[5,1,\"1\"]}}')",
                "INSERT INTO tag_tasks VALUES (1, 1, '7', 'added', 0, 0, 5, NULL, NULL)",
            ]
            for row in rows { try db.execute(sql: row) }
        }
        try database.close()
    }

    @Test("A store of version 1 opens with all that it had")
    func version1() async throws {
        try makeVersion1()
        let store = try Store.open(path: directory.storePath, key: .generate())
        let stored = try #require(try await store.integration("acme"))
        #expect(stored.revision == 3)
        #expect(stored.settings.outbound == OutboundSettings(), "nothing flows out that nobody asked for")
        #expect(stored.settings.inbound.window == .standard)
        #expect(stored.settings.mappings.contact.map(\.transforms) == [[.lowercase]])

        var expected = Link(
            integration: "acme", object: .contact, marketingID: "7", crmID: "003", externalID: "acme:7", state: .linked)
        expected.base = ["Email": .text(" Ada@Example.com ")]
        #expect(try await store.links(integration: "acme", emails: ["ADA@example.com"]) == ["ada@example.com": [expected]])
        #expect(try await store.link(integration: "acme", marketingID: "8", object: .lead)?.state == .creating)
        #expect(try await store.ready(now: at(0)).map(\.key.recordID) == ["7"])
        let tasks = try await store.tagTasks(integration: "acme", limit: 9, now: at(0))
        #expect(tasks.map { TagChange($0.action, $0.tag) } == [TagChange(.add, "added")])
    }

    @Test("A store of a later version is refused, with a clear error")
    func laterVersion() throws {
        try makeVersion1()
        let database = try DatabaseQueue(path: directory.storePath)
        try database.write { try $0.execute(sql: "INSERT INTO schema_migrations (version) VALUES (999)") }
        try database.close()
        let error = #expect(throws: StoreError.self) { try Store.open(path: directory.storePath, key: .generate()) }
        #expect(error?.code == "schema-too-new")
    }
}
