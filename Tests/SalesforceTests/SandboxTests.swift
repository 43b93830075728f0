import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Salesforce

/// A connection to an emulated org over a socket.
private struct Loopback {
    let org: SalesforceSandbox
    let settings: CRMSettings
    let tokens: TokenSource
    let crm: SalesforceCRM

    init(
        _ org: SalesforceSandbox, port: Int, clock: VirtualClock, flow: CRMSettings.Flow, refreshTokens: RefreshTokenStore
    ) throws {
        self.org = org
        settings = CRMSettings(
            loginURL: "http://127.0.0.1:\(port)", flow: flow, clientID: "sandbox-client", username: "sync@acme.test"
        )
        let transport = AsyncHTTPTransport()
        let credentials = SalesforceCredentials(clientSecret: Secret("sandbox-secret"), privateKey: Secret(TestKey.pem))
        tokens = try SalesforceOAuth(settings: settings, credentials: credentials, transport: transport, clock: clock)
            .tokenSource(refreshTokens: refreshTokens)
        crm = SalesforceCRM(settings: settings, tokens: tokens, transport: transport, clock: clock)
    }

    /// API calls made while `work` ran.
    func cost(_ work: () async throws -> Void) async rethrows -> Int {
        let before = await org.counters().apiCalls
        try await work()
        return await org.counters().apiCalls - before
    }
}

private func withSandbox(
    flow: CRMSettings.Flow = .clientCredentials, refreshTokens: RefreshTokenStore = .none,
    _ configure: (inout SalesforceOptions) -> Void = { _ in }, _ test: (Loopback) async throws -> Void
) async throws {
    let clock = VirtualClock()
    var options = SalesforceOptions { clock.now().milliseconds }
    configure(&options)
    let org = SalesforceSandbox(options: options)
    let server = SandboxServer(handler: org)
    // Runs until the process ends: NIO traps when a server stops just as a connection is being accepted.
    Task { try await server.run() }
    try await test(Loopback(org, port: try await server.port(), clock: clock, flow: flow, refreshTokens: refreshTokens))
}

/// Keeps a refresh token as the store would.
private actor Vault {
    private(set) var tokens: [String]

    init(_ token: String) { tokens = [token] }

    func add(_ token: String) { tokens.append(token) }

    nonisolated var store: RefreshTokenStore {
        RefreshTokenStore(
            load: { () throws(SyncError) in await self.tokens.last.map(Secret.init) },
            save: { (token: Secret) throws(SyncError) in await self.add(token.reveal()) }
        )
    }
}

@Suite("Salesforce against the emulated org")
struct SandboxTests {
    @Test("CON-1 every flow connects; wrong credentials show the vendor's own error", arguments: CRMSettings.Flow.allCases)
    func flows(flow: CRMSettings.Flow) async throws {
        let vault = Vault("sandbox-refresh-token")
        try await withSandbox(flow: flow, refreshTokens: vault.store) { try await $0.crm.probe() }
        try await withSandbox(flow: flow, refreshTokens: vault.store, { $0.clientID = "another" }) { connection in
            let error = await #expect(throws: SyncError.self) { try await connection.crm.probe() }
            #expect(error?.errorClass == .auth)
            #expect(error?.code == "invalid_client_id")
        }
    }

    @Test("CON-1 rotated refresh tokens survive: each is saved and used once, and none is replayed")
    func rotation() async throws {
        let vault = Vault("sandbox-refresh-token")
        try await withSandbox(flow: .refreshToken, refreshTokens: vault.store, { $0.rotatesRefreshTokens = true }) { connection in
            for _ in 0..<3 {
                try await connection.crm.probe()
                await connection.org.expireSessions()
            }
            try await connection.crm.probe()
            #expect(await vault.tokens.count == 5)
            #expect(await Set(vault.tokens).count == 5)
        }
    }

    @Test("CON-1 fifty calls that meet an expired session ask for one token")
    func expiry() async throws {
        try await withSandbox { connection in
            try await connection.crm.probe()
            await connection.org.expireSessions()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 { group.addTask { try await connection.crm.probe() } }
                try await group.waitForAll()
            }
            #expect(await connection.org.counters().calls["POST /oauth2/token"] == 2)
        }
    }

    @Test("IN-9 a window of 100 mixed creates and updates costs two calls")
    func windowCost() async throws {
        try await withSandbox { connection in
            var ids: [CRMObject: [String]] = [:]
            for index in 0..<25 {
                ids[.contact, default: []].append(
                    try #require(await connection.org.insert("Contact", ["LastName": .string("C\(index)")])))
                let lead = await connection.org.insert("Lead", ["LastName": .string("L\(index)"), "Company": "Acme"])
                ids[.lead, default: []].append(try #require(lead))
            }
            for object in CRMObject.people { _ = try await connection.crm.describe(object) }
            let cost = try await connection.cost {
                let keys = (0..<25).map { CRMCandidateKey(externalID: "T\($0)", email: "p\($0)@acme.test") }
                let read = try await connection.crm.read(
                    CRMReadRequest(
                        ids: ids, candidates: [.contact: keys, .lead: keys],
                        fields: [.contact: ["LastName", "Email"], .lead: ["LastName", "Company"]]))
                #expect(read.byID[.contact]?.count == 25)
                #expect(read.byID[.lead]?.count == 25)
                var writes = ids.flatMap { object, ids in ids.map { update($0, "Renamed", object: object) } }
                for object in CRMObject.people {
                    writes += (0..<25).map { index in
                        var write = upsert("T\(index)", "New", object: object)
                        if object == .lead { write.values["Company"] = .text("Acme") }
                        return write
                    }
                }
                let results = await connection.crm.write(writes)
                #expect(results.allSatisfy { $0.failure == nil })
            }
            #expect(cost == 2)
            #expect(await connection.org.count("Contact") == 50)
            #expect(await connection.org.records("Lead").count { $0["LastName"] == "Renamed" } == 25)
            #expect(try #require(await connection.crm.usage()).limit == 100_000)
        }
    }

    @Test("IN-9 ten thousand creates cost at most sixty calls, descriptions and conflict reads included")
    func bulkCost() async throws {
        try await withSandbox { connection in
            let cost = try await connection.cost {
                for batch in 0..<10 {
                    let keys = (0..<1000).map {
                        CRMCandidateKey(externalID: "T\(batch)-\($0)", email: "p\(batch)-\($0)@acme.test")
                    }
                    let read = try await connection.crm.read(CRMReadRequest(candidates: [.contact: keys]))
                    #expect(read.candidates[.contact]?.isEmpty == true)
                    let results = await connection.crm.write(keys.map { upsert($0.externalID) })
                    #expect(results.allSatisfy { $0.failure == nil })
                }
            }
            #expect(cost <= 60)
            #expect(await connection.org.count("Contact") == 10_000)
        }
    }

    @Test("IN-10 bad records are settled on their own with the org's words, the rest is written")
    func badRecords() async throws {
        try await withSandbox { connection in
            var writes = (0..<150).map { upsert("T\($0)") }
            writes[3].values["Birthdate"] = .text("soon")
            writes[50].values["LastName"] = .blank
            writes[99].values["FirstName"] = .text(String(repeating: "x", count: 41))
            let results = await connection.crm.write(writes)
            #expect(results.indices.filter { results[$0].failure != nil } == [3, 50, 99])
            #expect(
                [3, 50, 99].map { results[$0].failure?.code } == [
                    "JSON_PARSER_ERROR", "REQUIRED_FIELD_MISSING", "STRING_TOO_LONG",
                ])
            #expect([3, 50, 99].allSatisfy { results[$0].failure?.errorClass == .permanent })
            #expect(await connection.org.count("Contact") == 147)
        }
    }

    @Test("A hidden field is a schema error of its records only")
    func hiddenField() async throws {
        try await withSandbox { connection in
            _ = await connection.crm.write([upsert("T0")])
            await connection.org.hide("Title", on: "Contact")
            var writes = (0..<20).map { upsert("T\($0)") }
            writes[7].values["Title"] = .text("Dr")
            let results = await connection.crm.write(writes)
            #expect(results.indices.filter { results[$0].failure != nil } == [7])
            #expect(results[7].failure?.errorClass == .schema)
            #expect(results[7].failure?.fields == ["Title"])
        }
    }

    @Test("GEN-6 a create whose answer was lost is in doubt, is found by its external ID, and repeating it creates nothing")
    func lostAnswer() async throws {
        try await withSandbox { connection in
            _ = try await connection.crm.describe(.contact)
            await connection.org.play(FaultPlan(rules: [.init(.hangUpAfter, path: "*/composite", limit: 1)]))
            let writes = [upsert("T'1", "O'Brien"), upsert(#"T\2"#)]
            let lost = await connection.crm.write(writes)
            #expect(lost.allSatisfy { $0.failure?.errorClass == .inDoubt })
            let keys = [
                CRMCandidateKey(externalID: "T'1", email: nil), CRMCandidateKey(externalID: #"T\2"#, email: "o'brien@acme.test"),
            ]
            let read = try await connection.crm.read(
                CRMReadRequest(candidates: [.contact: keys], fields: [.contact: ["LastName"]]))
            #expect(keys.allSatisfy { read.candidates[.contact]?[$0]?.count == 1 })
            #expect(read.candidates[.contact]?[keys[0]]?.first?.values["LastName"] == .text("O'Brien"))
            let again = await connection.crm.write(writes)
            #expect(again.allSatisfy { (try? $0.get().created) == false })
            #expect(await connection.org.count("Contact") == 2)
        }
    }

    @Test("A locked row is told apart from the rest of its batch")
    func lockedRow() async throws {
        try await withSandbox { connection in
            _ = try await connection.crm.describe(.contact)
            await connection.org.play(FaultPlan(rules: [.init(.lockRow(1), path: "*/composite", limit: 1)]))
            let results = await connection.crm.write((0..<3).map { upsert("T\($0)") })
            #expect(results.map { $0.failure?.errorClass } == [nil, .lock, nil])
        }
    }

    @Test("A converted lead is no candidate by email")
    func convertedLead() async throws {
        try await withSandbox { connection in
            let lead = try #require(
                await connection.org.insert("Lead", ["LastName": "Lee", "Company": "Acme", "Email": "ann@acme.test"]))
            let key = CRMCandidateKey(externalID: "T1", email: "Ann@acme.test")
            let request = CRMReadRequest(candidates: [.lead: [key]])
            #expect(try await connection.crm.read(request).candidates[.lead]?[key]?.map(\.id) == [lead])
            _ = await connection.org.convertLead(lead)
            #expect(try await connection.crm.read(request).candidates[.lead]?[key] == nil)
        }
    }
}
