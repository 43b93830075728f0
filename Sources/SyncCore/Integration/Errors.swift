public import Contracts

/// What kind of failure it was; the kind alone decides what happens next.
public enum ErrorClass: Sendable, Hashable, Codable {
    /// May pass by itself: try again later.
    case transient
    /// The vendor asked for a pause; nothing of the integration is tried before then.
    case rateLimited(until: Timestamp)
    /// The record was locked by someone else's transaction: try this record again soon.
    case lock
    /// This record will fail the same way until it or the vendor's rules change.
    case permanent
    /// The connection's credentials do not work: the integration waits for its manager.
    case auth
    /// A mapped field or object is not there any more: the mapping waits, not the integration.
    case schema
    /// The request may or may not have had its effect: read back before repeating.
    case inDoubt
}

/// A failure as a value: a stable code, the vendor's own words, and the class that decides.
public struct SyncError: Error, Sendable, Hashable, Codable {
    public var errorClass: ErrorClass
    /// Stable and machine-readable: the vendor's own code where there is one, else Tandem's in lower-kebab-case.
    public var code: String
    /// For the operator. The vendor's message verbatim where there is one; holds no secret.
    public var message: String
    /// The fields at fault, by their name in the CRM or in marketing.
    public var fields: [String]

    public init(_ errorClass: ErrorClass, code: String, message: String, fields: [String] = []) {
        self.errorClass = errorClass
        self.code = code
        self.message = message
        self.fields = fields
    }

    /// Whether the call may have been carried out all the same.
    public var mayHaveHadEffect: Bool { errorClass == .transient || errorClass == .inDoubt }
}
