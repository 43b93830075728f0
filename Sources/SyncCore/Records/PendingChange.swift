public import Contracts

/// Where a change stands among the changes of its record: by its time at the source, then by its place in the log.
public struct Stamp: Sendable, Hashable, Comparable {
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
public struct Stamped<Value: Sendable & Hashable>: Sendable, Hashable {
    public var value: Value
    public var stamp: Stamp

    public init(_ value: Value, _ stamp: Stamp) {
        self.value = value
        self.stamp = stamp
    }
}

/// All that waits for one marketing record, many changes folded into one (IN-2).
public struct PendingChange: Sendable, Hashable {
    /// The newest value per marketing field.
    public var fields: [String: Stamped<JSONValue>]
    /// The newest known set of tags.
    public var tags: Stamped<[String]>?
    /// The CRM objects an automation asked to create, with the stamp of the (last) asking.
    public var creations: [CRMObject: Stamp]
    /// Set when the marketing record was deleted.
    public var deletedAt: Stamp?
    /// Set when all that is known is that the record changed: what it holds is read when its turn comes.
    public var touchedAt: Stamp?

    public init(
        fields: [String: Stamped<JSONValue>] = [:], tags: Stamped<[String]>? = nil, creations: [CRMObject: Stamp] = [:],
        deletedAt: Stamp? = nil, touchedAt: Stamp? = nil
    ) {
        self.fields = fields
        self.tags = tags
        self.creations = creations
        self.deletedAt = deletedAt
        self.touchedAt = touchedAt
    }

    /// What one record change says. The fields and tags of a deletion are its last state, not changes.
    public init(_ change: RecordChange, sequence: Int64) {
        let stamp = Stamp(at: change.occurredAt, sequence: sequence)
        switch change.kind {
        case .upserted:
            self.init(fields: change.fields.mapValues { Stamped($0, stamp) }, tags: change.tags.map { Stamped($0, stamp) })
        case .deleted:
            self.init(deletedAt: stamp)
        }
    }

    /// What one automation action says: what it knows of the person, and the object it asks for.
    public init(_ action: AutomationAction, sequence: Int64) {
        let stamp = Stamp(at: action.occurredAt, sequence: sequence)
        let object: CRMObject =
            switch action.action {
            case .createContact: .contact
            case .createLead: .lead
            }
        self.init(
            fields: action.fields.mapValues { Stamped($0, stamp) }, tags: action.tags.map { Stamped($0, stamp) },
            creations: [object: stamp])
    }
}

extension PendingChange {
    /// Folds another change of the same record into this one (IN-2): the newest value per field, the newest tags, every
    /// creation asked for. The result does not depend on the order in which changes are folded.
    ///
    /// A deletion clears nothing but is kept, until something newer shows that the record is there again.
    public mutating func merge(_ other: PendingChange) {
        fields.merge(other.fields, uniquingKeysWith: newer)
        tags = newerTags(tags, other.tags)
        creations.merge(other.creations) { max($0, $1) }
        deletedAt = [deletedAt, other.deletedAt].compactMap(\.self).max()
        touchedAt = [touchedAt, other.touchedAt].compactMap(\.self).max()
        if let deletedAt, let newestStamp, newestStamp > deletedAt { self.deletedAt = nil }
    }

    /// The stamp of the newest thing said about the living record.
    var newestStamp: Stamp? {
        var newest = tags?.stamp
        for stamp in fields.values.lazy.map(\.stamp) { newest = newest.map { max($0, stamp) } ?? stamp }
        for stamp in creations.values { newest = newest.map { max($0, stamp) } ?? stamp }
        return newest
    }
}

/// The newer of two values. Changes from different topics may share time and offset: then the values themselves decide,
/// so that the order of arrival does not.
func newer(_ left: Stamped<JSONValue>, _ right: Stamped<JSONValue>) -> Stamped<JSONValue> {
    if left.stamp != right.stamp { return left.stamp < right.stamp ? right : left }
    return left.value.serialized().lexicographicallyPrecedes(right.value.serialized()) ? right : left
}

/// The newer of two sets of tags, either of which may be unknown.
func newerTags(_ left: Stamped<[String]>?, _ right: Stamped<[String]>?) -> Stamped<[String]>? {
    guard let left, let right else { return left ?? right }
    if left.stamp != right.stamp { return left.stamp < right.stamp ? right : left }
    return left.value.lexicographicallyPrecedes(right.value) ? right : left
}
