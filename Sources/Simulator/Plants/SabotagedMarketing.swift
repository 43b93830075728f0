import Connectors
import Contracts
import SyncCore

/// What is wrong with a marketing platform's connector.
struct MarketingSabotage: Sendable {
    var write: @Sendable (ContactWrite, any MarketingDestination) async throws(SyncError) -> WrittenContact = {
        (contact, marketing) async throws(SyncError) in try await marketing.write(contact)
    }
    /// What becomes of a tag that could not be put on or taken off; throws what the connector throws.
    var tagFailure: @Sendable (SyncError) throws(SyncError) -> Void = { (error) throws(SyncError) in throw error }
}

/// A marketing platform's connector with something wrong with it.
struct SabotagedMarketing: MarketingPlatform, MarketingDestination, MarketingDirectory {
    let marketing: any MarketingPlatform & MarketingDestination & MarketingDirectory
    let sabotage: MarketingSabotage

    func probe() async throws(SyncError) { try await marketing.probe() }
    func describeContacts() async throws(SyncError) -> ObjectSchema { try await marketing.describeContacts() }
    func contact(id: String) async throws(SyncError) -> MarketingContact? { try await marketing.contact(id: id) }

    func addTag(_ tag: String, toContact id: String) async throws(SyncError) {
        do throws(SyncError) { try await marketing.addTag(tag, toContact: id) } catch { try sabotage.tagFailure(error) }
    }

    func removeTag(_ tag: String, fromContact id: String) async throws(SyncError) {
        do throws(SyncError) { try await marketing.removeTag(tag, fromContact: id) } catch { try sabotage.tagFailure(error) }
    }

    func contacts(ids: [String]) async throws(SyncError) -> [String: MarketingContact] { try await marketing.contacts(ids: ids) }

    func contact(email: String) async throws(SyncError) -> MarketingContact? { try await marketing.contact(email: email) }

    func write(_ contact: ContactWrite) async throws(SyncError) -> WrittenContact { try await sabotage.write(contact, marketing) }

    func importable(_ contacts: [ContactWrite]) -> Int { marketing.importable(contacts) }
    func startImport(_ contacts: [ContactWrite]) async throws(SyncError) -> String { try await marketing.startImport(contacts) }
    func importProgress(_ id: String) async throws(SyncError) -> ImportProgress { try await marketing.importProgress(id) }

    func peopleRanges(size: Int) async throws(SyncError) -> (ranges: [IDRange], count: Int) {
        try await marketing.peopleRanges(size: size)
    }

    func people(in range: IDRange, after id: String?) async throws(SyncError) -> MarketingPage {
        try await marketing.people(in: range, after: id)
    }

    func customValues(from place: String?) async throws(SyncError) -> MarketingValuesPage {
        try await marketing.customValues(from: place)
    }

    func describeAccounts() async throws(SyncError) -> ObjectSchema { try await marketing.describeAccounts() }

    func account(named name: String) async throws(SyncError) -> MarketingAccount? { try await marketing.account(named: name) }

    func writeAccount(id: String?, fields: [String: JSONValue]) async throws(SyncError) -> String {
        try await marketing.writeAccount(id: id, fields: fields)
    }

    func associate(contact: String, account: String) async throws(SyncError) {
        try await marketing.associate(contact: contact, account: account)
    }

    func writeOpportunity(_ opportunity: OpportunityWrite) async throws(SyncError) {
        try await marketing.writeOpportunity(opportunity)
    }
}
