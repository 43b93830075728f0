/// What a field can hold. Lengths are in characters as the vendor counts them.
public enum FieldType: Sendable, Hashable, Codable {
    case text(maxLength: Int?)
    case longText(maxLength: Int?)
    case email(maxLength: Int?)
    case phone(maxLength: Int?)
    case url(maxLength: Int?)
    /// `precision` counts all digits, `scale` those after the point.
    case number(precision: Int?, scale: Int?)
    case currency(precision: Int?, scale: Int?)
    case percent(precision: Int?, scale: Int?)
    case integer
    case boolean
    case date
    case dateTime
    /// `restricted` fields refuse values outside `options`.
    case picklist(options: [String], restricted: Bool)
    case multiPicklist(options: [String], restricted: Bool)
    /// A kind Tandem cannot map (a reference, a compound address, …), by the vendor's name for it.
    case unsupported(String)
}

/// One field of an object as its vendor describes it, on either side.
public struct FieldSchema: Sendable, Hashable, Codable {
    /// The key under which values travel: the API name in a CRM; `email`, `firstName`, `field:7` in marketing.
    public var name: String
    /// Other names a mapping or an event may use for the field, e.g. `perstag:INCOME`; compared ignoring case.
    public var aliases: [String]
    public var label: String
    public var type: FieldType
    public var isCreatable: Bool
    public var isUpdatable: Bool
    /// Whether a record cannot be created without it.
    public var isRequired: Bool

    public init(
        name: String, aliases: [String] = [], label: String? = nil, type: FieldType, isCreatable: Bool = true,
        isUpdatable: Bool = true, isRequired: Bool = false
    ) {
        self.name = name
        self.aliases = aliases
        self.label = label ?? name
        self.type = type
        self.isCreatable = isCreatable
        self.isUpdatable = isUpdatable
        self.isRequired = isRequired
    }
}

/// An object's fields as the integration's user may see them.
public struct ObjectSchema: Sendable, Hashable, Codable {
    public var name: String
    public var fields: [FieldSchema]

    public init(name: String, fields: [FieldSchema]) {
        self.name = name
        self.fields = fields
    }
}
