/// An emulated object: its key prefix and its fields, standard ones with the types and lengths of a real org.
public struct SalesforceObject: Sendable, Hashable {
    public var name: String
    public var prefix: String
    public var fields: [SalesforceField]

    public init(name: String, prefix: String, fields: [SalesforceField]) {
        self.name = name
        self.prefix = prefix
        self.fields = Self.systemFields + fields
    }

    /// The same object with custom fields added.
    public func adding(_ custom: [SalesforceField]) -> SalesforceObject {
        var object = self
        object.fields += custom
        return object
    }

    private static let systemFields: [SalesforceField] = {
        var id = SalesforceField("Id", label: "Record ID", .id)
        id.length = 18
        id.isLookupKey = true
        return [
            id.readOnly,
            SalesforceField("IsDeleted", label: "Deleted", .boolean).readOnly,
            .plain("CreatedDate", .datetime).readOnly, .reference("CreatedById", to: "User").readOnly,
            .plain("LastModifiedDate", .datetime).readOnly, .reference("LastModifiedById", to: "User").readOnly,
            .plain("SystemModstamp", .datetime).readOnly,
        ]
    }()

    private static let personFields: [SalesforceField] = {
        var last = SalesforceField.text("LastName", 80, required: true)
        var first = SalesforceField.text("FirstName", 40)
        var name = SalesforceField.text("Name", 121)
        name.label = "Full Name"
        last.compound = "Name"
        first.compound = "Name"
        return [
            last, first, .picklist("Salutation", ["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."]), name.readOnly,
            .text("Email", .email, 80), .text("Phone", .phone, 40), .text("MobilePhone", .phone, 40), .text("Fax", .phone, 40),
            .text("Title", 128),
            .picklist("LeadSource", ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]),
            .text("Description", .textarea, 32000), .plain("HasOptedOutOfEmail", .boolean), .plain("DoNotCall", .boolean),
            .plain("HasOptedOutOfFax", .boolean), .text("EmailBouncedReason", 255), .plain("EmailBouncedDate", .datetime),
            .plain("LastActivityDate", .date).readOnly, .reference("IndividualId", to: "Individual"),
        ]
    }()

    static func addressFields(_ prefix: String, compound: String) -> [SalesforceField] {
        var parts: [SalesforceField] = [
            .text(prefix + "Street", .textarea, 255), .text(prefix + "City", 40), .text(prefix + "State", 80),
            .text(prefix + "PostalCode", 20), .text(prefix + "Country", 80),
        ]
        for index in parts.indices { parts[index].compound = compound }
        var address = SalesforceField(compound, .address).readOnly
        address.isFilterable = false
        return parts + [address]
    }

    /// Whose the record is: the integration user's unless somebody else is named.
    static func owner(_ kinds: String...) -> SalesforceField {
        var owner = SalesforceField("OwnerId", .reference)
        owner.length = 18
        owner.referenceTo = kinds
        owner.isNillable = false
        owner.defaultValue = .string(SalesforceUser.integration)
        return owner
    }

    static let industries = ["Banking", "Education", "Energy", "Retail", "Technology"]

    /// Contact with its standard fields.
    public static let contact: SalesforceObject = {
        SalesforceObject(
            name: "Contact", prefix: "003",
            fields: personFields + addressFields("Mailing", compound: "MailingAddress")
                + addressFields("Other", compound: "OtherAddress") + [
                    .reference("MasterRecordId", to: "Contact").readOnly, .reference("AccountId", to: "Account"),
                    owner("User"),
                    .reference("ReportsToId", to: "Contact"), .text("HomePhone", .phone, 40), .text("OtherPhone", .phone, 40),
                    .text("AssistantPhone", .phone, 40), .text("AssistantName", 40), .text("Department", 80),
                    .plain("Birthdate", .date), SalesforceField("IsEmailBounced", .boolean).readOnly,
                ]
        )
    }()

    /// Lead with its standard fields.
    public static let lead: SalesforceObject = {
        var converted = SalesforceField("IsConverted", label: "Converted", .boolean)
        converted.isUpdatable = false
        return SalesforceObject(
            name: "Lead", prefix: "00Q",
            fields: personFields + addressFields("", compound: "Address") + [
                .reference("MasterRecordId", to: "Lead").readOnly, .text("Company", 255, required: true),
                .picklist(
                    "Status", ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"],
                    default: "Open - Not Contacted"),
                .text("Website", .url, 255), .picklist("Industry", industries),
                .picklist("Rating", ["Hot", "Warm", "Cold"]), .number("AnnualRevenue", .currency, precision: 18, scale: 0),
                .number("NumberOfEmployees", .int, precision: 8, scale: 0), owner("Group", "User"), converted,
                .plain("ConvertedDate", .date).readOnly, .reference("ConvertedAccountId", to: "Account").readOnly,
                .reference("ConvertedContactId", to: "Contact").readOnly,
                .reference("ConvertedOpportunityId", to: "Opportunity").readOnly, .plain("IsUnreadByOwner", .boolean),
            ]
        )
    }()
}

/// The two users of the emulated org.
public enum SalesforceUser {
    /// Whom the tokens act for.
    public static let integration = SalesforceID.make(prefix: "005", number: 1)
    /// A person who edits records.
    public static let person = SalesforceID.make(prefix: "005", number: 2)
}
