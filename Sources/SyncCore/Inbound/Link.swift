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

    /// The value of Tandem's external ID field for a person: always the same one, so that a create that is repeated
    /// after everything else was forgotten still finds the record it made (GEN-6).
    public static func externalID(integration: String, marketingID: String) -> String { "\(integration):\(marketingID)" }
}

/// A record as the CRM answered it, values already typed.
public struct CRMRecord: Sendable, Hashable {
    public var object: CRMObject
    public var id: String
    /// By API name; a field that was asked for and has no value is `.blank`, one that was not asked for is missing.
    public var values: [String: FieldValue]
    /// Tandem's external ID field, when it is set.
    public var externalID: String?
    /// The sync status field (IN-6, OUT-6); `nil` when blank.
    public var syncStatus: String?
    public var modifiedAt: Timestamp?

    public init(
        object: CRMObject, id: String, values: [String: FieldValue], externalID: String? = nil, syncStatus: String? = nil,
        modifiedAt: Timestamp? = nil
    ) {
        self.object = object
        self.id = id
        self.values = values
        self.externalID = externalID
        self.syncStatus = syncStatus
        self.modifiedAt = modifiedAt
    }
}
