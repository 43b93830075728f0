public import Contracts
public import SyncCore

/// A person as the marketing platform has it.
public struct MarketingContact: Sendable, Equatable {
    public var id: String
    public var fields: [String: JSONValue]
    public var tags: [String]
    public var updatedAt: Timestamp?

    public init(id: String, fields: [String: JSONValue], tags: [String], updatedAt: Timestamp?) {
        self.id = id
        self.fields = fields
        self.tags = tags
        self.updatedAt = updatedAt
    }
}

/// A marketing platform, as a port: people as they are, and their tags.
public protocol MarketingPlatform: Sendable {
    func probe() async throws(SyncError)
    /// Every field a contact can have: standard ones first, then custom ones, all pages read.
    func describeContacts() async throws(SyncError) -> ObjectSchema
    func contact(id: String) async throws(SyncError) -> MarketingContact?
    /// Gives the contact a tag, creating the tag when the account has none of that name; harmless when repeated.
    func addTag(_ tag: String, toContact id: String) async throws(SyncError)
    func removeTag(_ tag: String, fromContact id: String) async throws(SyncError)
}
