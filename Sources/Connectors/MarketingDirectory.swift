public import Contracts
public import SyncCore

/// People of a marketing platform in the order of their ids, as many as one call gives.
public struct MarketingPage: Sendable, Equatable {
    /// With their standard fields.
    public var people: [MarketingContact]
    /// The id after which the next page begins; `nil` when this was the last one.
    public var next: String?

    public init(people: [MarketingContact], next: String?) {
        self.people = people
        self.next = next
    }
}

/// Values of custom fields, by person, as many as one call gives.
public struct MarketingValuesPage: Sendable, Equatable {
    /// By the person's id, then by our keys (`field:7`).
    public var values: [String: [String: JSONValue]]
    /// Where the next page begins; `nil` when this was the last one.
    public var next: String?

    public init(values: [String: [String: JSONValue]], next: String?) {
        self.values = values
        self.next = next
    }
}

/// A marketing platform as runs read it whole, as a port.
public protocol MarketingDirectory: Sendable {
    /// Cuts the people into ranges of about `size`, by one call; and how many there are.
    func peopleRanges(size: Int) async throws(SyncError) -> (ranges: [IDRange], count: Int)
    /// One page of the people in a range, by one call.
    func people(in range: IDRange, after id: String?) async throws(SyncError) -> MarketingPage
    /// One page of all people's values of custom fields, by one call. What changes meanwhile may be missing or come twice.
    func customValues(from place: String?) async throws(SyncError) -> MarketingValuesPage
}
