import Playground
import Sandbox
import SyncCore

/// What a record of a person holds, in a form in which both sides compare.
struct PersonState: Sendable, Hashable {
    /// Blanks are absent.
    var values: [PersonField: String] = [:]
    var tags: Set<String> = []
    /// The CRM record's own fields of Tandem.
    var externalID: String?
    var syncStatus: String?
    var isConverted = false

    var isWaiting: Bool { syncStatus == "Waiting for next sync" }

    subscript(field: PersonField) -> String { values[field] ?? "" }

    /// The contact that the external ID names.
    var contactID: String? {
        let prefix = "\(SimulatedWorld.integration):"
        guard let externalID, externalID.hasPrefix(prefix) else { return nil }
        return String(externalID.dropFirst(prefix.count))
    }

    init(
        values: [PersonField: String], tags: Set<String> = [], externalID: String? = nil, syncStatus: String? = nil,
        isConverted: Bool = false
    ) {
        self.values = values
        self.tags = tags
        self.externalID = externalID
        self.syncStatus = syncStatus
        self.isConverted = isConverted
    }

    init(_ person: ActiveCampaignSandbox.Person, customFields: [PersonField: String]) {
        for field in PersonField.allCases {
            let text =
                switch field {
                case .firstName: person.firstName
                case .lastName: person.lastName
                case .email: person.email
                case .phone: person.phone
                case .company: person.account
                case .income, .occupation: customFields[field].flatMap { person.fields[$0] } ?? ""
                }
            set(field, text)
        }
        tags = Set(person.tags)
    }

    init(_ row: [String: SandboxValue]) {
        for field in PersonField.allCases { set(field, row[field.crmName]?.looseText ?? "") }
        externalID = row["Tandem_Id__c"]?.text
        syncStatus = row[Playground.statusField]?.text
        isConverted = row["IsConverted"] == true
    }

    private mutating func set(_ field: PersonField, _ text: String) {
        let plain = Self.plain(text, field)
        if !plain.isEmpty { values[field] = plain }
    }

    /// A value as it compares: addresses ignore case, numbers how they are written.
    static func plain(_ text: String, _ field: PersonField) -> String {
        switch field {
        case .email: text.lowercased()
        case .income: Double(text).map { String($0) } ?? text
        case .firstName, .lastName, .phone, .company, .occupation: text
        }
    }
}

/// Both vendors' people as their own data have them.
struct Sides: Sendable {
    /// By the contact's id.
    var contacts: [String: PersonState]
    /// The contacts and leads that are not deleted, by id.
    var records: [CRMObject: [String: PersonState]]

    init(contacts: [String: PersonState], records: [CRMObject: [String: PersonState]]) {
        self.contacts = contacts
        self.records = records
    }

    init(of seat: WitnessSeat) async {
        contacts = await Self.contacts(of: seat)
        records = await Self.records(of: seat.salesforce)
    }

    static func contacts(of seat: WitnessSeat) async -> [String: PersonState] {
        await seat.marketing.people().mapValues { PersonState($0, customFields: seat.customFields) }
    }

    static func records(of org: SalesforceSandbox) async -> [CRMObject: [String: PersonState]] {
        var records: [CRMObject: [String: PersonState]] = [:]
        for (object, name) in [(CRMObject.contact, "Contact"), (.lead, "Lead")] {
            let rows = await org.records(name).compactMap { row in row["Id"]?.text.map { ($0, PersonState(row)) } }
            records[object] = Dictionary(rows, uniquingKeysWith: { $1 })
        }
        return records
    }
}
