public import Contracts

/// The pairing of one CRM record with one marketing record, with what both sides last agreed on.
public struct Link: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// A create was decided and may be on its way: its effect is read back by `externalID` before it is repeated.
        case creating
        case linked
        /// Ended for good (a deletion, a disconnect): nothing flows over it any more.
        case ended
    }

    public var integration: String
    public var object: CRMObject
    /// The person's id in marketing.
    public var marketingID: String
    /// The record's id in the CRM; `nil` while it is being created.
    public var crmID: String?
    /// The value of Tandem's own external ID field on the CRM record.
    public var externalID: String
    public var state: State
    /// The values both sides last agreed on, by CRM field.
    public var base: [String: FieldValue]
    /// The newest settled change per marketing field: older ones that arrive late are dropped.
    public var seen: [String: Stamp]
    /// The person's tags as last known.
    public var tags: Stamped<[String]>?
    /// CRM fields whose marketing value lost and must be overwritten by the next outbound sync (IN-6). Their base stays
    /// what it was, so that outbound still sees the CRM's value as a change.
    public var overruled: Set<String>
    /// What was being written when the link was stored last, by CRM field; empty once the answer is settled. A value the
    /// CRM turns out to hold did arrive and counts as agreed on, so that a newer edit is not taken for a conflict with it.
    public var sent: [String: FieldValue] = [:]
    /// Why the link ended; `nil` while it has not.
    public var endedBy: EndReason?
    /// When Tandem last wrote the marketing record, by its own clock; `nil` when it never did.
    public var writtenAt: Timestamp?
    /// How the values of fields that flow both ways went to and fro lately, by CRM field.
    public var trails: [String: FieldTrail] = [:]
    /// Whether the contact's association with its account worked (MAP-4); `nil` where there is none to make.
    public var relation: AccountRelation?

    /// Why nothing flows over a link any more.
    public enum EndReason: String, Sendable, Hashable, Codable, CaseIterable {
        case crmDeleted = "crm-deleted"
        case marketingDeleted = "marketing-deleted"
        /// The CRM record was merged into one that has a link of its own.
        case merged
        /// The lead became a contact, which has the link now.
        case converted
    }

    public init(
        integration: String, object: CRMObject, marketingID: String, crmID: String? = nil, externalID: String, state: State,
        base: [String: FieldValue] = [:], seen: [String: Stamp] = [:], tags: Stamped<[String]>? = nil, overruled: Set<String> = []
    ) {
        self.integration = integration
        self.object = object
        self.marketingID = marketingID
        self.crmID = crmID
        self.externalID = externalID
        self.state = state
        self.base = base
        self.seen = seen
        self.tags = tags
        self.overruled = overruled
    }
}

extension Link {
    /// The intent to create `object` for the person `key` names: what is stored before the CRM is called.
    public init(creating object: CRMObject, for key: RecordKey) {
        self.init(
            integration: key.integration, object: object, marketingID: key.recordID,
            externalID: Link.externalID(integration: key.integration, marketingID: key.recordID), state: .creating)
    }

    /// The link as it is once it ended for good.
    public func ended(by reason: EndReason) -> Link {
        var link = self
        (link.state, link.endedBy) = (.ended, reason)
        return link
    }

    /// The value of Tandem's external ID field for a person: always the same one, so that a create that is repeated
    /// after everything else was forgotten still finds the record it made (GEN-6).
    public static func externalID(integration: String, marketingID: String) -> String { "\(integration):\(marketingID)" }

    /// The person's id in marketing that an external ID of the integration names; `nil` for any other text.
    public static func marketingID(in externalID: String, integration: String) -> String? {
        let prefix = externalID.prefix(integration.count + 1)
        guard prefix.lowercased() == "\(integration):", prefix.endIndex < externalID.endIndex else { return nil }
        return String(externalID[prefix.endIndex...])
    }

    /// The email address both sides last agreed on, as people are found by it; `nil` when there is none.
    public var email: String? {
        guard case .text(let text)? = base[Self.emailField] else { return nil }
        let email = trimmed(text).lowercased()
        return email.isEmpty ? nil : email
    }

    private static let emailField = "Email"
}

/// Whether a contact could be associated with its account in marketing (MAP-4).
public struct AccountRelation: Sendable, Hashable, Codable {
    /// The CRM account's id.
    public var accountID: String
    /// `nil`: it worked.
    public var error: SyncError?

    public init(accountID: String, error: SyncError? = nil) {
        self.accountID = accountID
        self.error = error
    }
}
