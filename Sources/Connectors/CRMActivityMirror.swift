public import Contracts
public import SyncCore

/// An activity as a record in the CRM.
public struct CRMActivity: Sendable, Equatable {
    /// The code of the error where a record of the person was deleted or merged away.
    public static let goneRecordCode = "record-gone"

    /// Always the same for one activity, so that writing it again does no harm.
    public var externalID: String
    /// The person's records.
    public var records: [CRMObject: String]
    /// As in ``Activity/kind``.
    public var kind: String
    public var occurredAt: Timestamp
    /// What it is about, for a list.
    public var subject: String
    /// All that is known of it, one detail a line.
    public var details: String

    public init(
        externalID: String, records: [CRMObject: String], kind: String, occurredAt: Timestamp, subject: String, details: String
    ) {
        self.externalID = externalID
        self.records = records
        self.kind = kind
        self.occurredAt = occurredAt
        self.subject = subject
        self.details = details
    }
}

/// A CRM that keeps activities of marketing in an object made for them, as a port.
public protocol CRMActivityMirror: Sendable {
    /// Writes each activity on its own; the answer has one entry per activity, in order: why it was not written, or `nil`.
    /// A call that fails as a whole gives its error to every activity it carried; where the person's record is gone, the error's
    /// code is ``CRMActivity/goneRecordCode``.
    /// - Parameter object: the API name of the object.
    func mirror(_ activities: [CRMActivity], into object: String) async -> [SyncError?]
    /// The most activities that fit one call.
    var activitiesPerCall: Int { get }
    /// The fields that the object needs and does not have; one call. Throws `permanent` or `schema` where there is no such object.
    func missingFields(ofMirror object: String) async throws(SyncError) -> [String]
    /// As of the last answer; `nil` before the first.
    func usage() async -> APIUsage?
}
