/// One field of an emulated object, with what `describe` tells of it.
public struct SalesforceField: Sendable, Hashable {
    /// The `type` of a describe.
    public enum Kind: String, Sendable, Hashable {
        case id, string, textarea, email, phone, url, picklist, multipicklist, reference, address
        case boolean, int, double, currency, percent, date, datetime
    }

    public var name: String
    public var label: String
    public var kind: Kind
    /// In UTF-16 units; 0 for kinds without a length.
    public var length = 0
    public var precision = 0
    public var scale = 0
    public var isNillable = true
    /// What a record created without the field gets.
    public var defaultValue: SandboxValue?
    public var isCreatable = true
    public var isUpdatable = true
    public var isFilterable = true
    public var isExternalID = false
    public var isUnique = false
    /// Usable as the key of an upsert and indexed for queries.
    public var isLookupKey = false
    public var isCaseSensitive = false
    public var isCalculated = false
    public var options: [String] = []
    public var isRestricted = false
    public var referenceTo: [String] = []
    /// Whether queries may follow the reference to its parent.
    public var isTraversable = true
    /// The compound field this is a part of, e.g. `Name`.
    public var compound: String?

    public init(_ name: String, label: String? = nil, _ kind: Kind) {
        self.name = name
        self.label = label ?? Self.label(for: name)
        self.kind = kind
        if kind == .boolean {
            isNillable = false
            defaultValue = false
        }
    }

    /// What queries call the parent: `Account` for `AccountId`, `Region__r` for `Region__c`.
    var relationshipName: String? {
        guard kind == .reference, isTraversable else { return nil }
        return isCustom ? name.dropLast(3) + "__r" : (name.hasSuffix("Id") ? String(name.dropLast(2)) : nil)
    }

    public var isCustom: Bool { name.hasSuffix("__c") }
    /// Whether a create without it is refused.
    var isRequired: Bool { !isNillable && defaultValue == nil && isCreatable }
    var isText: Bool {
        switch kind {
        case .string, .textarea, .email, .phone, .url, .picklist, .multipicklist: true
        default: false
        }
    }

    /// `FirstName` → `First Name`, `Tandem_Id__c` → `Tandem Id`.
    private static func label(for name: String) -> String {
        let bare = name.hasSuffix("__c") ? String(name.dropLast(3)) : name
        var label = ""
        for (index, character) in bare.enumerated() {
            if character == "_" {
                label.append(" ")
            } else {
                if index > 0, character.isUppercase, let last = label.last, last.isLowercase { label.append(" ") }
                label.append(character)
            }
        }
        return label
    }
}

extension SalesforceField {
    public static func text(_ name: String, _ length: Int, required: Bool = false) -> SalesforceField {
        var field = SalesforceField(name, .string)
        field.length = length
        field.isNillable = !required
        return field
    }

    /// A text of its own kind: phone, email, url, textarea.
    public static func text(_ name: String, _ kind: Kind, _ length: Int) -> SalesforceField {
        var field = SalesforceField(name, kind)
        field.length = length
        field.isLookupKey = kind == .email
        field.isFilterable = kind != .textarea || length <= 255
        return field
    }

    /// A unique external ID of text, compared without regard to case.
    public static func externalID(_ name: String, _ length: Int) -> SalesforceField {
        var field = text(name, length)
        field.isExternalID = true
        field.isUnique = true
        field.isLookupKey = true
        return field
    }

    public static func picklist(
        _ name: String, _ options: [String], restricted: Bool = false, multi: Bool = false, default value: String? = nil
    ) -> SalesforceField {
        var field = SalesforceField(name, multi ? .multipicklist : .picklist)
        field.length = multi ? 4099 : 255
        field.options = options
        field.isRestricted = restricted
        field.defaultValue = value.map { .string($0) }
        field.isNillable = value == nil
        return field
    }

    /// `precision` digits in all, `scale` of them after the point.
    public static func number(_ name: String, _ kind: Kind = .double, precision: Int = 18, scale: Int = 2) -> SalesforceField {
        var field = SalesforceField(name, kind)
        field.precision = precision
        field.scale = scale
        return field
    }

    public static func plain(_ name: String, _ kind: Kind) -> SalesforceField {
        SalesforceField(name, kind)
    }

    public static func reference(_ name: String, to objects: String...) -> SalesforceField {
        var field = SalesforceField(name, .reference)
        field.length = 18
        field.referenceTo = objects
        return field
    }

    /// The same field, to be read only.
    public var readOnly: SalesforceField {
        var field = self
        field.isCreatable = false
        field.isUpdatable = false
        return field
    }

    /// The two fields a customer adds for Tandem: the unique external ID and the sync status.
    public static let tandem: [SalesforceField] = [
        .externalID("Tandem_Id__c", 64),
        .picklist("Tandem_Sync_Status__c", ["Waiting for next sync", "Synced successfully"], restricted: true),
    ]
}
