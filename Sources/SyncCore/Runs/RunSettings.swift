/// When everything is compared, and what a run may do by itself (RUN-1, RUN-4, OUT-8).
public struct RunSettings: Sendable, Hashable, Codable {
    /// How many days lie between two full runs; `nil`: only when asked for.
    public var fullEvery: Int?
    /// Whether drift that a full run finds is repaired at once, or only reported.
    public var repairsDrift: Bool
    /// A run that finds more than this share of the links gone, in percent, waits until that is approved.
    public var deletionShare: Int
    /// So many may be gone whatever their share.
    public var deletionFloor: Int
    /// From so many records on, an object is read by the CRM's bulk interface (RUN-5).
    public var bulkFrom: Int

    /// - Parameter bulkFrom: a job costs some six calls whatever it reads, and a page of 2,000 records one.
    public init(
        fullEvery: Int? = nil, repairsDrift: Bool = false, deletionShare: Int = 10, deletionFloor: Int = 20,
        bulkFrom: Int = 20_000
    ) {
        self.fullEvery = fullEvery
        self.repairsDrift = repairsDrift
        self.deletionShare = deletionShare
        self.deletionFloor = deletionFloor
        self.bulkFrom = bulkFrom
    }

    /// Whether a run may end so many links by itself.
    public func allows(deletions: Int, of links: Int) -> Bool {
        deletions <= deletionFloor || deletions * 100 <= links * deletionShare
    }
}
