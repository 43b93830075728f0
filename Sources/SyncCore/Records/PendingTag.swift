public import Contracts

/// A tag that Tandem itself puts on a person, of which marketing's word of that person may not tell yet.
public struct PendingTag: Sendable, Hashable {
    public var tag: String
    /// When it was put on; `nil` while that is still to be done.
    public var doneAt: Timestamp?

    public init(_ tag: String, doneAt: Timestamp? = nil) {
        self.tag = tag
        self.doneAt = doneAt
    }

    /// Whether tags that marketing told may be those from before the tag was put on. The vendor's clock is not ours.
    func isNewer(than tags: Stamped<[String]>) -> Bool {
        doneAt.map { tags.stamp.at <= $0.advanced(by: Link.settlingTime) } ?? true
    }
}

extension PendingChange {
    /// Adds Tandem's own tags to those the change tells of, unless it would show them: without them the person would seem not
    /// to sync (IN-3). One that is missing later was taken off.
    public mutating func addTags(_ pending: [PendingTag]) {
        guard let told = tags else { return }
        for own in pending where own.isNewer(than: told) && !told.value.contains(where: { Profile.isSameTag($0, own.tag) }) {
            tags?.value.append(own.tag)
        }
    }
}
