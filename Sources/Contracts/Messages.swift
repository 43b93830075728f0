/// One record, named the way topics key it: `integration/object/recordID`.
public struct RecordKey: Sendable, Hashable, Codable {
    /// The integration's name, unique in a cluster.
    public var integration: String
    /// The object on the side the record lives on: `contact`, `lead`, `account`, …
    public var object: String
    /// The record's own id on that side.
    public var recordID: String

    public init(integration: String, object: String, recordID: String) {
        self.integration = integration
        self.object = object
        self.recordID = recordID
    }
}

extension RecordKey {
    /// The object of a message that does not name one.
    static let defaultObject = "contact"
    static let maximumIntegrationLength = 63
    /// Of an object's name and of a record id, in Unicode scalars.
    static let maximumLength = 255

    /// Whether `name` can name an integration: small letters, digits and hyphens.
    static func isIntegrationName(_ name: String) -> Bool {
        (1...maximumIntegrationLength).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
                default: false
                }
            }
    }

    /// Whether `text` can be a part of a key: not empty, not too long, and without the slash that parts them.
    public static func isKeyPart(_ text: String) -> Bool {
        !text.isEmpty && !text.utf8.contains(UInt8(ascii: "/"))
            && (text.utf8.count <= maximumLength || text.unicodeScalars.count <= maximumLength)
    }
}

extension RecordKey: CustomStringConvertible {
    public var description: String { "\(integration)/\(object)/\(recordID)" }
}

/// A record changed on one side (`tandem.marketing.changes`, `tandem.crm.changes`).
///
/// `fields` may carry the whole record or only what changed: a missing key says nothing, a null or blank value says
/// the field was emptied.
public struct RecordChange: Sendable, Equatable {
    /// Its CloudEvents type.
    public static let eventType = "dev.tandem.record.changed.v1"

    public enum Kind: String, Sendable, CaseIterable { case upserted, deleted }

    public var key: RecordKey
    public var kind: Kind
    /// When the change happened at its source; orders the changes of one record.
    public var occurredAt: Timestamp
    /// Whether the source said so. Else ``occurredAt`` is when the news of it came, and what it tells may be older.
    public var isDated: Bool
    public var fields: [String: JSONValue]
    /// The record's whole set of tags, or `nil` when the producer does not know it.
    public var tags: [String]?

    public init(
        key: RecordKey, kind: Kind = .upserted, occurredAt: Timestamp, isDated: Bool = true, fields: [String: JSONValue] = [:],
        tags: [String]? = nil
    ) {
        self.key = key
        self.kind = kind
        self.occurredAt = occurredAt
        self.isDated = isDated
        self.fields = fields
        self.tags = tags
    }
}

/// An automation, or the user of a CRM record, asked for something to be done with a person (`tandem.automation.events`).
public struct AutomationAction: Sendable, Equatable {
    /// Its CloudEvents type.
    public static let eventType = "dev.tandem.automation.action.v1"

    public enum Action: String, Sendable, CaseIterable {
        case createContact = "create-contact"
        case createLead = "create-lead"
        case sendCampaign = "send-campaign"
        case enterAutomation = "enter-automation"

        /// What is done in the CRM.
        public static let creations: [Action] = [.createContact, .createLead]
    }

    /// The person in marketing for a creation; the CRM's contact or lead for everything else.
    public var key: RecordKey
    public var action: Action
    /// As in ``RecordChange/occurredAt``.
    public var occurredAt: Timestamp
    /// As in ``RecordChange/isDated``.
    public var isDated: Bool
    /// What the automation knows of the person; same meaning as in ``RecordChange/fields``.
    public var fields: [String: JSONValue]
    public var tags: [String]?
    /// The vendor's id of the automation that asks, where it says so.
    public var automationID: String?
    /// The vendor's id of the campaign to be sent, or of the automation to be entered.
    public var target: String?
    /// The same for one wish told twice; `nil` where the producer has none.
    public var requestID: String?
    /// Who asked: a role or a user, in words.
    public var requestedBy: String?

    public init(
        key: RecordKey, action: Action, occurredAt: Timestamp, isDated: Bool = true, fields: [String: JSONValue] = [:],
        tags: [String]? = nil, automationID: String? = nil, target: String? = nil, requestID: String? = nil,
        requestedBy: String? = nil
    ) {
        self.key = key
        self.action = action
        self.occurredAt = occurredAt
        self.isDated = isDated
        self.fields = fields
        self.tags = tags
        self.automationID = automationID
        self.target = target
        self.requestID = requestID
        self.requestedBy = requestedBy
    }
}
