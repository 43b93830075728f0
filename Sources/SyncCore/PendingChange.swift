public import Contracts

/// Where a change stands among the changes of its record: by its time at the source, then by its place in the log.
public struct Stamp: Sendable, Hashable, Comparable, Codable {
    public var at: Timestamp
    /// The log offset; parts changes of the same second.
    public var sequence: Int64

    public init(at: Timestamp, sequence: Int64) {
        self.at = at
        self.sequence = sequence
    }

    public static func < (left: Stamp, right: Stamp) -> Bool {
        (left.at, left.sequence) < (right.at, right.sequence)
    }
}

/// A value with the stamp of the change that brought it.
public struct Stamped<Value: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
    public var value: Value
    public var stamp: Stamp

    public init(_ value: Value, _ stamp: Stamp) {
        self.value = value
        self.stamp = stamp
    }
}

/// All that waits for one marketing record, many changes folded into one (IN-2).
public struct PendingChange: Sendable, Hashable, Codable {
    /// The newest value per marketing field.
    public var fields: [String: Stamped<JSONValue>]
    /// The newest known set of tags.
    public var tags: Stamped<[String]>?
    /// The CRM objects an automation asked to create, with the stamp of the (last) asking.
    public var creations: [CRMObject: Stamp]
    /// Set when the marketing record was deleted.
    public var deletedAt: Stamp?

    public init(
        fields: [String: Stamped<JSONValue>] = [:], tags: Stamped<[String]>? = nil, creations: [CRMObject: Stamp] = [:],
        deletedAt: Stamp? = nil
    ) {
        self.fields = fields
        self.tags = tags
        self.creations = creations
        self.deletedAt = deletedAt
    }
}
