public import Contracts
public import SyncCore

public import struct Foundation.Decimal

/// What is written to one person in marketing.
public struct ContactWrite: Sendable, Equatable {
    /// `nil` for a person who is found by email or created.
    public var id: String?
    public var email: String
    /// By our keys (`firstName`, `field:7`, `accountName`), in the platform's own form; what is missing stays as it is, a blank
    /// empties.
    public var fields: [String: JSONValue]
    /// Given along with an import, by name; single writes leave tags alone.
    public var tags: [String]

    public init(id: String? = nil, email: String, fields: [String: JSONValue], tags: [String] = []) {
        self.id = id
        self.email = email
        self.fields = fields
        self.tags = tags
    }
}

/// A person who was written.
public struct WrittenContact: Sendable, Equatable {
    public var id: String
    /// Why fields that take calls of their own, which it names, are not written though everything else is; `nil` when all is.
    public var unfinished: SyncError?

    public init(id: String, unfinished: SyncError? = nil) {
        self.id = id
        self.unfinished = unfinished
    }
}

/// How far an import has come.
public enum ImportProgress: Sendable, Equatable {
    case running
    /// Both in no particular order. A person in neither was taken over without a word.
    case finished(succeeded: Set<String>, failed: [FailedImport])
    /// The platform does not know the import, or gave it up.
    case lost(SyncError)
}

/// A person an import refused.
public struct FailedImport: Sendable, Hashable {
    public var email: String
    public var reason: String?

    public init(email: String, reason: String? = nil) {
        self.email = email
        self.reason = reason
    }
}

/// A company in marketing.
public struct MarketingAccount: Sendable, Equatable {
    public var id: String
    public var name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// An opportunity as marketing shows it (MAP-5).
public struct OpportunityWrite: Sendable, Equatable {
    /// The CRM opportunity's id.
    public var externalID: String
    public var name: String
    public var amount: Decimal?
    public var stage: String
    public var closeDate: CalendarDate?
    /// The person in marketing it belongs to.
    public var contactID: String?

    public init(
        externalID: String, name: String, amount: Decimal?, stage: String, closeDate: CalendarDate?, contactID: String?
    ) {
        self.externalID = externalID
        self.name = name
        self.amount = amount
        self.stage = stage
        self.closeDate = closeDate
        self.contactID = contactID
    }
}

/// A marketing platform as the outbound path writes to it, as a port. Every write may be repeated without harm.
public protocol MarketingDestination: Sendable {
    // MARK: People

    /// The standard fields of people by id, 100 a call; who does not exist is missing.
    func contacts(ids: [String]) async throws(SyncError) -> [String: MarketingContact]
    /// The standard fields of the person with this email, ignoring case.
    func contact(email: String) async throws(SyncError) -> MarketingContact?
    /// Writes one person, in one call unless the account's name is among the fields: by id, or else by email.
    ///
    /// Throws `not-found` (permanent) when the known person is gone, `duplicate` when the email is another person's. Once the
    /// person is written it throws no more: the id must not get lost.
    func write(_ contact: ContactWrite) async throws(SyncError) -> WrittenContact

    /// The longest head of `contacts` that fits one import; 0 when the first one has to be written by itself, because it is too
    /// large or has a field to be emptied.
    func importable(_ contacts: [ContactWrite]) -> Int
    /// Hands people over to be written by and by, found by their email; returns the import's id.
    ///
    /// Throws `.permanent` when the platform refuses them all for the sake of some, and `.inDoubt` when the answer was lost: the
    /// import may then be under way, and may write these values at any later time.
    func startImport(_ contacts: [ContactWrite]) async throws(SyncError) -> String
    func importProgress(_ id: String) async throws(SyncError) -> ImportProgress

    // MARK: Accounts (MAP-4)

    func describeAccounts() async throws(SyncError) -> ObjectSchema
    /// The account of this name, ignoring case.
    func account(named name: String) async throws(SyncError) -> MarketingAccount?
    /// Creates an account, or changes the known one; returns its id. `fields` by our keys (`name`, `accountUrl`, `field:3`).
    func writeAccount(id: String?, fields: [String: JSONValue]) async throws(SyncError) -> String
    /// Makes the contact belong to the account, and to no other.
    func associate(contact: String, account: String) async throws(SyncError)

    // MARK: Opportunities (MAP-5)

    /// Creates or changes the opportunity's custom object record, making the schema first if the account has none.
    func writeOpportunity(_ opportunity: OpportunityWrite) async throws(SyncError)
}
