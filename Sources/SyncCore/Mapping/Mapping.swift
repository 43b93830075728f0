/// A kind of record in the CRM.
public enum CRMObject: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
    case contact, lead, account, opportunity

    /// The kinds of person.
    public static let people: [CRMObject] = [.contact, .lead]

    public var isPerson: Bool { Self.people.contains(self) }
}

/// Which way a mapped field's values flow (MAP-10).
public enum MappingDirection: String, Sendable, Hashable, Codable, CaseIterable {
    case both, inbound, outbound
}

/// On which kinds of write a mapped field takes part (MAP-10).
public enum WriteScope: String, Sendable, Hashable, Codable, CaseIterable {
    case createAndUpdate = "create-and-update"
    case createOnly = "create-only"
    case updateOnly = "update-only"
}

/// Who wins when both sides changed a field to different values (MAP-10).
public enum ConflictRule: String, Sendable, Hashable, Codable, CaseIterable {
    case crmWins = "crm-wins"
    case marketingWins = "marketing-wins"
    case newestWins = "newest-wins"
    case crmUnlessBlank = "crm-unless-blank"
    case marketingUnlessBlank = "marketing-unless-blank"
    case fillEmptyOnly = "fill-empty-only"
    case review
}

/// One marketing field paired with one CRM field.
public struct FieldMapping: Sendable, Hashable, Codable {
    /// The marketing field's key or alias (`email`, `field:7`, `perstag:INCOME`).
    public var marketing: String
    /// The CRM field's API name.
    public var crm: String
    public var direction: MappingDirection
    public var scope: WriteScope
    public var rule: ConflictRule
    /// Applied in order to the marketing value before it is converted to the CRM field's type.
    public var transforms: [Transform]

    public init(
        marketing: String, crm: String, direction: MappingDirection = .both, scope: WriteScope = .createAndUpdate,
        rule: ConflictRule = .crmWins, transforms: [Transform] = []
    ) {
        self.marketing = marketing
        self.crm = crm
        self.direction = direction
        self.scope = scope
        self.rule = rule
        self.transforms = transforms
    }
}

/// A typed step between a marketing value and its CRM field (MAP-10).
public enum Transform: Sendable, Hashable, Codable {
    case trim
    case lowercase, uppercase, titlecase
    /// Keeps the part at `index` (from 0; negative counts from the end) after splitting at `separator`.
    case split(separator: String, index: Int)
    /// Joins the parts of a multi-select with `separator`.
    case join(separator: String)
    /// Replaces a value found in `table`; `otherwise` replaces any other, `nil` leaves it.
    case lookup(table: [String: String], otherwise: String?)
    /// Reads a date in this order of parts, where the text alone would be ambiguous.
    case dateFormat(DateOrder)
    /// Reads a number with this decimal separator, where the text alone would be ambiguous.
    case numberFormat(decimalSeparator: String)
    /// Stands in for a blank.
    case defaultValue(String)
}

public enum DateOrder: String, Sendable, Hashable, Codable, CaseIterable {
    case dayMonthYear = "dmy"
    case monthDayYear = "mdy"
    case yearMonthDay = "ymd"
}
