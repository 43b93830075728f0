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
        }
    }

    /// The methods the resource knows.
    var methods: [String] {
        switch self {
        case .root, .limits, .recordCount, .objects, .describe, .updated, .deleted, .query, .nextPage: ["GET"]
        case .create, .composite, .batch: ["POST"]
        case .row, .externalRow: ["GET", "PATCH", "DELETE"]
        case .collection: ["POST", "PATCH", "DELETE"]
        case .collectionUpsert: ["PATCH"]
        case .retrieve: ["GET", "POST"]
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
