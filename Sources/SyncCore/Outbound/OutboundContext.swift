public import Contracts

/// What stays the same from one decision about outbound to the next: an integration's settings and both sides' fields.
public struct OutboundContext: Sendable {
    public let integration: String
    public let settings: OutboundSettings
    public let profile: Profile
    let mappings: [CRMObject: [FieldMapping]]
    let crm: [CRMObject: FieldIndex]
    private let contacts: FieldIndex
    private let accounts: FieldIndex?
    private let creates: [CRMObject: [OutgoingField]]
    private let updates: [CRMObject: [OutgoingField]]

    /// - Parameters:
    ///   - crm: The CRM's fields; objects that are not described do not sync.
    ///   - contacts: The fields of marketing's people.
    ///   - accounts: The fields of marketing's accounts (MAP-4).
    public init(
        settings: IntegrationSettings, crm: [CRMObject: FieldIndex], contacts: FieldIndex, accounts: FieldIndex? = nil
    ) {
        integration = settings.name
        self.settings = settings.outbound
        profile = Profile(name: settings.profile)
        self.crm = crm
        self.contacts = contacts
        self.accounts = accounts
        let mappings = Dictionary(uniqueKeysWithValues: CRMObject.allCases.map { ($0, settings.mappings(of: $0)) })
        self.mappings = mappings
        func fields(inCreate isCreate: Bool) -> [CRMObject: [OutgoingField]] {
            var fields: [CRMObject: [OutgoingField]] = [:]
            for (object, index) in crm {
                guard let marketing = object.isPerson ? contacts : accounts else { continue }
                fields[object] = OutgoingField.all(of: mappings[object] ?? [], crm: index, marketing: marketing, isCreate)
            }
            return fields
        }
        creates = fields(inCreate: true)
        updates = fields(inCreate: false)
    }

    /// The fields that take part in a write of a new record, or else of a known one.
    func fields(of object: CRMObject, inCreate isCreate: Bool) -> [OutgoingField] {
        (isCreate ? creates : updates)[object] ?? []
    }

    /// Marketing's fields of the records that an object's are paired with.
    func marketing(of object: CRMObject) -> FieldIndex? { object.isPerson ? contacts : accounts }

    func type(of field: String, in object: CRMObject) -> FieldType? { crm[object]?[field]?.type }

    public func key(_ object: CRMObject, _ id: String) -> RecordKey {
        RecordKey(integration: integration, object: object.rawValue, recordID: id)
    }
}

/// A mapped field on its way out, known on both sides.
struct OutgoingField: Sendable {
    var mapping: FieldMapping
    /// In the CRM.
    var source: FieldSchema
    /// In marketing.
    var target: FieldSchema

    /// A marketing field mapped more than once takes its value from the first mapping: it holds only one.
    fileprivate static func all(
        of mappings: [FieldMapping], crm: FieldIndex, marketing: FieldIndex, _ isCreate: Bool
    ) -> [OutgoingField] {
        var taken: Set<String> = []
        return mappings.compactMap { mapping in
            guard mapping.flowsOut(inCreate: isCreate), let source = crm[mapping.crm], let target = marketing[mapping.marketing],
                taken.insert(target.name).inserted
            else { return nil }
            return OutgoingField(mapping: mapping, source: source, target: target)
        }
    }

    func outgoing(_ value: FieldValue) throws(ConversionFailure) -> JSONValue {
        try SyncCore.outgoing(value, through: mapping, crmType: source.type, marketingType: target.type)
    }
}
