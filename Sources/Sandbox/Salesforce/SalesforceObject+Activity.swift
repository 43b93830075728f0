/// The object a customer adds to see activities of marketing at contacts and leads.
extension SalesforceObject {
    public static let marketingActivity: SalesforceObject = {
        var key = SalesforceField.externalID("Tandem_Id__c", 255)
        key.isCaseSensitive = true
        return SalesforceObject(
            name: "Marketing_Activity__c", prefix: "a00",
            fields: [
                key, .text("Kind__c", 40), .plain("Occurred_At__c", .datetime), .text("Subject__c", 255),
                .text("Details__c", .textarea, 32768), .reference("Contact__c", to: "Contact"), .reference("Lead__c", to: "Lead"),
            ])
    }()
}
