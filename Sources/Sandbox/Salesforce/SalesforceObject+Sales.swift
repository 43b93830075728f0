/// The objects of selling: accounts, opportunities and the contacts who play a role in them.
extension SalesforceObject {
    /// Account with its standard fields. Deleting one leaves its contacts and opportunities alone, unlike the real platform.
    public static let account: SalesforceObject = {
        SalesforceObject(
            name: "Account", prefix: "001",
            fields: [
                .text("Name", 255, required: true), .reference("MasterRecordId", to: "Account").readOnly,
                .reference("ParentId", to: "Account"), .picklist("Type", ["Prospect", "Customer", "Partner", "Other"]),
                .picklist("Industry", industries), .picklist("Rating", ["Hot", "Warm", "Cold"]),
                .picklist("AccountSource", ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]),
                .text("Phone", .phone, 40), .text("Fax", .phone, 40), .text("Website", .url, 255), .text("AccountNumber", 40),
                .text("Site", 80), .number("AnnualRevenue", .currency, precision: 18, scale: 0),
                .number("NumberOfEmployees", .int, precision: 8, scale: 0), .text("Description", .textarea, 32000),
                owner("User"),
            ] + addressFields("Billing", compound: "BillingAddress") + addressFields("Shipping", compound: "ShippingAddress"))
    }()

    /// Opportunity with its standard fields.
    public static let opportunity: SalesforceObject = {
        var contact = SalesforceField.reference("ContactId", to: "Contact")
        contact.isUpdatable = false
        // Queries know no parent `Contact` of an opportunity.
        contact.isTraversable = false
        var stage = SalesforceField.picklist("StageName", SalesforceStage.all.map(\.name))
        stage.isNillable = false
        var close = SalesforceField("CloseDate", .date)
        close.isNillable = false
        return SalesforceObject(
            name: "Opportunity", prefix: "006",
            fields: [
                .text("Name", 120, required: true), .reference("AccountId", to: "Account"), contact, stage, close,
                .number("Amount", .currency, precision: 18, scale: 2),
                .number("Probability", .percent, precision: 3, scale: 0), SalesforceField("IsClosed", .boolean).readOnly,
                SalesforceField("IsWon", .boolean).readOnly, .picklist("Type", ["New Customer", "Existing Customer"]),
                .text("NextStep", 255),
                .picklist("LeadSource", ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]),
                .text("Description", .textarea, 32000), .reference("CampaignId", to: "Campaign"), owner("User"),
            ])
    }()

    /// The part a contact plays in an opportunity.
    public static let opportunityContactRole: SalesforceObject = {
        var opportunity = SalesforceField.reference("OpportunityId", to: "Opportunity")
        opportunity.isNillable = false
        opportunity.isUpdatable = false
        var contact = SalesforceField.reference("ContactId", to: "Contact")
        contact.isNillable = false
        return SalesforceObject(
            name: "OpportunityContactRole", prefix: "00K",
            fields: [
                opportunity, contact,
                .picklist("Role", ["Decision Maker", "Economic Buyer", "Evaluator", "Influencer", "Other"]),
                .plain("IsPrimary", .boolean),
            ])
    }()
}

/// A stage of the sales process and what it means.
struct SalesforceStage: Sendable {
    var name: String
    /// In percent.
    var probability: Int64
    var isClosed = false
    var isWon = false

    static let all = [
        SalesforceStage(name: "Prospecting", probability: 10), SalesforceStage(name: "Qualification", probability: 10),
        SalesforceStage(name: "Needs Analysis", probability: 20), SalesforceStage(name: "Value Proposition", probability: 50),
        SalesforceStage(name: "Proposal/Price Quote", probability: 75),
        SalesforceStage(name: "Negotiation/Review", probability: 90),
        SalesforceStage(name: "Closed Won", probability: 100, isClosed: true, isWon: true),
        SalesforceStage(name: "Closed Lost", probability: 0, isClosed: true),
    ]

    /// Fills the fields of an opportunity that follow from a stage just given.
    static func apply(to row: inout SalesforceRow, given: [String: SandboxValue]) {
        guard let name = given["StageName"]?.text else { return }
        let stage = all.first { $0.name == name } ?? SalesforceStage(name: name, probability: 0)
        row.values["IsClosed"] = .bool(stage.isClosed)
        row.values["IsWon"] = .bool(stage.isWon)
        if given["Probability"] == nil { row.values["Probability"] = .integer(stage.probability) }
    }
}

/// What saving an opportunity or a contact role changes elsewhere.
extension SalesforceOrg {
    mutating func relate(_ row: SalesforceRow, isNew: Bool, by writer: Writer) {
        if row.id.hasPrefix(SalesforceObject.opportunity.prefix), isNew, let contact = row["ContactId"].text {
            let role: [String: SandboxValue] = [
                "OpportunityId": .string(row.id), "ContactId": .string(contact), "IsPrimary": true,
            ]
            _ = insert(role, into: SalesforceObject.opportunityContactRole.name, by: writer)
        } else if row.id.hasPrefix(SalesforceObject.opportunityContactRole.prefix), row["IsPrimary"] == true {
            makePrimary(row, by: writer)
        }
    }

    /// An opportunity has one primary contact: the others give way.
    private mutating func makePrimary(_ role: SalesforceRow, by writer: Writer) {
        guard let id = role["OpportunityId"].text, var opportunity = tables["opportunity"]?.rows[id] else { return }
        if opportunity["ContactId"] != role["ContactId"] {
            opportunity.values["ContactId"] = role["ContactId"]
            opportunity.values["SystemModstamp"] = writer.stamp
            tables["opportunity"]?.replace(opportunity)
        }
        for var other in tables["opportunitycontactrole"]?.rows.values.map({ $0 }) ?? []
        where other.id != role.id && other["OpportunityId"] == role["OpportunityId"] && other["IsPrimary"] == true {
            other.values["IsPrimary"] = false
            other.touch(by: writer)
            tables["opportunitycontactrole"]?.replace(other)
        }
    }
}
