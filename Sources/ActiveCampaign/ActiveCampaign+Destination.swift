public import Connectors
public import Contracts
public import SyncCore

/// What outbound writes. Everything may be repeated: people are found by id or email, accounts by name, opportunities by their
/// external id, and every write sets values instead of adding to them.
extension ActiveCampaign: MarketingDestination {
    private static let idsPerCall = 100

    // MARK: People

    /// One call for 100 people, and one for each that it does not show: an unknown parameter is ignored without a word, and a
    /// page may be shorter than asked for, so only its own 404 says that a person is gone.
    public func contacts(ids: [String]) async throws(SyncError) -> [String: MarketingContact] {
        var found: [String: MarketingContact] = [:]
        for start in stride(from: 0, to: ids.count, by: Self.idsPerCall) {
            let wanted = ids[start..<min(start + Self.idsPerCall, ids.count)]
            let query = [("ids", wanted.joined(separator: ",")), ("limit", String(Self.idsPerCall))]
            for row in try await session.call("GET", "contacts", query: query)["contacts"]?.arrayValue ?? [] {
                guard let id = row["id"]?.textValue, wanted.contains(id) else { continue }
                found[id] = ContactFields.contact(row, id: id)
            }
            for id in wanted where found[id] == nil { found[id] = try await standardFields(id) }
        }
        return found
    }

    /// One call. A filter the server ignores only makes the list longer: emails are compared here.
    public func contact(email: String) async throws(SyncError) -> MarketingContact? {
        let answer = try await session.call("GET", "contacts", query: [("email", email)])
        guard let rows = answer["contacts"]?.arrayValue else {
            throw SyncError(.transient, code: "unusable-answer", message: "the answer to contacts has no contacts")
        }
        for row in rows where row["email"]?.stringValue?.lowercased() == email.lowercased() {
            if let id = row["id"]?.textValue { return ContactFields.contact(row, id: id) }
        }
        return nil
    }

    func standardFields(_ id: String) async throws(SyncError) -> MarketingContact? {
        do throws(SyncError) {
            return ContactFields.contact(try await row(of: id), id: id)
        } catch  where error.code == "not-found" {
            return nil
        }
    }

    private func row(of id: String) async throws(SyncError) -> JSONValue {
        try Self.row(in: try await session.call("GET", "contacts/\(URLText.encoded(id))"))
    }

    private static func row(in answer: JSONValue) throws(SyncError) -> JSONValue {
        guard let row = answer["contact"], row.objectValue != nil else {
            throw SyncError(.transient, code: "unusable-answer", message: "the answer holds no contact")
        }
        return row
    }

    /// One call. An account's name that the answer does not show yet costs one more for a name met lately, up to four when the
    /// account is new, and three more when the contact has to leave another one.
    ///
    /// Where the plan has no accounts the rest is written all the same; that the name is not is said once.
    public func write(_ contact: ContactWrite) async throws(SyncError) -> WrittenContact {
        let row = try await writtenRow(contact)
        guard let id = row["id"]?.textValue else {
            throw SyncError(.transient, code: "unusable-answer", message: "the answer to a written contact has no id")
        }
        var written = WrittenContact(id: id)
        if let name = contact.fields[ContactFields.accountName].map({ $0.stringValue ?? "" }),
            Accounts.key(name) != Accounts.key(row["orgname"]?.stringValue ?? "")
        {
            do throws(SyncError) {
                try await accounts.assign(id, to: name)
            } catch  where error.code == Accounts.notAvailable {
                await notices.once(error.message + ": the names of people's accounts are not written")
            } catch {
                written.unfinished = error
                written.unfinished?.fields = [ContactFields.accountName]
            }
        }
        return written
    }

    /// The contact as it is after the write; only read when nothing but the account's name is to be written.
    private func writtenRow(_ contact: ContactWrite) async throws(SyncError) -> JSONValue {
        var body = try ContactFields.body(contact.fields)
        guard let id = contact.id else {
            body["email"] = .string(contact.email)
            return try Self.row(in: try await session.call("POST", "contact/sync", body: ["contact": .object(body)]))
        }
        guard !body.isEmpty else { return try await row(of: id) }
        let path = "contacts/\(URLText.encoded(id))"
        return try Self.row(in: try await session.call("PUT", path, body: ["contact": .object(body)]))
    }

    // MARK: Imports

    public func importable(_ contacts: [ContactWrite]) -> Int { Imports(session: session).fitting(contacts) }

    /// One call for up to 250 people and 399,999 bytes. Automations run as for single writes; webhooks never do.
    ///
    /// A permanent error refuses the whole call, and names the contacts at fault by their place from 0. A lost answer is
    /// `.inDoubt`: the import may be under way, and may write these values at any later time.
    public func startImport(_ contacts: [ContactWrite]) async throws(SyncError) -> String {
        try await Imports(session: session).start(contacts)
    }

    public func importProgress(_ id: String) async throws(SyncError) -> ImportProgress {
        try await Imports(session: session).progress(id)
    }

    // MARK: Accounts

    public func describeAccounts() async throws(SyncError) -> ObjectSchema { try await accounts.describe() }

    public func account(named name: String) async throws(SyncError) -> MarketingAccount? { try await accounts.named(name) }

    public func writeAccount(id: String?, fields: [String: JSONValue]) async throws(SyncError) -> String {
        try await accounts.write(id: id, fields: fields)
    }

    public func associate(contact: String, account: String) async throws(SyncError) {
        try await accounts.associate(contact: contact, account: account)
    }

    // MARK: Opportunities

    public func writeOpportunity(_ opportunity: OpportunityWrite) async throws(SyncError) {
        try await opportunities.write(opportunity)
    }
}
