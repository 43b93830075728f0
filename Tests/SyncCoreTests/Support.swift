import Contracts
import Foundation

@testable import SyncCore

/// One person of one integration, as the tests send it around.
let ann = RecordKey(integration: "acme", object: "contact", recordID: "10")
let profile = Profile(name: .activeCampaignSalesforce)
let gateTag = "added-to-salesforce-contact"

func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }

/// Exactly this number; a literal would take the way over binary.
func decimal(_ text: String) -> Decimal { Decimal(string: text) ?? .nan }

func stamp(_ seconds: Int64, _ sequence: Int64 = 0) -> Stamp { Stamp(at: at(seconds), sequence: sequence) }

/// A record change at `seconds`, folded as the only one.
func change(
    at seconds: Int64, _ fields: [String: JSONValue] = [:], tags: [String]? = nil, sequence: Int64 = 0, isDated: Bool = true
) -> PendingChange {
    PendingChange(
        RecordChange(key: ann, occurredAt: at(seconds), isDated: isDated, fields: fields, tags: tags), sequence: sequence)
}

func deletion(at seconds: Int64, sequence: Int64 = 0) -> PendingChange {
    PendingChange(RecordChange(key: ann, kind: .deleted, occurredAt: at(seconds)), sequence: sequence)
}

func action(
    _ action: AutomationAction.Action, at seconds: Int64, _ fields: [String: JSONValue] = [:], sequence: Int64 = 0
) -> PendingChange {
    PendingChange(AutomationAction(key: ann, action: action, occurredAt: at(seconds), fields: fields), sequence: sequence)
}

/// A live link of Ann's, with a gate tag.
func linked(
    _ object: CRMObject = .contact, crmID: String = "003A", base: [String: FieldValue] = ["Email": .text("ann@acme.test")],
    seen: [String: Stamp] = [:], tags: [String]? = [gateTag], state: Link.State = .linked
) -> Link {
    var link = Link(creating: object, for: ann)
    link.state = state
    link.crmID = crmID
    link.base = base
    link.seen = seen
    link.tags = tags.map { Stamped($0, stamp(0)) }
    return link
}

let marketingFields = FieldIndex(
    ObjectSchema(
        name: "contact",
        fields: [
            FieldSchema(name: "email", type: .email(maxLength: nil)),
            FieldSchema(name: "firstName", type: .text(maxLength: nil)),
            FieldSchema(name: "lastName", type: .text(maxLength: nil)),
            FieldSchema(name: "phone", type: .phone(maxLength: nil)),
            FieldSchema(name: "accountName", type: .text(maxLength: nil)),
            FieldSchema(name: "field:7", aliases: ["perstag:INCOME"], type: .text(maxLength: nil)),
            FieldSchema(name: "field:8", aliases: ["perstag:NEWS"], type: .text(maxLength: nil)),
            FieldSchema(name: "field:9", aliases: ["perstag:COLOURS"], type: .multiPicklist(options: [], restricted: false)),
        ]))

let contactFields = FieldIndex(
    ObjectSchema(
        name: "Contact",
        fields: [
            FieldSchema(name: "LastName", type: .text(maxLength: 80), isRequired: true),
            FieldSchema(name: "FirstName", type: .text(maxLength: 40)),
            FieldSchema(name: "Email", type: .email(maxLength: 80)),
            FieldSchema(name: "Phone", type: .phone(maxLength: 40)),
            FieldSchema(name: "Income__c", type: .currency(precision: 18, scale: 2)),
            FieldSchema(name: "News__c", type: .boolean),
            FieldSchema(name: "Name", type: .text(maxLength: 121), isCreatable: false, isUpdatable: false),
        ]))

let leadFields = FieldIndex(
    ObjectSchema(
        name: "Lead",
        fields: contactFields.schema.fields + [FieldSchema(name: "Company", type: .text(maxLength: 255), isRequired: true)]))

/// What outbound decides by, with the tests' fields on both sides.
func context(
    _ outbound: OutboundSettings = OutboundSettings(), mappings: MappingSet = .defaults, accounts: FieldIndex? = nil,
    crm: [CRMObject: FieldIndex] = [.contact: contactFields, .lead: leadFields]
) -> OutboundContext {
    let settings = IntegrationSettings(
        name: ann.integration, profile: .activeCampaignSalesforce,
        crm: CRMSettings(loginURL: "https://acme.my.salesforce.com", flow: .clientCredentials, clientID: "client"),
        marketing: MarketingSettings(url: "https://acme.api-us1.com"), outbound: outbound, mappings: mappings)
    return OutboundContext(settings: settings, crm: crm, contacts: marketingFields, accounts: accounts)
}

/// Ann's contact as the CRM has it, in step unless said otherwise.
func person(
    _ changes: [String: FieldValue] = [:], status: String? = profile.syncedStatus, externalID: String? = "acme:10"
) -> CRMRecord {
    let values = ResolvePersonTests.agreed.merging(changes) { $1 }
    return CRMRecord(
        object: .contact, id: "003A", values: values, externalID: externalID, syncStatus: status, modifiedAt: at(300))
}
