import Sandbox
import Store
import SyncCore
import Testing

@testable import Runtime

@Suite("MAP-2, MAP-4, OUT-1 Outbound settings against the vendors' fields")
struct SettingsCheckTests {
    private func check(
        _ vendors: EmulatedVendors = EmulatedVendors(), _ change: (inout IntegrationSettings) -> Void
    ) async throws -> IntegrationCheck {
        let fixture = try await CommandFixture(change)
        return await IntegrationCheck(of: try await fixture.store.known("acme"), through: vendors.connections(fixture.store))
    }

    @Test("everything that fits connects without a word")
    func sound() async throws {
        let check = try await check {
            $0.outbound = OutboundSettings(
                schedule: .daily(hour: 3, minute: 0, timeZone: "Europe/Berlin"),
                selection: [
                    .contact: .newFromNowOn,
                    .lead: .criteria(.all([.rule(FieldRule(field: "AnnualRevenue", .greaterThan, ["1000"]))])),
                ], accounts: .fullByDefault, opportunities: true)
        }
        #expect(check == IntegrationCheck(name: "acme"))
    }

    @Test(
        "a rule that no record can answer is named with its place",
        arguments: [
            (FieldRule(field: "Nowhere__c", .equals, ["a"]), "Nowhere__c: the CRM has no such field"),
            (FieldRule(field: "AnnualRevenue", .greaterThan, ["lots"]), "AnnualRevenue greater-than \"lots\": "),
            (FieldRule(field: "Tandem_Sync_Status__c", .equals, ["Odd"]), "Tandem_Sync_Status__c equals \"Odd\": "),
            (FieldRule(field: "Company", .lessThan, ["a"]), "Company less-than \"a\": "),
        ])
    func criteria(rule: FieldRule, expected: String) async throws {
        let check = try await check { $0.outbound.selection = [.lead: .criteria(.any([.rule(rule)]))] }
        #expect(check.isFailed)
        #expect(check.settingProblems.map(\.setting) == ["outbound.leads"])
        #expect(check.settingProblems.first?.reason.hasPrefix(expected) == true, "\(check.settingProblems)")
        #expect(check.lines.last?.hasPrefix("acme: error: outbound.leads: \(expected)") == true)
    }

    @Test("rules are checked also where no field of the object is mapped")
    func unmappedObject() async throws {
        let check = try await check {
            $0.mappings.lead = []
            $0.outbound.selection = [.lead: .criteria(.rule(FieldRule(field: "Nowhere__c", .isBlank)))]
        }
        #expect(check.settingProblems.count == 1)
    }

    @Test("a schedule that cannot run is refused")
    func schedule() async throws {
        let check = try await check { $0.outbound.schedule = .every(hours: 5) }
        #expect(check.settingProblems.map(\.setting) == ["outbound.schedule"])
    }

    @Test("MAP-4 the one marketing field of an account's name has to exist")
    func accountName() async throws {
        let unknown = try await check { $0.outbound.accounts = .nameOnly(marketingField: "field:999") }
        #expect(unknown.problems.isEmpty)
        #expect(unknown.settingProblems.map(\.setting) == ["outbound.accounts"])
        #expect(unknown.settingProblems.first?.reason.hasPrefix("field:999: ") == true)

        let vendors = EmulatedVendors()
        let field = await vendors.account.addField("Employer")
        #expect(try await !check(vendors) { $0.outbound.accounts = .nameOnly(marketingField: "field:\(field)") }.isFailed)
    }

    @Test("MAP-4 account mappings are checked against both sides' accounts")
    func accountMappings() async throws {
        let check = try await check {
            $0.outbound.accounts = .full([
                FieldMapping(marketing: "name", crm: "Name"), FieldMapping(marketing: "field:999", crm: "Nowhere__c"),
            ])
        }
        #expect(check.problems.allSatisfy { $0.object == .account && $0.index == 1 })
        #expect(Set(check.problems.map(\.kind)) == [.unknownCRMField, .unknownMarketingField])
        #expect(check.isFailed)
    }

    @Test("an object that is not to be seen is a problem of the setting that wants it, not of the connection")
    func invisible() async throws {
        let vendors = EmulatedVendors(
            { $0.objects.removeAll { $0.name == "Opportunity" || $0.name == "Account" } }, { $0.hasAccounts = false })
        let check = try await check(vendors) {
            $0.outbound.accounts = .fullByDefault
            $0.outbound.opportunities = true
        }
        #expect(check.crm == .connected && check.marketing == .connected)
        #expect(check.settingProblems.map(\.setting) == ["outbound.accounts", "outbound.opportunities", "outbound.accounts"])
        #expect(check.isFailed)
    }

    @Test("ACT-2 the object of the activities' copies has to be there with its fields")
    func mirror() async throws {
        #expect(try await !check { $0.activities.mirrorObject = "Marketing_Activity__c" }.isFailed)
        let absent = try await check { $0.activities.mirrorObject = "Elsewhere__c" }
        #expect(absent.crm == .connected && absent.settingProblems.map(\.setting) == ["activities.mirror"])
        let incomplete = try await check(EmulatedVendors({ $0.objects.append(Self.bareActivity) })) {
            $0.activities.mirrorObject = "Bare__c"
        }
        #expect(
            incomplete.lines.last == "acme: error: activities.mirror: Bare__c of the CRM has no Occurred_At__c, Subject__c, "
                + "Details__c, Contact__c, Lead__c")
    }

    private static let bareActivity = SalesforceObject(
        name: "Bare__c", prefix: "a01", fields: [.externalID("Tandem_Id__c", 255), .text("Kind__c", 40)])

    @Test("OUT-6 the sync status field has to take both statuses, and the account status field has to exist")
    func statusFields() async throws {
        let vendors = EmulatedVendors()
        await vendors.org.define(.picklist("Narrow__c", ["Synced successfully"], restricted: true), on: "Contact")
        await vendors.org.define(.picklist("Narrow__c", ["Synced successfully"], restricted: false), on: "Lead")
        let narrow = try await check(vendors) { $0.crm.syncStatusField = "Narrow__c" }
        #expect(
            narrow.lines.last
                == "acme: error: crm.syncStatusField: Narrow__c of the CRM's contact has no value \"Waiting for next sync\"")
        #expect(narrow.settingProblems.count == 1)

        await vendors.org.define(.text("Short__c", 10), on: "Contact")
        await vendors.org.define(.text("Short__c", 80).readOnly, on: "Lead")
        let short = try await check(vendors) { $0.crm.syncStatusField = "Short__c" }
        #expect(short.settingProblems.count == 2)
        #expect(short.settingProblems.first?.reason.hasSuffix("is too short for \"Waiting for next sync\"") == true)
        #expect(short.settingProblems.last?.reason.hasSuffix("may not be written by the integration's user") == true)

        let absent = try await check { $0.crm.accountStatusField = "Absent__c" }
        #expect(
            absent.missingFields
                == [.init(object: .contact, setting: "accountStatusField", field: "Absent__c")])
    }

    @Test("MAP-10 transforms that cannot be reversed: a warning for both ways, an error for outbound")
    func notReversible() async throws {
        let vendors = EmulatedVendors()
        let field = await vendors.account.addField("City")
        for (direction, isFailed) in [(MappingDirection.both, false), (.outbound, true)] {
            let check = try await check(vendors) {
                $0.mappings.lead.append(
                    FieldMapping(
                        marketing: "field:\(field)", crm: "City", direction: direction,
                        transforms: [.split(separator: ",", index: 0)]))
            }
            #expect(check.problems.map(\.kind) == [.notReversible])
            #expect(check.isFailed == isFailed)
        }
    }
}
