/// An object's fields by name and alias, ignoring case: built once where many names are looked up.
public struct FieldIndex: Sendable {
    public let schema: ObjectSchema
    /// The names of the fields without which a record cannot be created.
    public let requiredOnCreate: [String]
    private let positions: [String: Int]

    public init(_ schema: ObjectSchema) {
        self.schema = schema
        requiredOnCreate = schema.fields.filter { $0.isRequired && $0.isCreatable }.map(\.name)
        var positions: [String: Int] = [:]
        for (position, field) in schema.fields.enumerated() {
            positions[field.name] = positions[field.name] ?? position
        }
        // A field's own name goes before another field's alias, and the first before a later one.
        for (position, field) in schema.fields.enumerated() {
            let name = field.name.lowercased()
            positions[name] = positions[name] ?? position
        }
        for (position, field) in schema.fields.enumerated() {
            for alias in field.aliases.map({ $0.lowercased() }) where positions[alias] == nil {
                positions[alias] = position
            }
        }
        self.positions = positions
    }

    public subscript(name: String) -> FieldSchema? {
        guard let position = positions[name] ?? positions[name.lowercased()] else { return nil }
        return schema.fields[position]
    }
}

extension ObjectSchema {
    /// The field with this name or alias, ignoring case. For many look-ups build a ``FieldIndex``.
    public func field(named name: String) -> FieldSchema? { FieldIndex(self)[name] }
}
