import Contracts
import Testing

@testable import SyncCore

@Suite("The CRM's calls of a day")
struct APIBudgetTests {
    private let budget = APIBudget(outbound: 80, inbound: 95)

    private func pause(_ work: APIBudget.Work, used: Int, of limit: Int = 1000, now: Int64 = 100) -> ErrorClass? {
        do {
            try budget.allow(work, by: APIUsage(used: used, limit: limit, at: at(100)), now: at(now))
            return nil
        } catch {
            return error.errorClass
        }
    }

    @Test("IN-9 outbound waits from its share on, inbound from a larger one; no reading stops nobody")
    func shares() throws {
        let end = ErrorClass.rateLimited(until: at(1000))
        #expect(pause(.outbound, used: 799) == nil && pause(.outbound, used: 800) == end)
        #expect(pause(.inbound, used: 949) == nil && pause(.inbound, used: 950) == end)
        #expect(pause(.outbound, used: 0, of: 0) == nil && pause(.outbound, used: 9, of: .max) == nil)
        try budget.allow(.outbound, by: nil, now: at(0))
    }

    @Test("IN-9 a reading of a quarter of an hour ago says nothing any more: the day is a rolling one")
    func staleReading() {
        #expect(pause(.inbound, used: 1000, now: 999) != nil && pause(.inbound, used: 1000, now: 1000) == nil)
    }

    @Test("IN-9 the forecast goes by the use of the last hour or two, and there is none where calls become free")
    func forecast() throws {
        var usage = APIUsage(used: 100, limit: 1000, at: at(0))
        #expect(budget.forecast(for: .outbound, usage) == nil)
        usage = usage.followed(by: 200, limit: 1000, at: at(3600))
        usage = usage.followed(by: 300, limit: 1000, at: at(7200))
        #expect(usage.start == APIUsage.Start(used: 100, at: at(0)))
        #expect(budget.forecast(for: .outbound, usage) == at(7200 + 5 * 3600))
        #expect(budget.forecast(for: .inbound, usage) == at(7200 + 23400))
        usage = usage.followed(by: 400, limit: 1000, at: at(7201))
        #expect(usage.start == APIUsage.Start(used: 300, at: at(7200)), "measured anew after two hours")
        #expect(budget.forecast(for: .outbound, usage) == nil, "a second says nothing")
        usage = usage.followed(by: 350, limit: 1000, at: at(7300))
        #expect(usage.start == APIUsage.Start(used: 350, at: at(7300)) && budget.forecast(for: .outbound, usage) == nil)
        let hourLater = usage.followed(by: 550, limit: 1000, at: at(7300 + 3600))
        #expect(budget.forecast(for: .outbound, hourLater) == at(7300 + 3600 + 4500), "calls that became free hide no use")
        #expect(budget.forecast(for: .outbound, usage.followed(by: 900, limit: 1000, at: at(9000))) == nil, "it waits already")
        let idle = APIUsage(used: 1, limit: .max, at: at(3600), start: APIUsage.Start(used: 0, at: at(0)))
        #expect(budget.forecast(for: .outbound, idle) == nil, "in some million years")
    }
}
