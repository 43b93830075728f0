/// What a message's data looks like: the one description that its published documents are made from. Tests hold the decoder
/// to it member by member.
struct MessageDescription {
    struct Member {
        let name: String
        let isRequired: Bool
        let schema: [String: JSONValue]
        let summary: String
    }

    /// The message's name in the documents, e.g. `recordChange`.
    let name: String
    let title: String
    let summary: String
    /// Its CloudEvents type.
    let eventType: String
    let members: [Member]
    let example: Message

    var requiredNames: [String] { members.filter(\.isRequired).map(\.name) }

    /// The data's JSON Schema, under a file name such as `record-change.schema.json`.
    var schemaPath: String { "\(title.lowercased().split(separator: " ").joined(separator: "-")).schema.json" }
}

extension MessageDescription {
    static let all = [recordChange, automationAction, syncCommand, runNotification, activity]

    static let recordChange = MessageDescription(
        name: "recordChange", title: "Record change",
        summary: """
            A record changed on one side. The fields may be the whole record or only what changed: a missing field says \
            nothing, a null or blank one was emptied.
            """,
        eventType: RecordChange.eventType,
        members: key(objectIsRequired: true) + [
            Member(
                name: "change", isRequired: false, schema: choice(RecordChange.Kind.self),
                summary: "What happened to the record; upserted if absent.")
        ] + rest,
        example: .recordChange(
            RecordChange(
                key: RecordKey(integration: "acme", object: "contact", recordID: "48213"),
                occurredAt: Timestamp(milliseconds: 1_779_944_631_250),
                fields: ["email": "jane.doe@example.com", "firstName": "Jane", "phone": nil, "score": 42],
                tags: ["added-to-salesforce-contact"])))

    static let automationAction = MessageDescription(
        name: "automationAction", title: "Automation action",
        summary: """
            An automation asks for a CRM record to be created for a person, or the user of a CRM record asks for a campaign to be \
            sent to its person, or for the person to enter an automation.
            """,
        eventType: AutomationAction.eventType,
        members: key(objectIsRequired: false) + [
            Member(
                name: "action", isRequired: true,
                schema: ["type": "string", "enum": .array(AutomationAction.Action.allCases.map { .string($0.rawValue) })],
                summary: """
                    What to do. To create something, the record is the person in marketing; for everything else it is the CRM's \
                    contact or lead.
                    """),
            Member(
                name: "automationId", isRequired: false, schema: ["type": ["string", "null"]],
                summary: "The vendor's id of the automation that asks."),
            Member(
                name: "target", isRequired: false, schema: ["type": ["string", "null"], "pattern": keyPart],
                summary: "The vendor's id of the campaign to send or of the automation to enter; needed for these."),
            Member(
                name: "requestId", isRequired: false, schema: ["type": ["string", "null"], "pattern": keyPart],
                summary: """
                    The same for one wish told twice, which is fulfilled once. Without one, what is asked for a record again \
                    within a minute is the same wish.
                    """),
            Member(
                name: "requestedBy", isRequired: false, schema: ["type": ["string", "null"]],
                summary: "Who asked: a role or a user, in words."),
        ] + rest,
        example: .automationAction(
            AutomationAction(
                key: RecordKey(integration: "acme", object: "contact", recordID: "0035g00000XyZabAAB"), action: .sendCampaign,
                occurredAt: Timestamp(milliseconds: 1_779_944_631_250), fields: [:], tags: [], automationID: "17", target: "12",
                requestID: "0190f3c2-6f7a-7c1e-9d52-5b1f0a7c2e12", requestedBy: "standard")))

    /// What a key's part must look like.
    static let keyPart: JSONValue = .string("^[^/]{1,\(RecordKey.maximumLength)}$")

    static let integration = Member(
        name: "integration", isRequired: true,
        schema: ["type": "string", "pattern": .string("^[a-z0-9-]{1,\(RecordKey.maximumIntegrationLength)}$")],
        summary: "The integration's name.")

    /// Three members that name the record.
    static func key(objectIsRequired: Bool) -> [Member] {
        [
            integration,
            Member(
                name: "object", isRequired: objectIsRequired,
                schema: ["type": objectIsRequired ? "string" : ["string", "null"], "pattern": keyPart],
                summary: objectIsRequired
                    ? "The object on the side the record lives on: contact, lead, account, …"
                    : "The object on the side the person lives on; \(RecordKey.defaultObject) if absent."),
            Member(
                name: "recordId", isRequired: true, schema: ["type": "string", "pattern": keyPart],
                summary: "The record's own id on that side."),
        ]
    }

    static let moment: [String: JSONValue] = [
        "type": ["string", "null"],
        "pattern": #"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$"#,
    ]

    /// The members every message of a record ends with.
    private static let rest = [
        Member(
            name: "occurredAt", isRequired: false, schema: moment,
            summary: """
                When it happened at its source, ISO 8601 with offset. If absent, the event's time says when the news came, so one \
                of them must be there; where the order of two changes is in doubt, the record is read.
                """),
        Member(
            name: "fields", isRequired: false, schema: ["type": ["object", "null"]],
            summary: "Values by the field names of the side the record lives on."),
        Member(
            name: "tags", isRequired: false, schema: ["type": ["array", "null"], "items": ["type": "string"]],
            summary: "The record's whole set of tags; absent or null when the producer does not know it."),
    ]

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> [String: JSONValue] {
        ["type": ["string", "null"], "enum": .array(type.allCases.map { .string($0.rawValue) } + [nil])]
    }
}
