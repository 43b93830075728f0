import Connectors
import Contracts
import Sandbox
import Store
import SyncCore
import Testing

@testable import Workers

@Suite("Inbound: bad records")
struct InboundFailureTests {
    @Test("IN-10 bad records are parked one by one with the reason, the rest of their batch is written")
    func badRecords() async throws {
        try await withWorld { world in
            let bad: [String: [String: JSONValue]] = [
                "2": ["perstag:ANNUAL_INCOME": "99,000,000"], "3": ["lastName": .string(String(repeating: "long ", count: 30))],
                "4": ["perstag:ANNUAL_INCOME": "quite a lot"], "5": ["lastName": ""], "6": ["perstag:BIRTH_DATE": "soon"],
            ]
            let people = (1...7).map { number in
                let id = String(number)
                return world.creation(id, World.person(id).merging(bad[id] ?? [:]) { $1 })
            }
            try await world.take(people)
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 2)
            let parked = try await world.parked()
            let errors = Dictionary(uniqueKeysWithValues: parked.map { ($0.key.recordID, $0.error) })
            #expect(
                errors.mapValues(\.code) == [
                    "2": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "3": "unreadable-value", "4": "unreadable-value",
                    "5": "required-field-missing", "6": "unreadable-value",
                ])
            // The vendor's own words; for what never reached it, field and value.
            #expect(errors["2"]?.message == "Please check the income with your manager.")
            #expect(errors["4"]?.message.contains("AnnualIncome__c: cannot read \"quite a lot\"") == true)
            #expect(errors["5"]?.fields == ["LastName"])
            #expect(try await world.outcomes("2") == ["parked"])

            // Nothing is tried again by itself.
            #expect(await world.calls { await world.flush() } == 0)
        }
    }

    @Test("IN-10 a newer change takes a record out of parking")
    func unparked() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            try await world.take(world.change("1", ["perstag:ANNUAL_INCOME": "99,000,000", "phone": "new"]))
            await world.flush()
            #expect(try await world.depth().parked == 1)
            #expect(try await world.crmRecord("1")["Phone"] != "new")

            try await world.take(world.change("1", ["perstag:ANNUAL_INCOME": "99,000"]))
            await world.flush()
            #expect(try await world.depth() == QueueDepth())
            let record = try await world.crmRecord("1")
            #expect(record["AnnualIncome__c"] == 99_000.0)
            // What was parked along with it is not lost.
            #expect(record["Phone"] == "new")
        }
    }

    @Test("IN-10 a locked row is tried again soon and by itself")
    func locked() async throws {
        try await withWorld { world in
            try await world.create(["0"])
            await world.salesforce.play(.composite(.lockRow(1), calls: [2]))
            try await world.take((1...3).map { world.creation("\($0)") })
            await world.flush()
            #expect(await world.salesforce.count("Contact") == 3)
            #expect(try await world.depth() == QueueDepth(waiting: 1, nextAttempt: world.clock.now().advanced(by: .seconds(3))))
            await world.clock.advance(by: .seconds(3))
            await world.drainAll()
            #expect(await world.salesforce.count("Contact") == 4)
            #expect(try await world.depth() == QueueDepth())
        }
    }

    @Test("IN-10 what fails for good in passing is parked in the end, listed with the vendor's words")
    func exhausted() async throws {
        try await withWorld { world in
            try await world.create(["1"])
            await world.salesforce.play(FaultPlan(rules: [.init(.lockRow(0), method: "POST", path: "*/composite")]))
            try await world.take(world.change("1", ["phone": "new"]))
            for _ in 1...RetryPolicy.standard.maxAttempts {
                await world.clock.advance(by: .seconds(3600))
                await world.drainAll()
            }
            let parked = try #require(try await world.parked().first)
            #expect(parked.error.code == "UNABLE_TO_LOCK_ROW")
            #expect(parked.attempts == RetryPolicy.standard.maxAttempts)
        }
    }

    @Test("IN-10 a record deleted in the CRM is parked and not made again")
    func deletedInCRM() async throws {
        try await withWorld { world in
            try await world.create(["1", "2"])
            await world.salesforce.delete("Contact", id: try await world.crmID("1"))
            try await world.take(world.change("1", ["phone": "new"]), world.change("2", ["phone": "new"]))
            await world.flush()
            #expect(try await world.parked().map(\.error.code) == ["crm-record-not-found"])
            #expect(await world.salesforce.count("Contact") == 1)
            #expect(try await world.crmRecord("2")["Phone"] == "new")
        }
    }
}
