import Contracts
import Foundation
import SyncCore
import Testing

@testable import Runtime

@Suite("Outbound settings in files of integrations")
struct OutboundFileTests {
    private let fixture = ConfigurationFixture.secrets

    private func load(_ outbound: String) throws -> OutboundSettings {
        var fixture = fixture
        fixture.files["acme.yaml"] = ConfigurationFixture.integration + "\n  outbound: " + outbound + "\n"
        return try #require(try fixture.loader.integrations(at: ["acme.yaml"]).first).settings.outbound
    }

    private func problems(_ outbound: String) -> [String] {
        fixture.integrationProblems(ConfigurationFixture.integration + "\n  outbound: " + outbound + "\n")
    }

    @Test("without outbound settings nothing is selected and nothing is scheduled", arguments: ["{}", "", "{schedule: none}"])
    func defaults(outbound: String) throws {
        #expect(try load(outbound) == OutboundSettings())
    }

    @Test("every key is read")
    func everyKey() throws {
        let settings = try load(
            """

                schedule: {daily: "03:05", timeZone: Europe/Berlin}
                overlap: 20m
                contacts: new
                leads: marked
                accounts: {name: "field:9"}
                opportunities: true
                bounceLimit: 5
            """)
        #expect(
            settings
                == OutboundSettings(
                    schedule: .daily(hour: 3, minute: 5, timeZone: "Europe/Berlin"),
                    selection: [.contact: .newFromNowOn, .lead: .marked], overlap: .seconds(1200),
                    accounts: .nameOnly(marketingField: "field:9"), opportunities: true, bounceLimit: 5))
    }

    @Test("OUT-3 every interval the schedule allows, and no other")
    func intervals() throws {
        for hours in 1...24 {
            if Schedule.allowedHours.contains(hours) {
                #expect(try load("{schedule: {every: \(hours)h}}").schedule == .every(hours: hours))
            } else {
                #expect(
                    problems("{schedule: {every: \(hours)h}}") == [
                        "acme.yaml:11: spec.outbound.schedule.every: must be one of 1h, 2h, 3h, 4h, 6h, 8h, 12h, not \"\(hours)h\""
                    ])
            }
        }
        #expect(try load("{schedule: {every: 60m}}").schedule == .every(hours: 1))
    }

    @Test("OUT-1 criteria are a tree of rules with every operator")
    func criteria() throws {
        let rules = [
            "{field: A, is: Web}", "{field: A, isNot: Web}", "{field: A, lessThan: 1000}", "{field: A, lessOrEqual: 2026-01-31}",
            "{field: A, greaterThan: -1.5}", "{field: A, greaterOrEqual: 0}", "{field: A, contains: x}",
            "{field: A, notContains: x}", "{field: A, startsWith: x}", "{field: A, isBlank: true}",
            "{field: A, isNotBlank: true}", "{field: A, isAnyOf: [a, b]}", "{field: A, isNoneOf: [a]}",
            "{field: A, includes: a}", "{field: A, excludes: [a, \"b, c\"]}",
        ]
        let expected: [FieldRule] = [
            FieldRule(field: "A", .equals, ["Web"]), FieldRule(field: "A", .notEquals, ["Web"]),
            FieldRule(field: "A", .lessThan, ["1000"]), FieldRule(field: "A", .lessOrEqual, ["2026-01-31"]),
            FieldRule(field: "A", .greaterThan, ["-1.5"]), FieldRule(field: "A", .greaterOrEqual, ["0"]),
            FieldRule(field: "A", .contains, ["x"]), FieldRule(field: "A", .notContains, ["x"]),
            FieldRule(field: "A", .startsWith, ["x"]), FieldRule(field: "A", .isBlank), FieldRule(field: "A", .isNotBlank),
            FieldRule(field: "A", .isAnyOf, ["a", "b"]), FieldRule(field: "A", .isNoneOf, ["a"]),
            FieldRule(field: "A", .includes, ["a"]), FieldRule(field: "A", .excludes, ["a", "b, c"]),
        ]
        #expect(Set(expected.map(\.comparison)) == Set(FieldRule.Operator.allCases))
        let settings = try load("{leads: {any: [\(rules.joined(separator: ", ")), {all: [{field: B__c, is: 'true'}]}]}}")
        #expect(
            settings.selection[.lead]
                == .criteria(.any(expected.map(Criterion.rule) + [.all([.rule(FieldRule(field: "B__c", .equals, ["true"]))])])))
        #expect(
            try load("{contacts: {field: A, isBlank: true}}").selection[.contact]
                == .criteria(.rule(FieldRule(field: "A", .isBlank))))
    }

    @Test("MAP-4 accounts: off, by name, full by default or by mappings of their own")
    func accounts() throws {
        #expect(try load("{accounts: off}").accounts == .off)
        #expect(try load("{accounts: full}").accounts == .fullByDefault)
        #expect(
            try load(
                "{accounts: {full: [{marketing: name, crm: Name}, {marketing: 'field:3', crm: Website, direction: outbound}]}}"
            )
            .accounts
                == .full([
                    FieldMapping(marketing: "name", crm: "Name"),
                    FieldMapping(marketing: "field:3", crm: "Website", direction: .outbound),
                ]))
    }

    @Test(
        "each problem names file, line, key path and reason",
        arguments: [
            ("{shedule: none}", "shedule: unknown key; did you mean schedule?"),
            (
                "{schedule: hourly}",
                #"schedule: must be none, {every: 2h} or {daily: "03:00", timeZone: Europe/Berlin}, not "hourly""#
            ),
            ("{schedule: {every: 2h, daily: '03:00'}}", "schedule: needs either every or daily"),
            ("{schedule: {every: 2h, timeZone: UTC}}", "schedule.timeZone: has no use without daily"),
            ("{schedule: {daily: '03:00'}}", "schedule.timeZone: is missing"),
            (
                "{schedule: {daily: '24:00', timeZone: UTC}}",
                #"schedule.daily: must be a time of day from 00:00 to 23:59, not "24:00""#
            ),
            (
                "{schedule: {daily: 3am, timeZone: UTC}}",
                #"schedule.daily: must be a time of day from 00:00 to 23:59, not "3am""#
            ),
            (
                "{schedule: {daily: '+3:-1', timeZone: UTC}}",
                #"schedule.daily: must be a time of day from 00:00 to 23:59, not "+3:-1""#
            ),
            (
                "{schedule: {daily: '03:00', timeZone: Mars/Olympus}}",
                #"schedule.timeZone: there is no time zone "Mars/Olympus""#
            ),
            ("{overlap: 2d}", "overlap: must be from 0s to 1d, not 2d"),
            ("{contacts: all}", #"contacts: must be none, new, marked or criteria ({all: […]} or {any: […]}), not "all""#),
            ("{leads: {all: []}}", "leads.all: must not be empty"),
            ("{leads: {all: {field: A}}}", "leads.all: must be a list, not a mapping"),
            (
                "{leads: {all: [{field: A}]}}",
                "leads.all[0]: needs field and exactly one operator, as in {field: LeadSource, is: Web}"
            ),
            (
                "{leads: {any: [{field: A, is: b, isNot: c}]}}",
                "leads.any[0]: needs field and exactly one operator, as in {field: LeadSource, is: Web}"
            ),
            ("{leads: {is: b}}", "leads: needs all, any, or field with one operator"),
            ("{leads: {field: A, iss: b}}", "leads.iss: unknown key; did you mean is?"),
            ("{leads: {field: A-B, is: b}}", #"leads.field: must be a field's API name such as Rating__c, not "A-B""#),
            ("{leads: {field: A, isBlank: false}}", "leads.isBlank: must be true; the opposite has an operator of its own"),
            ("{leads: {field: A, isAnyOf: []}}", "leads.isAnyOf: must not be empty"),
            ("{leads: {field: A, is: [a]}}", "leads.is: must be a single value, not a list"),
            ("{accounts: some}", #"accounts: must be off, full, {name: <marketing field>} or {full: [mappings]}, not "some""#),
            ("{accounts: {}}", "accounts: needs either name or full"),
            ("{accounts: {full: [{marketing: name}]}}", "accounts.full[0].crm: is missing"),
            ("{opportunities: maybe}", #"opportunities: must be true or false, not "maybe""#),
            ("{bounceLimit: 0}", #"bounceLimit: must be a whole number from 1 to 100, not "0""#),
        ])
    func oneProblem(outbound: String, expected: String) {
        #expect(problems(outbound) == ["acme.yaml:11: spec.outbound.\(expected)"])
    }

    @Test("criteria nested without end are refused")
    func depth() {
        let deep = String(repeating: "{all: [", count: 30) + "{field: A, isBlank: true}" + String(repeating: "]}", count: 30)
        #expect(problems("{leads: \(deep)}").map { $0.hasSuffix("is nested more than 20 times") } == [true])
    }

    @Test("OUT-6 the field of the account status is read")
    func accountStatusField() throws {
        var fixture = fixture
        fixture.files["acme.yaml"] = ConfigurationFixture.integration.replacing(
            "  marketing:", with: "    accountStatusField: Relation__c\n  marketing:")
        let file = try #require(try fixture.loader.integrations(at: ["acme.yaml"]).first)
        #expect(file.settings.crm.accountStatusField == "Relation__c")
        #expect(file.settings.crm.budget == APIBudget(outbound: 80, inbound: 95))
    }

    @Test(
        "IN-9 the shares of the CRM's calls are read; what is none is named",
        arguments: [("50", nil), ("0", "0"), ("many", "many")])
    func budget(share: String, wrong: String?) throws {
        var fixture = fixture
        fixture.files["acme.yaml"] = ConfigurationFixture.integration.replacing(
            "  marketing:", with: "    budget: {outbound: \(share)}\n  marketing:")
        guard let wrong else {
            let file = try #require(try fixture.loader.integrations(at: ["acme.yaml"]).first)
            return #expect(file.settings.crm.budget == APIBudget(outbound: 50, inbound: 95))
        }
        let error = #expect(throws: ConfigurationError.self) { try fixture.loader.integrations(at: ["acme.yaml"]) }
        #expect(
            "\(error.map { "\($0)" } ?? "")".contains("budget.outbound: must be a whole number from 1 to 100, not \"\(wrong)\""))
    }
}
