public import Connectors
import Contracts
public import SyncCore

/// An ActiveCampaign account as the marketing platform of an integration, through its API v3 and one call of v1.
public struct ActiveCampaign: MarketingPlatform {
    let session: ActiveCampaignSession
    let accounts: Accounts
    let opportunities: Opportunities
    let offers: Offers
    let notices: Notices
    private let tags: Tags

    /// Fails when the settings' URL is not that of an account, or would send the key in the clear.
    /// - Parameters:
    ///   - limiter: shared by everything that calls this account.
    ///   - notice: what is written differently from what was asked for, in words for the operator's log; each thing once.
    public init(
        settings: MarketingSettings, apiKey: Secret, limiter: RateLimiter, transport: any HTTPTransport, clock: any WallClock,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(SyncError) {
        session = try ActiveCampaignSession(
            url: settings.url, apiKey: apiKey, limiter: limiter, transport: transport, clock: clock
        )
        tags = Tags(session: session)
        accounts = Accounts(session: session, clock: clock)
        opportunities = Opportunities(session: session, clock: clock)
        offers = Offers(session: session, clock: clock)
        notices = Notices(notice)
    }

    public func probe() async throws(SyncError) {
        _ = try await session.call("GET", "users/me")
    }

    public func describeContacts() async throws(SyncError) -> ObjectSchema {
        ContactFields.schema(try await session.list("fields", key: "fields", alongside: "fieldOptions"))
    }

    /// Two calls: one for the contact with its custom fields, one for its tags.
    public func contact(id: String) async throws(SyncError) -> MarketingContact? {
        let path = "contacts/\(URLText.encoded(id))"
        do throws(SyncError) {
            let answer = try await session.call("GET", path)
            guard let contact = answer["contact"], contact.objectValue != nil else {
                throw SyncError(.transient, code: "unusable-answer", message: "the answer holds no contact")
            }
            let tagIDs = try await session.list("\(path)/contactTags", key: "contactTags").rows.compactMap {
                $0["tag"]?.textValue
            }
            return ContactFields.contact(
                contact, id: id, fieldValues: answer["fieldValues"]?.arrayValue ?? [], tags: try await tags.names(of: tagIDs))
        } catch  where error.code == "not-found" {
            return nil
        }
    }

    public func addTag(_ tag: String, toContact id: String) async throws(SyncError) {
        try await tags.add(tag, to: id)
    }

    public func removeTag(_ tag: String, fromContact id: String) async throws(SyncError) {
        try await tags.remove(tag, from: id)
    }
}

/// Tells the operator each thing once.
actor Notices {
    private let tell: @Sendable (String) -> Void
    private var told: Set<String> = []

    init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    func once(_ notice: String) {
        if told.insert(notice).inserted { tell(notice) }
    }
}
