public import Contracts

/// The part of a run that one runner reads at a time.
public struct RunChunk: Sendable, Hashable {
    /// What is read.
    public enum Source: Sendable, Hashable, Codable {
        /// Records of the CRM, page by page in the order of their ids.
        case crmPages(CRMObject)
        /// Records of the CRM, by a job of its bulk interface.
        case crmExport(CRMObject)
        /// Marketing's people, in the order of their ids.
        case people
        /// The values of marketing's custom fields.
        case customValues

        public var isCRM: Bool {
            switch self {
            case .crmPages, .crmExport: true
            case .people, .customValues: false
            }
        }

        public var object: CRMObject? {
            switch self {
            case .crmPages(let object), .crmExport(let object): object
            case .people, .customValues: nil
            }
        }
    }

    public var run: Int64
    /// From 0.
    public var number: Int
    public var source: Source
    public var range: IDRange
    public var place: ChunkPlace
    public var counts: RunCounts
    public var isDone: Bool

    public init(run: Int64, number: Int, source: Source, range: IDRange = IDRange()) {
        self.run = run
        self.number = number
        self.source = source
        self.range = range
        place = ChunkPlace()
        counts = RunCounts()
        isDone = false
    }
}

/// The ids a chunk covers, in the order of the side they are of.
public struct IDRange: Sendable, Hashable, Codable {
    /// The first one; `nil`: from the beginning.
    public var from: String?
    /// The first one beyond; `nil`: to the end.
    public var until: String?

    public init(from: String? = nil, until: String? = nil) {
        self.from = from
        self.until = until
    }
}

/// How far a chunk was read: it goes on there (RUN-3).
public struct ChunkPlace: Sendable, Hashable, Codable {
    /// The id of the last record taken, where records come in the order of their ids.
    public var afterID: String?
    /// The bulk job that is read.
    public var job: String?
    /// The page of the job's results; `nil` for the first.
    public var locator: String?
    /// How many of the page's rows were taken.
    public var rows: Int
    /// When the job was begun.
    public var jobStartedAt: Timestamp?
    /// The fields the job was asked for: its results hold no others, whatever is mapped meanwhile.
    public var jobFields: [String]?
    /// How often a job failed and was begun anew.
    public var restarts: Int

    public init(afterID: String? = nil) {
        self.afterID = afterID
        rows = 0
        restarts = 0
    }
}
