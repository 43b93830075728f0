import Connectors
import Contracts
import SyncCore

/// The fields of an object by API name, which Salesforce compares ignoring case.
struct FieldTypes {
    private let types: [String: FieldType]
    private let unfilterable: Set<String>

    /// - Parameter unfilterable: the fields no query may filter by.
    init(_ schema: ObjectSchema, unfilterable: [String] = []) {
        types = Dictionary(schema.fields.map { ($0.name.lowercased(), $0.type) }, uniquingKeysWith: { first, _ in first })
        self.unfilterable = Set(unfilterable.map { $0.lowercased() })
    }

    func canFilter(by field: String) -> Bool { self[field] != nil && !unfilterable.contains(field.lowercased()) }

    subscript(_ field: String) -> FieldType? { types[field.lowercased()] }
}

/// The described fields per object, kept until Salesforce refuses one of them.
actor SchemaCache {
    /// An unknown field is worth a new description, but not one per batch.
    private static let minimumAge: Duration = .seconds(60)

    private let session: SalesforceSession
    private var cached: [CRMObject: (types: FieldTypes, at: Timestamp)] = [:]

    init(session: SalesforceSession) { self.session = session }

    /// Asks Salesforce anew.
    func describe(_ object: CRMObject) async throws(SyncError) -> ObjectSchema { try await ask(object).schema }

    func types(_ object: CRMObject) async throws(SyncError) -> FieldTypes {
        if let known = cached[object] { return known.types }
        return try await ask(object).types
    }

    /// The types, described anew if one of `fields` is not among them and the description is not fresh.
    func types(_ object: CRMObject, knowing fields: some Sequence<String>) async throws(SyncError) -> FieldTypes {
        let types = try await types(object)
        guard fields.contains(where: { types[$0] == nil }), isStale(object) else { return types }
        return try await ask(object).types
    }

    private func ask(_ object: CRMObject) async throws(SyncError) -> (schema: ObjectSchema, types: FieldTypes) {
        let path = "\(session.basePath)/sobjects/\(object.apiName)/describe"
        let answer = try await session.call("GET", path, effect: .repeatable)
        let schema = try Describe.schema(answer, object: object)
        let types = FieldTypes(schema, unfilterable: Describe.unfilterable(answer))
        cached[object] = (types, session.now)
        return (schema, types)
    }

    private func isStale(_ object: CRMObject) -> Bool {
        guard let known = cached[object] else { return true }
        return session.now.since(known.at) >= Self.minimumAge
    }
}
