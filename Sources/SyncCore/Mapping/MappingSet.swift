/// The field mappings of an integration, separately for contacts and leads (MAP-2).
public struct MappingSet: Sendable, Hashable, Codable {
    public var contact: [FieldMapping]
    public var lead: [FieldMapping]

    public init(contact: [FieldMapping], lead: [FieldMapping]) {
        self.contact = contact
        self.lead = lead
    }

    public subscript(object: CRMObject) -> [FieldMapping] {
        switch object {
        case .contact: contact
        case .lead: lead
        case .account, .opportunity: []
        }
    }

    /// What maps without set-up (MAP-1), marketing keys to Salesforce's API names.
    public static let defaults = MappingSet(
        contact: people,
        lead: people + [FieldMapping(marketing: "accountName", crm: "Company")]
    )

    private static let people = [
        FieldMapping(marketing: "firstName", crm: "FirstName"),
        FieldMapping(marketing: "lastName", crm: "LastName"),
        FieldMapping(marketing: "email", crm: "Email"),
        FieldMapping(marketing: "phone", crm: "Phone"),
    ]
}
