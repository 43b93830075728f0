public import Contracts
public import SyncCore

/// An activity as it is kept.
public struct StoredActivity: Sendable, Hashable {
    /// Grows in the order of recording.
    public var id: Int64
    /// The person in marketing.
    public var marketingID: String
    /// As in ``Activity/activityID``.
    public var activityID: String
    public var kind: Activity.Kind
    public var occurredAt: Timestamp
    public var recordedAt: Timestamp
    public var details: [Activity.Detail: String]
}

/// Whose activities are listed.
public enum ActivitySubject: Sendable, Hashable {
    /// The person in marketing, linked or not.
    case person(marketingID: String)
    /// Whoever the CRM record is linked to now, or was last.
    case record(CRMObject, crmID: String)
}

/// Which activities are listed (ACT-2).
public struct ActivityFilter: Sendable, Hashable {
    /// Empty: of every kind.
    public var kinds: Set<Activity.Kind>
    /// The vendor's id of a campaign.
    public var campaignID: String?
    /// From then on.
    public var from: Timestamp?
    /// Before then.
    public var to: Timestamp?

    public init(kinds: Set<Activity.Kind> = [], campaignID: String? = nil, from: Timestamp? = nil, to: Timestamp? = nil) {
        self.kinds = kinds
        self.campaignID = campaignID
        self.from = from
        self.to = to
    }
}

/// A place in a list of activities. What is recorded meanwhile does not move it.
public struct ActivityCursor: Sendable, Hashable {
    var occurredAt: Timestamp
    var id: Int64

    /// For whoever hands it back later.
    public var text: String { "\(occurredAt.milliseconds).\(id)" }

    /// Reads ``text``; `nil` for any other.
    public init?(text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = Int64(parts[0]), let id = Int64(parts[1]) else { return nil }
        occurredAt = Timestamp(milliseconds: milliseconds)
        self.id = id
    }

    init(_ activity: StoredActivity) {
        occurredAt = activity.occurredAt
        id = activity.id
    }
}

/// A part of a list of activities, the newest first.
public struct ActivityPage: Sendable, Hashable {
    public var activities: [StoredActivity]
    /// Where the list goes on; `nil` at its end.
    public var next: ActivityCursor?
}
