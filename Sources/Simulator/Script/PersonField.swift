import SyncCore

/// The fields of a person that a mapping can name.
enum PersonField: String, Sendable, Hashable, Codable, CaseIterable {
    case firstName, lastName, email, phone
    /// Leads only; in marketing the name of the account.
    case company
    /// A number in the CRM and text in marketing.
    case income
    case occupation

    /// What mappings call it in marketing.
    var marketingKey: String {
        switch self {
        case .firstName: "firstName"
        case .lastName: "lastName"
        case .email: "email"
        case .phone: "phone"
        case .company: "accountName"
        case .income: "perstag:ANNUAL_INCOME"
        case .occupation: "perstag:OCCUPATION"
        }
    }

    /// The name of its custom field in the marketing account.
    var customTitle: String? {
        switch self {
        case .income: "Annual Income"
        case .occupation: "Occupation"
        case .firstName, .lastName, .email, .phone, .company: nil
        }
    }

    /// Its API name in the CRM.
    var crmName: String {
        switch self {
        case .firstName: "FirstName"
        case .lastName: "LastName"
        case .email: "Email"
        case .phone: "Phone"
        case .company: "Company"
        case .income: "AnnualIncome__c"
        case .occupation: "Occupation__c"
        }
    }
}

/// The mappings that a manager switches between.
enum MappingVariant: String, Sendable, Hashable, Codable, CaseIterable {
    /// First and last name, email and phone, and a lead's company.
    case standard
    /// Also income and occupation.
    case extended
    /// `extended`, where marketing wins the phone, and an occupation is never overwritten in the CRM.
    case ruled

    /// What is mapped for an object, in the order of the mappings.
    func fields(of object: CRMObject) -> [PersonField] {
        let people: [PersonField] = [.firstName, .lastName, .email, .phone] + (object == .lead ? [.company] : [])
        return self == .standard ? people : people + [.income, .occupation]
    }

    var mappings: MappingSet { MappingSet(contact: mappings(of: .contact), lead: mappings(of: .lead)) }

    private func mappings(of object: CRMObject) -> [FieldMapping] {
        fields(of: object).map { field in
            FieldMapping(marketing: field.marketingKey, crm: field.crmName, rule: rule(of: field))
        }
    }

    private func rule(of field: PersonField) -> ConflictRule {
        switch (self, field) {
        case (.ruled, .phone): .marketingWins
        case (.ruled, .occupation): .fillEmptyOnly
        default: .crmWins
        }
    }
}
