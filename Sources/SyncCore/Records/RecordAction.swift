public import Contracts

/// What a user of the CRM may have marketing do with the person of a record (ACT-3); named as messages name it.
public enum ActionKind: String, Sendable, Hashable, Codable, CaseIterable {
    case sendCampaign = "send-campaign"
    case enterAutomation = "enter-automation"
}

/// An action as it was asked for.
public struct ActionRequest: Sendable, Hashable {
    /// What is asked for a record again so soon is a double click, unless requests say otherwise by ids of their own.
    public static let doubleClick = Duration.seconds(60)

    /// The CRM's contact or lead.
    public var key: RecordKey
    public var kind: ActionKind
    /// The vendor's id of the campaign or the automation.
    public var target: String
    /// The same for one wish told twice; `nil` where whoever asks has none.
    public var requestID: String?
    public var askedAt: Timestamp
    /// Who asked: a role or a user, in words.
    public var askedBy: String?

    public init(
        key: RecordKey, kind: ActionKind, target: String, requestID: String? = nil, askedAt: Timestamp, askedBy: String? = nil
    ) {
        self.key = key
        self.kind = kind
        self.target = target
        self.requestID = requestID
        self.askedAt = askedAt
        self.askedBy = askedBy
    }

    /// What a message asks for; `nil` for what is not done in marketing.
    public init?(_ action: AutomationAction) {
        guard let kind = ActionKind(rawValue: action.action.rawValue) else { return nil }
        self.init(
            key: action.key, kind: kind, target: action.target ?? "", requestID: action.requestID, askedAt: action.occurredAt,
            askedBy: action.requestedBy)
    }

    /// Its own id, or one that no other request for the record has.
    public var id: String {
        requestID ?? "\(kind.rawValue)-\(target)-\(key.object)-\(key.recordID)-\(askedAt.milliseconds)"
    }

    /// Why nobody can take it, for whoever asked; `nil` when somebody can.
    public var problem: String? {
        guard CRMObject(rawValue: key.object)?.isPerson == true else {
            return "actions are for a contact or a lead, not for \"\(key.object)\""
        }
        guard RecordKey.isKeyPart(key.recordID) else { return "the record's id is not 1 to 255 characters without '/'" }
        guard RecordKey.isKeyPart(target) else {
            return "the target, the id of a campaign or an automation, is not 1 to 255 characters without '/'"
        }
        guard requestID.map(RecordKey.isKeyPart) ?? true else {
            return "the request id is not 1 to 255 characters without '/'"
        }
        return nil
    }
}
