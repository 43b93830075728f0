public import SyncCore

/// A campaign or an automation that users of the CRM may choose.
public struct ActionOffer: Sendable, Hashable {
    public var id: String
    public var name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// What users of the CRM may have a marketing platform do with people (ACT-3), as a port.
public protocol MarketingActions: Sendable {
    /// The campaigns, or the automations, that have this label in any case, by name.
    ///
    /// Throws `label-filter-ignored` (permanent) when the platform does not tell by label: then nothing is offered.
    func offers(_ kind: ActionKind, labelled label: String) async throws(SyncError) -> [ActionOffer]

    /// Sends a campaign to one person now, once more if it was sent before.
    ///
    /// Throws `.inDoubt` when the answer was lost: nothing tells afterwards whether it was sent.
    func sendCampaign(_ id: String, toContact contact: String) async throws(SyncError)

    /// Lets a person enter an automation at its top.
    ///
    /// Throws `automation-refused` (permanent) when the platform does not let the person in: the automation may be at rest, or
    /// the person may be in it already. Throws `.inDoubt` when the answer was lost: ``entries(ofContact:inAutomation:)`` tells.
    func enterAutomation(_ id: String, contact: String) async throws(SyncError)

    /// The ids of a person's entries into an automation, ended ones too. Each entry has one of its own.
    func entries(ofContact contact: String, inAutomation id: String) async throws(SyncError) -> Set<String>
}
