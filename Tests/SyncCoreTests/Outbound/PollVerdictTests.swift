import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("What a poll publishes")
struct PollVerdictTests {
    private func verdict(
        _ record: CRMRecord, link: Link? = linked(base: ResolvePersonTests.agreed), mappings: MappingSet = .defaults,
        opportunities: Bool = false
    ) -> PollVerdict {
        let settings = OutboundSettings(selection: [.contact: .marked], opportunities: opportunities)
        return OutboundRules.pollVerdict(record, link: link, in: context(settings, mappings: mappings), since: nil)
    }

    @Test("GEN-5 Tandem's own write-back is an echo; what differs from the base is news")
    func linkedRecord() {
        #expect(verdict(person()) == .echo && verdict(person(["Phone": .text(" 1 ")])) == .echo)
        #expect(verdict(person(["Income__c": .number(5)])) == .echo, "not mapped")
        #expect(verdict(person(["Phone": .text("2")])) == .publish && verdict(person(["Email": .blank])) == .publish)
        #expect(verdict(person(status: profile.waitingStatus)) == .publish && verdict(person(externalID: nil)) == .publish)
        var link = linked(base: ResolvePersonTests.agreed)
        link.overruled = ["Phone"]
        #expect(verdict(person(), link: link) == .publish)
        #expect(verdict(person(), link: linked(base: ResolvePersonTests.agreed, state: .creating)) == .publish)
    }

    @Test("GEN-5 a frozen field is news only with a value it did not have lately")
    func frozen() {
        var link = linked(base: ResolvePersonTests.agreed)
        link.overruled = ["Phone"]
        link.trails["Phone"] = FieldTrail(lastWritten: .crm, repeats: 6, values: [.text("1"), .text("2")], isFrozen: true)
        #expect(verdict(person(["Phone": .text("2")]), link: link) == .echo)
        #expect(verdict(person(["Phone": .text("3")]), link: link) == .publish)
    }

    @Test("MAP-10 what would not be sent anyway is no news")
    func rules() {
        func verdict(_ mapping: FieldMapping) -> PollVerdict {
            self.verdict(person(["Phone": .text("2")]), mappings: MappingSet(contact: [mapping], lead: []))
        }
        #expect(verdict(FieldMapping(marketing: "phone", crm: "Phone", rule: .fillEmptyOnly)) == .echo)
        #expect(verdict(FieldMapping(marketing: "phone", crm: "Phone", scope: .createOnly)) == .echo)
        #expect(verdict(FieldMapping(marketing: "phone", crm: "Phone", transforms: [.split(separator: "x", index: 0)])) == .echo)
        #expect(verdict(FieldMapping(marketing: "phone", crm: "Phone", direction: .inbound)) == .echo)
    }

    @Test("OUT-1 OUT-8 of records without a link the selected, and those that name a person, are published")
    func unlinked() {
        #expect(verdict(person(status: nil, externalID: nil), link: nil) == .notSelected)
        #expect(verdict(person(status: profile.waitingStatus, externalID: nil), link: nil) == .publish)
        #expect(verdict(person(), link: nil) == .publish && verdict(person(externalID: "other:1"), link: nil) == .notSelected)
        var gone = person(status: profile.waitingStatus)
        gone.isDeleted = true
        #expect(verdict(gone, link: nil) == .unrelated && verdict(gone) == .publish)
        var converted = person()
        converted.isConverted = true
        #expect(verdict(converted, link: nil) == .unrelated && verdict(converted) == .publish)
        #expect(verdict(CRMRecord(object: .account, id: "1", values: [:]), link: nil) == .unrelated)
        let deal = CRMRecord(object: .opportunity, id: "1", values: [:])
        #expect(verdict(deal, link: nil) == .unrelated && verdict(deal, link: nil, opportunities: true) == .publish)
    }

    @Test("OUT-1 a poll reads what is mapped, what is asked for, and the email")
    func fieldsToRead() {
        var settings = IntegrationSettings(
            name: "acme", profile: .activeCampaignSalesforce,
            crm: CRMSettings(loginURL: "https://acme.my.salesforce.com", flow: .clientCredentials, clientID: "client"),
            marketing: MarketingSettings(url: "https://acme.api-us1.com"),
            mappings: MappingSet(
                contact: [
                    FieldMapping(marketing: "phone", crm: "Phone"),
                    FieldMapping(marketing: "field:7", crm: "A", direction: .inbound),
                ], lead: []))
        settings.outbound.selection = [
            .lead: .criteria(.all([.rule(FieldRule(field: "Status", .isBlank)), .rule(FieldRule(field: "Email", .isNotBlank))]))
        ]
        settings.outbound.accounts = .nameOnly(marketingField: "accountName")
        #expect(OutboundRules.fieldsToRead(.contact, settings: settings) == ["Account.Name", "Email", "Phone"])
        #expect(OutboundRules.fieldsToRead(.lead, settings: settings) == ["Email", "Status"])
        #expect(OutboundRules.fieldsToRead(.account, settings: settings) == [])
        #expect(OutboundRules.fieldsToRead(.opportunity, settings: settings) == ["Amount", "CloseDate", "Name", "StageName"])
    }
}
