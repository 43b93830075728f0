import Connectors
import Contracts
import SyncCore

/// The fields of an object by API name, which Salesforce compares ignoring case.
struct FieldTypes {
    private let types: [String: FieldType]

    init(_ schema: ObjectSchema) {
        types = Dictionary(schema.fields.map { ($0.name.lowercased(), $0.type) }, uniquingKeysWith: { first, _ in first })
    }

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
    func describe(_ object: CRMObject) async throws(SyncError) -> ObjectSchema {
        let path = "\(session.basePath)/sobjects/\(object.apiName)/describe"
        let schema = try Describe.schema(try await session.call("GET", path, effect: .repeatable), object: object)
        cached[object] = (FieldTypes(schema), session.now)
        return schema
    }

    func types(_ object: CRMObject) async throws(SyncError) -> FieldTypes {
        if let known = cached[object] { return known.types }
        return FieldTypes(try await describe(object))
    }

    /// The types, described anew if one of `fields` is not among them and the description is not fresh.
    func types(_ object: CRMObject, knowing fields: some Sequence<String>) async throws(SyncError) -> FieldTypes {
        let types = try await types(object)
        guard fields.contains(where: { types[$0] == nil }), isStale(object) else { return types }
        return FieldTypes(try await describe(object))
    }

    private func isStale(_ object: CRMObject) -> Bool {
        guard let known = cached[object] else { return true }
        return session.now.since(known.at) >= Self.minimumAge
    }
}
