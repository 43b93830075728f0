/// What a request under `/services/data/vXX.0` asks for.
enum SalesforceRoute: Equatable {
    case root
    case limits
    case recordCount
    case objects
    case describe(String)
    case create(String)
    case row(String, id: String)
    case externalRow(String, field: String, value: String)
    case updated(String)
    case deleted(String)
    case query(all: Bool)
    case nextPage(String)
    case collection
    case collectionUpsert(String, field: String)
    case retrieve(String)
    case composite
    case batch
    case jobs(SalesforceJobKind)
    case job(SalesforceJobKind, id: String)
    case queryResults(String)
    case upload(String)
    case ingestResults(String, SalesforceRowFate)

    /// - Parameter segments: The path after the version, decoded.
    init?(_ segments: [String]) {
        switch segments.count {
        case 0: self = .root
        case 1:
            switch segments[0] {
            case "limits": self = .limits
            case "sobjects": self = .objects
            case "query": self = .query(all: false)
            case "queryAll": self = .query(all: true)
            case "composite": self = .composite
            default: return nil
            }
        default: self.init(resource: segments[0], rest: Array(segments.dropFirst()))
        }
    }

    private init?(resource: String, rest: [String]) {
        switch (resource, rest.count) {
        case ("limits", 1) where rest[0] == "recordCount": self = .recordCount
        case ("query", 1), ("queryAll", 1): self = .nextPage(rest[0])
        case ("sobjects", 1): self = .create(rest[0])
        case ("sobjects", 2):
            switch rest[1] {
            case "describe": self = .describe(rest[0])
            case "updated": self = .updated(rest[0])
            case "deleted": self = .deleted(rest[0])
            default: self = .row(rest[0], id: rest[1])
            }
        case ("sobjects", 3): self = .externalRow(rest[0], field: rest[1], value: rest[2])
        case ("composite", 1) where rest[0] == "batch": self = .batch
        case ("composite", 1) where rest[0] == "sobjects": self = .collection
        case ("composite", 2) where rest[0] == "sobjects": self = .retrieve(rest[1])
        case ("composite", 3) where rest[0] == "sobjects": self = .collectionUpsert(rest[1], field: rest[2])
        case ("jobs", _):
            guard let kind = SalesforceJobKind(rawValue: rest[0]) else { return nil }
            self.init(kind, rest: Array(rest.dropFirst()))
        default: return nil
        }
    }

    private init?(_ kind: SalesforceJobKind, rest: [String]) {
        switch rest.count {
        case 0: self = .jobs(kind)
        case 1: self = .job(kind, id: rest[0])
        case 2:
            switch (kind, rest[1]) {
            case (.query, "results"): self = .queryResults(rest[0])
            case (.ingest, "batches"): self = .upload(rest[0])
            // Clients spell it both ways.
            case (.ingest, "unprocessedRecords"): self = .ingestResults(rest[0], .unprocessed)
            case (.ingest, let name):
                guard let fate = SalesforceRowFate(rawValue: name) else { return nil }
                self = .ingestResults(rest[0], fate)
            default: return nil
            }
        default: return nil
        }
    }

    /// The path under which calls are counted.
    var name: String {
        switch self {
        case .root: "/"
        case .limits: "/limits"
        case .recordCount: "/limits/recordCount"
        case .objects: "/sobjects"
        case .describe: "/sobjects/{object}/describe"
        case .create: "/sobjects/{object}"
        case .row: "/sobjects/{object}/{id}"
        case .externalRow: "/sobjects/{object}/{field}/{value}"
        case .updated: "/sobjects/{object}/updated"
        case .deleted: "/sobjects/{object}/deleted"
        case .query(let all): all ? "/queryAll" : "/query"
        case .nextPage: "/query/{locator}"
        case .collection: "/composite/sobjects"
        case .collectionUpsert: "/composite/sobjects/{object}/{field}"
        case .retrieve: "/composite/sobjects/{object}"
        case .composite: "/composite"
        case .batch: "/composite/batch"
        case .jobs(let kind): "/jobs/\(kind.rawValue)"
        case .job(let kind, _): "/jobs/\(kind.rawValue)/{id}"
        case .queryResults: "/jobs/query/{id}/results"
        case .upload: "/jobs/ingest/{id}/batches"
        case .ingestResults(_, let fate): "/jobs/ingest/{id}/\(fate.rawValue)"
        }
    }

    /// The methods the resource knows.
    var methods: [String] {
        switch self {
        case .root, .limits, .recordCount, .objects, .describe, .updated, .deleted, .query, .nextPage, .queryResults,
            .ingestResults:
            ["GET"]
        case .create, .composite, .batch: ["POST"]
        case .row, .externalRow, .job: ["GET", "PATCH", "DELETE"]
        case .jobs: ["GET", "POST"]
        case .upload: ["PUT"]
        case .collection: ["POST", "PATCH", "DELETE"]
        case .collectionUpsert: ["PATCH"]
        case .retrieve: ["GET", "POST"]
        }
    }

    /// Whether it can be a part of a composite call.
    var isPart: Bool {
        switch self {
        case .composite, .batch, .jobs, .job, .queryResults, .upload, .ingestResults: false
        default: true
        }
    }

    /// Whether it is one of the kinds of which a composite call holds at most five.
    var isHeavy: Bool {
        switch self {
        case .query, .nextPage, .collection, .collectionUpsert, .retrieve: true
        default: false
        }
    }
}
