import Connectors
import Contracts
import SyncCore

/// The account's companies, which it calls accounts, and who belongs to them. Names are unique ignoring case; a contact
/// belongs to one account at most.
actor Accounts {
    /// How long a name is taken to mean the same account. Anyone may rename it at any time.
    private static let rememberedFor: Duration = .seconds(600)
    private static let mostRemembered = 10_000

    /// The code of the error where the plan has none.
    static let notAvailable = "accounts-not-available"

    private let feature: PlanFeature
    private let clock: any WallClock
    private var ids: [String: (id: String, until: Timestamp)] = [:]

    init(session: ActiveCampaignSession, clock: any WallClock) {
        feature = PlanFeature("accounts", code: Self.notAvailable, session: session, clock: clock)
        self.clock = clock
    }

    func describe() async throws(SyncError) -> ObjectSchema {
        AccountFields.schema(try await feature.list("accountCustomFieldMeta", key: "accountCustomFieldMeta"))
    }

    // MARK: Accounts

    /// One call, unless a hundred names hold the one that is looked for.
    func named(_ name: String) async throws(SyncError) -> MarketingAccount? {
        try await find(name, query: [("search", Self.trimmed(name))])
    }

    /// One call. A name that is taken costs two or more: the account that has it is found and written.
    func write(id: String?, fields: [String: JSONValue]) async throws(SyncError) -> String {
        let body = try AccountFields.body(fields)
        let name = fields["name"]?.stringValue
        guard let id else { return try await create(body, name: name) }
        _ = try await feature.call("PUT", "accounts/\(URLText.encoded(id))", body: body)
        if let name { remember(name, id: id) }
        return id
    }

    private func create(_ body: JSONValue, name: String?) async throws(SyncError) -> String {
        do throws(SyncError) {
            let answer = try await feature.call("POST", "accounts", body: body)
            guard let id = answer["account"]?["id"]?.textValue else {
                throw SyncError(.transient, code: "unusable-answer", message: "the answer to a new account has no id")
            }
            if let name { remember(name, id: id) }
            return id
        } catch  where error.code == "duplicate" {
            // Made meanwhile, or earlier with an answer that was lost. How the search matches is not documented: when it does
            // not show the account, the whole list does.
            guard let name, let taken = try await holder(of: name) else { throw error }
            _ = try await feature.call("PUT", "accounts/\(URLText.encoded(taken.id))", body: body)
            return taken.id
        }
    }

    private func holder(of name: String) async throws(SyncError) -> MarketingAccount? {
        if let found = try await named(name) { return found }
        return try await find(name, query: [])
    }

    /// Reads a list of accounts whole. A search the server ignores only makes it longer: names are compared here.
    private func find(_ name: String, query: [(String, String)]) async throws(SyncError) -> MarketingAccount? {
        for row in try await feature.list("accounts", key: "accounts", query: query) {
            guard let id = row["id"]?.textValue, let other = row["name"]?.stringValue, Self.key(other) == Self.key(name) else {
                continue
            }
            remember(other, id: id)
            return MarketingAccount(id: id, name: other)
        }
        return nil
    }

    // MARK: Who belongs to them

    /// One call, or four when the contact has to leave another account first; harmless when repeated.
    func associate(contact: String, account: String) async throws(SyncError) {
        do throws(SyncError) {
            try await join(contact, account)
        } catch  where error.errorClass == .permanent {
            guard let present = try await membership(of: contact) else { throw error }
            guard present.account != account else { return }
            try await leave(present.id)
            try await join(contact, account)
        }
    }

    /// Makes the contact belong to the account of this name, made when there is none, or for a blank name to none.
    ///
    /// One call for a name met lately, besides those of ``associate(contact:account:)``: two or three for another.
    func assign(_ contact: String, to name: String) async throws(SyncError) {
        let name = Self.trimmed(name)
        guard !name.isEmpty else {
            if let present = try await membership(of: contact) { try await leave(present.id) }
            return
        }
        if let known = ids[Self.key(name)], known.until > clock.now() {
            do throws(SyncError) {
                return try await associate(contact: contact, account: known.id)
            } catch  where error.errorClass == .permanent {
                // The account may have been deleted since.
                ids[Self.key(name)] = nil
            }
        }
        let found = try await named(name)?.id
        let account = if let found { found } else { try await write(id: nil, fields: ["name": .string(name)]) }
        try await associate(contact: contact, account: account)
    }

    private func join(_ contact: String, _ account: String) async throws(SyncError) {
        let body: JSONValue = ["accountContact": ["contact": .string(contact), "account": .string(account)]]
        _ = try await feature.call("POST", "accountContacts", body: body)
    }

    private func leave(_ membership: String) async throws(SyncError) {
        do throws(SyncError) {
            _ = try await feature.call("DELETE", "accountContacts/\(URLText.encoded(membership))")
        } catch  where error.code == "not-found" {
            // Someone else was quicker.
        }
    }

    private func membership(of contact: String) async throws(SyncError) -> (id: String, account: String)? {
        for row in try await feature.list("accountContacts", key: "accountContacts", query: [("filters[contact]", contact)]) {
            if row["contact"]?.textValue == contact, let id = row["id"]?.textValue, let account = row["account"]?.textValue {
                return (id, account)
            }
        }
        return nil
    }

    // MARK: Names

    private func remember(_ name: String, id: String) {
        if ids.count >= Self.mostRemembered { ids = [:] }
        ids[Self.key(name)] = (id, clock.now().advanced(by: Self.rememberedFor))
    }

    /// A name as the account compares them.
    static func key(_ name: String) -> String { trimmed(name).lowercased() }

    private static func trimmed(_ name: String) -> String {
        String(name.trimmingPrefix(while: \.isWhitespace)).replacing(/\s+$/, with: "")
    }
}
