public import Contracts

/// A record as the CRM answered it, values already typed.
public struct CRMRecord: Sendable, Hashable {
    public var object: CRMObject
    public var id: String
    /// By API name; a field that was asked for and has no value is `.blank`, one that was not asked for is missing.
    public var values: [String: FieldValue]
    /// Tandem's external ID field, when it is set.
    public var externalID: String?
    /// The sync status field (IN-6, OUT-6); `nil` when blank.
    public var syncStatus: String?
    public var modifiedAt: Timestamp?
    public var createdAt: Timestamp?
    /// `SystemModstamp`: when anything of the record last changed; polls go by it.
    public var stamp: Timestamp?
    public var isDeleted = false
    /// The record a deleted one was merged into.
    public var mergedInto: String?
    /// The contact a converted lead became; only known where it could be.
    public var convertedTo: String?
    public var isConverted = false
    /// The account a contact belongs to, or the one an opportunity is for.
    public var accountID: String?

    /// A contact's account by name: not a field of the contact, yet mapped like one (MAP-4).
    public static let accountNameField = "Account.Name"

    public init(
        object: CRMObject, id: String, values: [String: FieldValue], externalID: String? = nil, syncStatus: String? = nil,
        modifiedAt: Timestamp? = nil
    ) {
        self.object = object
        self.id = id
        self.values = values
        self.externalID = externalID
        self.syncStatus = syncStatus
        self.modifiedAt = modifiedAt
    }
}

extension Link {
    /// Whether the record shows that it is the link's.
    func isShown(by record: CRMRecord) -> Bool { record.externalID?.lowercased() == externalID.lowercased() }

    /// Takes what the CRM holds of the values sent before for agreed on, and forgets the rest: it did not arrive.
    func confirmed(by record: CRMRecord, _ schema: FieldIndex) -> Link {
        var link = self
        for (name, value) in sent {
            guard let held = record.values[name], let type = schema[name]?.type, type.areEqual(held, value) else { continue }
            link.base[name] = value
            link.overruled.remove(name)
        }
        link.sent = [:]
        return link
    }
}
