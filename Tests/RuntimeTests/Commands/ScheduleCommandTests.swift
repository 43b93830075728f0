import ArgumentParser
import Contracts
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("OUT-3 'tandem schedule'")
struct ScheduleCommandTests {
    private let now = CommandFixture.now

    private func carryOut(_ arguments: [String], _ fixture: CommandFixture) async throws -> String {
        let command = try ScheduleCommand.parse(["acme"] + arguments)
        return try await ScheduleDesk(store: fixture.store, now: now).carryOut(try command.order(), for: command.name)
    }

    private func save(_ state: ScheduleState, _ fixture: CommandFixture) async throws {
        try await fixture.leased { try await fixture.store.saveSchedule(state, of: "acme", lease: $0, now: now) }
    }

    @Test(
        "what it is told to do",
        arguments: [
            ([], .show), (["--every", "6h"], .set(.every(hours: 6))), (["--remove"], .remove), (["--now"], .runNow),
            (
                ["--daily", "03:30", "--time-zone", "Europe/Berlin"],
                .set(.daily(hour: 3, minute: 30, timeZone: "Europe/Berlin"))
            ),
        ] as [([String], ScheduleCommand.Order)])
    func orders(arguments: [String], expected: ScheduleCommand.Order) throws {
        #expect(try ScheduleCommand.parse(["acme"] + arguments).order() == expected)
    }

    @Test(
        "what cannot be done is refused with the reason",
        arguments: [
            (["--every", "5h"], "--every must be one of 1h, 2h, 3h, 4h, 6h, 8h, 12h, not \"5h\""),
            (["--every", "2h", "--remove"], "say only one of --every, --daily, --remove and --now"),
            (["--daily", "03:00"], "--daily and --time-zone go together"),
            (["--time-zone", "UTC"], "--daily and --time-zone go together"),
            (["--daily", "3 am", "--time-zone", "UTC"], "--daily must be a time of day from 00:00 to 23:59, not \"3 am\""),
            (["--daily", "03:00", "--time-zone", "Mars/Olympus"], "there is no time zone \"Mars/Olympus\""),
        ])
    func refusals(arguments: [String], expected: String) {
        let error = #expect(throws: (any Error).self) { try ScheduleCommand.parse(["acme"] + arguments) }
        #expect(error.map { ScheduleCommand.message(for: $0) } == expected)
    }

    @Test("a schedule that is set is in the settings, due at once, and gone when it is removed")
    func settings() async throws {
        let fixture = try await CommandFixture()
        #expect(try await carryOut([], fixture) == "acme\n  schedule  none: changes in the CRM are not looked for")
        #expect(try await carryOut(["--every", "2h"], fixture) == "acme\n  schedule  every 2 hours\n  next run  due now")
        #expect(try await fixture.store.known("acme").settings.outbound.schedule == .every(hours: 2))
        #expect(try SettingsText(try await fixture.store.known("acme").settings).text.contains(#""every" : "2h""#))
        #expect(try await carryOut(["--remove"], fixture).contains("none"))
        #expect(try await fixture.store.known("acme").settings.outbound.schedule == nil)
    }

    @Test("the last and the next run are shown, and a run under way")
    func runs() async throws {
        let fixture = try await CommandFixture { $0.outbound.schedule = .every(hours: 2) }
        var state = ScheduleState(
            schedule: .every(hours: 2), nextAt: now.advanced(by: .seconds(60)), finishedAt: now, runs: 3, read: 70, published: 4)
        try await save(state, fixture)
        #expect(
            try await carryOut([], fixture)
                == """
                acme
                  schedule  every 2 hours
                  last run  finished \(now.iso8601), 70 records read, 4 to be delivered (3 in all)
                  next run  \(now.advanced(by: .seconds(60)).iso8601)
                """)
        state.startedAt = now
        try await save(state, fixture)
        #expect(
            try await carryOut([], fixture)
                .contains("\n  running   since \(now.iso8601), so far 70 records read, 4 to be delivered\n"))
        #expect(try await carryOut(["--every", "4h"], fixture) == "acme\n  schedule  every 4 hours\n  next run  due now")
    }

    @Test("--now makes the next run due at once, and needs a schedule")
    func runNow() async throws {
        let fixture = try await CommandFixture { $0.outbound.schedule = .every(hours: 2) }
        #expect(try await carryOut(["--now"], fixture).hasSuffix("next run  due now"), "the first run is before it")
        try await save(ScheduleState(schedule: .every(hours: 2), nextAt: now.advanced(by: .seconds(60))), fixture)
        #expect(try await carryOut(["--now"], fixture).hasSuffix("next run  due now"))
        #expect(try await fixture.store.scheduleState(of: "acme")?.nextAt == now)

        let without = try await CommandFixture()
        let failure = await #expect(throws: CommandFailure.self) { try await carryOut(["--now"], without) }
        #expect(failure?.description == "acme has no schedule: set one with --every or --daily")
    }

    @Test("nothing runs while the integration is paused, and that is said")
    func paused() async throws {
        let fixture = try await CommandFixture { $0.outbound.schedule = .every(hours: 2) }
        try await fixture.store.setState("acme", .paused, now: now)
        #expect(try await carryOut([], fixture).hasSuffix("next run  none while the integration is paused"))
    }
}
