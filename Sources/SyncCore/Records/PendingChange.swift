public import Contracts

/// Where a change stands among the changes of its record: by its time at the source, then by its place in the log.
public struct Stamp: Sendable, Hashable, Comparable {
    public var at: Timestamp
    /// The log offset; parts changes of the same second.
    public var sequence: Int64
    /// Whether the source said when. Else `at` is when the news came, and what it tells may be older.
    public var isDated: Bool

    public init(at: Timestamp, sequence: Int64, isDated: Bool = true) {
        self.at = at
        self.sequence = sequence
        self.isDated = isDated
    }

    public static func < (left: Stamp, right: Stamp) -> Bool {
        (left.at, left.sequence) < (right.at, right.sequence)
    }

    /// Whether a change can be news where one was settled before: every later one can, and every one of which it is not known
    /// whether it is.
    func isNews(after seen: Stamp?) -> Bool {
        guard let seen else { return true }
        return seen < self || self < seen && isUnordered(to: seen)
    }

    /// Whether nothing tells which of two changes was first. Vendors stamp whole seconds, and the log's order is that of the
    /// deliveries.
    func isUnordered(to other: Stamp) -> Bool { at == other.at || !max(self, other).isDated }
}

/// A value with the stamp of the change that brought it.
public struct Stamped<Value: Sendable & Hashable>: Sendable, Hashable {
    public var value: Value
    public var stamp: Stamp
    /// Whether another change said something else that may be newer.
    public var isContested: Bool

    public init(_ value: Value, _ stamp: Stamp, isContested: Bool = false) {
        self.value = value
        self.stamp = stamp
        self.isContested = isContested
    }
}

extension Stamped {
    /// As of its stamp; and a contested one is news as well where only its own stamp was settled: what contradicts it came
    /// meanwhile.
    func isNews(after seen: Stamp?) -> Bool { stamp.isNews(after: seen) || isContested && stamp == seen }
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
        let stamp = Stamp(at: change.occurredAt, sequence: sequence, isDated: change.isDated)
        switch change.kind {
        case .upserted:
            self.init(fields: change.fields.mapValues { Stamped($0, stamp) }, tags: change.tags.map { Stamped($0, stamp) })
        case .deleted:
            self.init(deletedAt: stamp)
        }
    }

    /// What one automation action says: what it knows of the person, and the object it asks for.
    public init(_ action: AutomationAction, sequence: Int64) {
        let stamp = Stamp(at: action.occurredAt, sequence: sequence, isDated: action.isDated)
        self.init(
            fields: action.fields.mapValues { Stamped($0, stamp) }, tags: action.tags.map { Stamped($0, stamp) },
            creations: action.action.createdObject.map { [$0: stamp] } ?? [:])
    }
}

extension AutomationAction.Action {
    /// The CRM object the action asks for; `nil` for one that is done in marketing.
    public var createdObject: CRMObject? {
        switch self {
        case .createContact: .contact
        case .createLead: .lead
        case .sendCampaign, .enterAutomation: nil
        }
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
/// so that the order of arrival does not. Where it is not known which is newer, the later one in the log is, contested.
func newer(_ left: Stamped<JSONValue>, _ right: Stamped<JSONValue>) -> Stamped<JSONValue> {
    var (older, newer) = left.stamp < right.stamp ? (left, right) : (right, left)
    if !(older.stamp < newer.stamp), newer.value.serialized().lexicographicallyPrecedes(older.value.serialized()) {
        (older, newer) = (newer, older)
    }
    if newer.stamp.isUnordered(to: older.stamp), older.value != newer.value || older.isContested { newer.isContested = true }
    return newer
}

/// The newer of two sets of tags, either of which may be unknown. One of which nobody knows from when it is
/// counts only where there is no other: it may be older than Tandem's own tags.
func newerTags(_ left: Stamped<[String]>?, _ right: Stamped<[String]>?) -> Stamped<[String]>? {
    guard let left, let right else { return left ?? right }
    if left.stamp.isDated != right.stamp.isDated { return left.stamp.isDated ? left : right }
    if left.stamp != right.stamp { return left.stamp < right.stamp ? right : left }
    return left.value.lexicographicallyPrecedes(right.value) ? right : left
}
