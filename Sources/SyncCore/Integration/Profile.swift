/// The tags, statuses and policies a pair of systems has come to expect.
public struct Profile: Sendable, Hashable {
    public let name: ProfileName
    /// A linked person is updated only when carrying one of these (IN-3); in lower case.
    public let gateTags: Set<String>
    /// The sync status of a CRM record whose own changes wait for outbound (IN-6).
    public let waitingStatus = "Waiting for next sync"
    /// The sync status after a successful sync (OUT-6).
    public let syncedStatus = "Synced successfully"
    /// The key under which marketing changes carry the email address (GEN-2).
    public let marketingEmailField = "email"
    /// The CRM's email field, the same on contacts and leads.
    public let crmEmailField = "Email"

    public init(name: ProfileName) {
        self.name = name
        switch name {
        case .activeCampaignSalesforce:
            gateTags = [
                "added-to-salesforce-contact", "created-from-salesforce-contact", "salesforce-lead-converted-to-contact",
                "added-to-salesforce-lead", "created-from-salesforce-lead",
            ]
        }
    }

    /// The tag a person gets when an automation asks for the CRM object (IN-4).
    public func createTag(for object: CRMObject) -> String? {
        switch (name, object) {
        case (.activeCampaignSalesforce, .contact): "added-to-salesforce-contact"
        case (.activeCampaignSalesforce, .lead): "added-to-salesforce-lead"
        case (_, .account), (_, .opportunity): nil
        }
    }

    /// The tag of a person whom a CRM record made known to marketing (OUT-4).
    public func createdFromTag(for object: CRMObject) -> String? {
        switch (name, object) {
        case (.activeCampaignSalesforce, .contact): "created-from-salesforce-contact"
        case (.activeCampaignSalesforce, .lead): "created-from-salesforce-lead"
        case (_, .account), (_, .opportunity): nil
        }
    }

    /// The tag that takes the place of the created-from tags when a lead was converted (OUT-4).
    public var convertedTag: String {
        switch name {
        case .activeCampaignSalesforce: "salesforce-lead-converted-to-contact"
        }
    }

    /// The label, in any case, of the campaigns and automations that users of the CRM are offered (ACT-3).
    public var actionLabel: String {
        switch name {
        case .activeCampaignSalesforce: "Salesforce"
        }
    }

    /// Whether one of `tags` opens the gate of IN-3.
    public func isOpen(to tags: [String]) -> Bool {
        tags.contains { gateTags.contains(Profile.normalized($0)) }
    }

    /// Tags are the same ignoring case and blanks at their ends, as ActiveCampaign compares them.
    public static func isSameTag(_ left: String, _ right: String) -> Bool {
        normalized(left) == normalized(right)
    }

    private static func normalized(_ tag: String) -> String { trimmed(tag).lowercased() }

    /// Whether a record with this sync status is the CRM's to decide for now (IN-6).
    public func isWaiting(_ syncStatus: String?) -> Bool {
        syncStatus.map { Profile.isSameTag($0, waitingStatus) } ?? false
    }

    /// Whether the sync status says that the record is in step (OUT-6).
    func isSynced(_ syncStatus: String?) -> Bool {
        syncStatus.map { Profile.isSameTag($0, syncedStatus) } ?? false
    }
}
