/// What flows from the CRM to marketing, and when.
public struct OutboundSettings: Sendable, Hashable, Codable {
    /// `nil`: nothing is polled. What other producers publish is delivered all the same.
    public var schedule: Schedule?
    /// Which records marketing gets to know for the first time (OUT-1); an object without an entry has none. Linked records
    /// flow whatever it says (OUT-2).
    public var selection: [CRMObject: Selection]
    /// How far a poll looks back behind the one before, for transactions that commit late (OUT-7).
    public var overlap: Duration
    public var accounts: AccountSync
    /// Whether opportunities flow, one way and with four fixed fields (MAP-5).
    public var opportunities: Bool
    /// After so many rounds a value that keeps bouncing between the sides is frozen.
    public var bounceLimit: Int

    public init(
        schedule: Schedule? = nil, selection: [CRMObject: Selection] = [:], overlap: Duration = .seconds(600),
        accounts: AccountSync = .off, opportunities: Bool = false, bounceLimit: Int = 3
    ) {
        self.schedule = schedule
        self.selection = selection
        self.overlap = overlap
        self.accounts = accounts
        self.opportunities = opportunities
        self.bounceLimit = bounceLimit
    }

    /// Whether records of the object flow at all. People always may, for those who are linked flow whatever the selection
    /// (OUT-2).
    public func includes(_ object: CRMObject) -> Bool {
        switch object {
        case .contact, .lead: true
        case .account: if case .full = accounts { true } else { false }
        case .opportunity: opportunities
        }
    }
}

/// How the accounts of syncing people sync (MAP-4).
public enum AccountSync: Sendable, Hashable, Codable {
    case off
    /// One marketing field of the contact holds the CRM account's name, both ways.
    case nameOnly(marketingField: String)
    /// The accounts themselves sync as well, by these mappings of account fields.
    case full([FieldMapping])

    /// What maps without set-up: the name.
    public static let fullByDefault = AccountSync.full([FieldMapping(marketing: "name", crm: "Name")])
}

/// Which CRM records become known to marketing (OUT-1).
public enum Selection: Sendable, Hashable, Codable {
    case none
    /// Those created since the selection was set.
    case newFromNowOn
    /// Those whose sync status says *Waiting for next sync*.
    case marked
    case criteria(Criterion)
}

/// An and/or tree of rules on CRM fields.
public indirect enum Criterion: Sendable, Hashable, Codable {
    /// Every one of them; true when there is none.
    case all([Criterion])
    /// At least one of them; false when there is none.
    case any([Criterion])
    case rule(FieldRule)
}

/// A rule on one CRM field.
public struct FieldRule: Sendable, Hashable, Codable {
    public enum Operator: String, Sendable, Hashable, Codable, CaseIterable {
        case equals, notEquals = "not-equals"
        case lessThan = "less-than", lessOrEqual = "less-or-equal"
        case greaterThan = "greater-than", greaterOrEqual = "greater-or-equal"
        case contains, notContains = "not-contains", startsWith = "starts-with"
        case isBlank = "is-blank", isNotBlank = "is-not-blank"
        case isAnyOf = "is-any-of", isNoneOf = "is-none-of"
        /// Of a field with several choices.
        case includes, excludes
    }

    /// The CRM field's API name.
    public var field: String
    public var comparison: Operator
    /// What the field is compared with, as written in the settings; read by the field's type. One for most operators, none
    /// for the blank ones, any number for the lists.
    public var values: [String]

    public init(field: String, _ comparison: Operator, _ values: [String] = []) {
        self.field = field
        self.comparison = comparison
        self.values = values
    }
}
