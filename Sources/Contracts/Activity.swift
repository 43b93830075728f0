/// Something a person got from marketing or did there (`tandem.activities`, ACT-1).
public struct Activity: Sendable, Equatable {
    /// Its CloudEvents type.
    public static let eventType = "dev.tandem.activity.v1"

    public enum Kind: String, Sendable, CaseIterable {
        case campaignSent = "campaign-sent"
        case campaignOpened = "campaign-opened"
        case campaignReplied = "campaign-replied"
        case linkClicked = "link-clicked"
        case automationEntered = "automation-entered"
        case automationCompleted = "automation-completed"
        case pageVisited = "page-visited"
        case eventTracked = "event-tracked"
    }

    /// What may be told beyond kind and time, each as text.
    public enum Detail: String, Sendable, CaseIterable {
        case campaignID = "campaignId"
        case campaignName
        /// Where the campaign can be read as a web page.
        case webCopyURL = "webCopyUrl"
        case automationID = "automationId"
        case automationName
        /// The link clicked, the page visited, or the automation.
        case url
        case subject
        /// The body of a reply.
        case text
        case eventName
        case eventValue
    }

    /// The person in marketing.
    public var key: RecordKey
    /// The same for an activity that is delivered twice, and no other's of that person.
    public var activityID: String
    public var kind: Kind
    public var occurredAt: Timestamp
    public var details: [Detail: String]

    public init(key: RecordKey, activityID: String, kind: Kind, occurredAt: Timestamp, details: [Detail: String] = [:]) {
        self.key = key
        self.activityID = activityID
        self.kind = kind
        self.occurredAt = occurredAt
        self.details = details
    }
}

extension Activity {
    /// With every detail cut to ``Detail/maximumLength``, and without blank ones.
    public var limited: Activity {
        var activity = self
        activity.details = details.compactMapValues { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
        for (detail, text) in activity.details { activity.details[detail] = detail.limited(text) }
        return activity
    }
}

extension Activity.Detail {
    /// In Unicode scalars: as much as a panel can show, and little enough to be kept in thousands for every person.
    public var maximumLength: Int {
        switch self {
        case .text: 8000
        case .url, .webCopyURL: 2048
        case .subject, .eventValue: 1000
        case .campaignID, .campaignName, .automationID, .automationName, .eventName: 255
        }
    }

    fileprivate func limited(_ text: String) -> String {
        let length = maximumLength
        guard text.utf8.count > length, text.unicodeScalars.count > length else { return text }
        return String(text.unicodeScalars.prefix(length))
    }
}
