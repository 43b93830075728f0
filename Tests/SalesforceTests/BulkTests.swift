import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import Salesforce

@Suite("Bulk jobs of an emulated org")
struct BulkTests {
    private func all(_ fields: [String] = ["LastName"]) -> CRMExportRequest {
        CRMExportRequest(object: .contact, scope: .all, fields: fields)
    }

    /// The records of a whole export, its pages one after the other.
    private func records(of request: CRMExportRequest, _ crm: SalesforceCRM, limit: Int) async throws -> [CRMRecord] {
        let id = try await crm.startExport(request)
        guard case .finished(let total) = try await crm.exportState(id) else { return [] }
        var records: [CRMRecord] = []
        var locator: String?
        repeat {
            let page = try await crm.exportPage(id, of: request, from: locator, skipping: 0, limit: limit) { records += $0 }
            locator = page.next
        } while locator != nil
        #expect(records.count == total)
        return records
    }

    @Test("RUN-5 an export has every living record once and as pages of a query would have it")
    func export() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let account = await org.sandbox.insert("Account", ["Name": "Smith, \"Jones\" & Co\nLtd"])
        var ids = await org.sandbox.load(
            "Contact",
            rows: (0..<2_500).map {
                SandboxValue.contact(
                    "Zoë, \($0)",
                    ["Email": .string("c\($0)@b.c"), "AccountId": $0 == 5 ? account.map(SandboxValue.string) ?? .null : .null])
            })
        await org.sandbox.delete("Contact", id: ids.remove(at: 3))
        let request = all(["LastName", "Email", "DoNotCall", CRMRecord.accountNameField])
        let exported = try await records(of: request, crm, limit: 1_000)
        let pages = try await crm.pages(CRMFeedRequest(object: .contact, scope: .all, fields: request.fields))
        #expect(exported.sorted { $0.id < $1.id } == pages.flatMap(\.self))
        #expect(exported.map(\.id).sorted() == ids.sorted())
    }

    @Test("RUN-1 an export of a selection has those and Tandem's own")
    func selection() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let wanted = [
            await org.sandbox.insert("Contact", SandboxValue.contact("One", ["LeadSource": "Web"])),
            await org.sandbox.insert("Contact", SandboxValue.contact("Two", ["Tandem_Id__c": "t:2"])),
        ]
        await org.sandbox.insert("Contact", SandboxValue.contact("Three"))
        let selection = Selection.criteria(.rule(FieldRule(field: "LeadSource", .equals, ["Web"])))
        let request = CRMExportRequest(
            object: .contact, scope: .selected(selection, since: org.clock.now()), fields: ["LastName"])
        #expect(try await crm.count(request) == 2)
        #expect(try await records(of: request, crm, limit: 9).map(\.id).sorted() == wanted.compactMap(\.self).sorted())
    }

    @Test("RUN-3 a page that broke off is gone on with at the record after the last one taken")
    func resume() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let ids = await org.sandbox.load("Contact", rows: (0..<4_100).map { SandboxValue.contact("C\($0)") })
        let id = try await crm.startExport(all())
        struct Death: Error {}
        var taken: [String] = []
        await #expect(throws: Death.self) {
            _ = try await crm.exportPage(id, of: all(), from: nil, skipping: 0, limit: 9_000) { group in
                guard taken.isEmpty else { throw Death() }
                taken += group.map(\.id)
            }
        }
        #expect(taken.count == CRMExportPage.group)
        let page = try await crm.exportPage(id, of: all(), from: nil, skipping: taken.count, limit: 9_000) { group in
            taken += group.map(\.id)
        }
        #expect(page == CRMExportPage(records: 4_100, next: nil))
        #expect(taken.sorted() == ids.sorted())
    }

    @Test("A job that failed or is gone says so, and one that is given up is no trouble")
    func ends() async throws {
        let org = EmulatedOrg { $0.bulk.latency = 60_000 }
        let crm = try org.crm()
        await org.sandbox.insert("Contact", SandboxValue.contact("One"))
        await org.sandbox.play(FaultPlan(rules: [.init(.failJob(afterRows: 0), method: "POST", path: "*/jobs/query", limit: 1)]))
        let failing = try await crm.startExport(all())
        #expect(try await crm.exportState(failing) == .running)
        await org.clock.advance(by: .seconds(60))
        guard case .failed(let error) = try await crm.exportState(failing) else { return _ = Issue.record("did not fail") }
        #expect(error.errorClass == .transient)
        try await crm.endExport(failing)
        #expect(try await crm.exportState(failing) == .failed(BulkErrors.gone))

        let running = try await crm.startExport(all())
        try await crm.endExport(running)
        #expect(try await crm.exportState(running) == .failed(BulkErrors.gone))
    }

    @Test("IN-9 no more jobs than the day's quota")
    func quota() async throws {
        let org = EmulatedOrg { $0.bulk.dailyQueryJobs = 1 }
        let crm = try org.crm()
        _ = try await crm.startExport(all())
        let error = await #expect(throws: SyncError.self) { try await crm.startExport(all()) }
        #expect(error?.code == SyncError.bulkQuota)
    }

    @Test("IN-10 an import creates, changes and clears, and each record has its own result")
    func imports() async throws {
        let org = EmulatedOrg()
        let crm = try org.crm()
        let known = try #require(
            await org.sandbox.insert("Contact", SandboxValue.contact("Old", ["Tandem_Id__c": "t:1", "Phone": "1"])))
        func write(_ id: String, _ values: [String: FieldValue]) -> CRMWrite {
            CRMWrite(object: .contact, target: .upsert(externalID: id), values: values)
        }
        let writes = [
            write("t:1", ["LastName": .text("New, \"one\""), "Phone": .blank]), write("t:2", ["LastName": .text("Two")]),
            write("t:3", ["Phone": .text("3")]), write("t:4", ["NoSuch__c": .text("x")]),
        ]
        let id = try await crm.openImport(of: .contact, .upsert)
        #expect(try await crm.importState(id) == .open)
        try await crm.upload(writes, toImport: id)
        #expect(await org.sandbox.count("Contact") == 1, "nothing is written before it is closed")
        try await crm.closeImport(id)
        #expect(try await crm.importState(id) == .finished)
        let results = try await crm.importResults(id, of: .contact, .upsert)
        #expect(try results["t:1"]?.get() == CRMWriteSuccess(id: known, created: false))
        #expect(try results["t:2"]?.get().created == true)
        #expect(results["t:3"]?.failure?.code == "REQUIRED_FIELD_MISSING")
        #expect(results["t:3"]?.failure?.fields == ["LastName"])
        #expect(results["t:4"] == nil, "what cannot be sent is left out")
        let record = await org.sandbox.record("Contact", id: known)
        #expect(record?["LastName"] == "New, \"one\"" && record?["Phone"] == SandboxValue.null)
    }
}
