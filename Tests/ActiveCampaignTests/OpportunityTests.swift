import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

import struct Foundation.Decimal

@testable import ActiveCampaign

@Suite("Opportunities")
struct OpportunityTests {
    private let opportunity = OpportunityWrite(
        externalID: "006A", name: "Big one", amount: 1234.5, stage: "Closed Won",
        closeDate: CalendarDate(year: 2026, month: 5, day: 28), contactID: "10")

    @Test("MAP-5 an opportunity becomes one record of four fields, made with its schema and changed by its external id")
    func write() async throws {
        try await withSandbox { connection in
            for _ in 0..<2 { try await connection.marketing.writeOpportunity(opportunity) }
            var changed = opportunity
            (changed.stage, changed.amount, changed.closeDate, changed.contactID) = ("Closed Lost", nil, nil, nil)
            let first = try #require(await connection.account.customRecords("crm-opportunities").first)
            #expect(first.externalID == "006A")
            #expect(
                first.fields == ["name": "Big one", "amount": "1234.5", "stage": "Closed Won", "close-date": "2026-05-28"])
            #expect(first.relationships == ["primary-contact": ["10"]])
            try await connection.marketing.writeOpportunity(changed)
            let records = await connection.account.customRecords("crm-opportunities")
            #expect(records.count == 1)
            #expect(records.first?.fields == ["name": "Big one", "stage": "Closed Lost"])
            #expect(records.first?.relationships == ["primary-contact": []])
            let calls = await connection.account.counters().calls
            #expect(calls["POST /customObjects/schemas"] == 1)
            #expect(calls["GET /customObjects/schemas"] == 1)
        }
    }

    @Test("A schema deleted in the account is made again")
    func deletedSchema() async throws {
        let connection = try Connection { call throws(TransportError) in
            switch call.line {
            case "POST customObjects/schemas": .json(201, ["schema": ["id": call.number < 4 ? "s1" : "s2"]])
            case "POST customObjects/records/s1" where call.number > 3: .json(404, ["message": "Not Found"])
            case let line where line.hasPrefix("POST customObjects/records"): .json(201, ["record": [:]])
            default: .json(200, ["schemas": [], "meta": ["total": 0]])
            }
        }
        for _ in 0..<2 { try await connection.marketing.writeOpportunity(opportunity) }
        #expect(await connection.account.lines.last == "POST customObjects/records/s2")
    }

    @Test("A schema of ours that lacks a field is a schema error that names it")
    func changedSchema() async throws {
        let connection = try Connection { _ throws(TransportError) in
            .json(
                200,
                [
                    "schemas": [
                        [
                            "id": "s1", "slug": "other-slug", "labels": ["singular": "CRM opportunity"],
                            "fields": [["id": "name"], ["id": "amount"], ["id": "stage"]],
                            "relationships": [["id": "primary-contact"]],
                        ]
                    ]
                ])
        }
        let error = await #expect(throws: SyncError.self) { try await connection.marketing.writeOpportunity(opportunity) }
        #expect(error?.errorClass == .schema)
        #expect(error?.fields == ["close-date"])
    }

    @Test("A plan without custom objects is an error of its own, not of the credentials")
    func notInPlan() async throws {
        try await withSandbox {
            $0.hasCustomObjects = false
        } _: { connection in
            let error = await #expect(throws: SyncError.self) { try await connection.marketing.writeOpportunity(opportunity) }
            #expect(error?.code == "custom-objects-not-available")
            #expect(error?.errorClass == .permanent)
        }
    }
}
