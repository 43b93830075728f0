import Connectors
import SyncCore

extension MarketingSabotage {
    typealias Write = @Sendable (ContactWrite, any MarketingDestination) async throws(SyncError) -> WrittenContact

    /// Whoever has the email is meant, or somebody new.
    static let byEmail: Write = { (contact, marketing) async throws(SyncError) in
        var contact = contact
        contact.id = nil
        return try await marketing.write(contact)
    }

    /// Who is not there any more is created.
    static let again: Write = { (contact, marketing) async throws(SyncError) in
        do throws(SyncError) {
            return try await marketing.write(contact)
        } catch  where error.code == "not-found" {
            return try await byEmail(contact, marketing)
        }
    }
}
