import Connectors
import Contracts
import Sandbox
import SyncCore

/// GEN-3: every field that is written is mapped, or is one of the documented ones of Tandem's own.
struct FieldsWitness: TrafficWitness {
    static let tags: Set = [
        "added-to-salesforce-contact", "created-from-salesforce-contact", "salesforce-lead-converted-to-contact",
        "added-to-salesforce-lead", "created-from-salesforce-lead",
    ]

    private static let ownCRMFields: Set = [CRMRow.externalID, CRMRow.status, "Tandem_Account_Status__c"]
    /// A turn, or an import in pieces, may still go by the settings it began with.
    private static let notice = Duration.seconds(600)

    let seat: WitnessSeat

    // MARK: To the CRM

    func sees(_ call: CRMCall, from process: String) async {
        let mapped = mappedFields
        for row in call.rows {
            let allowed = Set(row.object == "Contact" || row.object == "Lead" ? mapped.map(\.crmName) : accountFields)
                .union(Self.ownCRMFields)
            for field in row.values.keys.sorted() where !allowed.contains(field) {
                fail("\(process) writes \(field) of \(row.object) \(row.id ?? "(new)")")
            }
        }
    }

    private var accountFields: [String] { seat.setting.accounts == .off ? [] : ["Name", "Website"] }

    // MARK: To marketing

    func sees(_ call: MarketingCall, from process: String) async {
        guard call.isWrite else { return }
        let mapped = mappedFields
        for contact in call.contacts {
            for key in contact.values.keys.sorted() where key != "email" {
                guard let field = seat.field(ofKey: key), mapped.contains(field) else {
                    fail("\(process) writes \(key) of contact \(contact.id ?? "(by email)")")
                    return
                }
            }
            for tag in contact.tags where !Self.tags.contains(tag) { fail("\(process) gives a contact the tag \(tag)") }
        }
        if call.contacts.isEmpty, !isOwnThing(call) {
            fail("\(process) sends \(call.method) \(call.path.joined(separator: "/"))")
        }
    }

    /// Tags, and what accounts and opportunities need where they are on.
    private func isOwnThing(_ call: MarketingCall) -> Bool {
        switch (call.method, call.path.first) {
        case ("POST", "tags"): call.body["tag"]?["tag"]?.text.map(Self.tags.contains) ?? false
        case ("POST", "contactTags"), ("DELETE", "contactTags"): true
        // A lead's company is the name of the person's account.
        case ("POST", "accounts"), ("POST", "accountContacts"), ("DELETE", "accountContacts"): true
        case ("PUT", "accounts"): seat.setting.accounts != .off
        case ("POST", "customObjects"): seat.setting.opportunities
        default: false
        }
    }

    // MARK: What is mapped

    private var mappedFields: Set<PersonField> {
        let variants = seat.variants(since: seat.clock.now().advanced(by: .zero - Self.notice))
        return Set(variants.flatMap { $0.fields(of: .contact) + $0.fields(of: .lead) })
    }

    private func fail(_ what: String) { seat.referee.fail(.onlyMappedFields, what) }
}

extension WitnessSeat {
    /// The mappings in force at any moment since then.
    func variants(since moment: Timestamp) -> Set<MappingVariant> {
        let mappings = diary.mappings
        let before = mappings.last { $0.moment <= moment }?.variant ?? .standard
        return Set([before] + mappings.filter { $0.moment > moment }.map(\.variant))
    }

    /// The rules for conflicts of that field since then.
    func rules(for field: PersonField, since moment: Timestamp) -> Set<ConflictRule> {
        Set(
            variants(since: moment).flatMap { variant in
                variant.mappings.contact.filter { $0.crm == field.crmName }.map(\.rule)
            })
    }
}
