// What people did in marketing, as documents describe it.

extension MessageDescription {
    static let activity = MessageDescription(
        name: "activity", title: "Activity",
        summary: "A person got something from marketing or did something there; listed on the person's CRM record.",
        eventType: Activity.eventType,
        members: key(objectIsRequired: false) + [
            Member(
                name: "activityId", isRequired: true, schema: ["type": "string", "pattern": keyPart],
                summary: "The same for an activity that is delivered twice, and no other's of that person: it is recorded once."),
            Member(
                name: "kind", isRequired: true,
                schema: ["type": "string", "enum": .array(Activity.Kind.allCases.map { .string($0.rawValue) })],
                summary: "What happened."),
            Member(
                name: "occurredAt", isRequired: false, schema: moment,
                summary:
                    "When it happened, ISO 8601 with offset. If absent, the event's time counts, so one of them must be there."),
        ]
            + Activity.Detail.allCases.map { detail in
                Member(
                    name: detail.rawValue, isRequired: false, schema: ["type": ["string", "null"]],
                    summary: "\(detail.summary) \(detail.maximumLength) characters are kept.")
            },
        example: .activity(
            Activity(
                key: RecordKey(integration: "acme", object: "contact", recordID: "48213"),
                activityID: "5a3b7c1e9d525b1f0a7c2e110190f3c2", kind: .linkClicked,
                occurredAt: Timestamp(milliseconds: 1_779_944_631_250),
                details: [
                    .campaignID: "12", .campaignName: "Spring news", .webCopyURL: "https://acme.example.com/copy/12",
                    .automationID: "44", .automationName: "Welcome", .url: "https://www.example.com/offer",
                    .subject: "Spring is here", .text: "Call me.", .eventName: "Renewed", .eventValue: "gold",
                ])))
}

extension Activity.Detail {
    fileprivate var summary: String {
        switch self {
        case .campaignID: "The vendor's id of the campaign."
        case .campaignName: "The campaign's name."
        case .webCopyURL: "Where the campaign can be read as a web page."
        case .automationID: "The vendor's id of the automation."
        case .automationName: "The automation's name."
        case .url: "The link that was clicked, the page that was visited, or the automation's."
        case .subject: "The subject of the campaign or of the reply."
        case .text: "The body of the reply."
        case .eventName: "The name of the tracked event."
        case .eventValue: "What the tracked event carries."
        }
    }
}
