import Contracts
import Testing

@testable import SyncCore

@Suite("Folding changes")
struct PendingChangeTests {
    @Test("IN-2 the newest value per field wins")
    func newestWins() {
        var pending = PendingChange(change(at: 1, ["firstName": "Ann", "phone": "1"]), sequence: 1)
        pending.merge(PendingChange(change(at: 2, ["firstName": "Anna"]), sequence: 2))
        #expect(pending.fields["firstName"]?.value == "Anna")
        #expect(pending.fields["phone"]?.value == "1")
    }
}

func change(at seconds: Int64, _ fields: [String: JSONValue], tags: [String]? = nil) -> RecordChange {
    RecordChange(
        key: RecordKey(integration: "acme", object: "contact", recordID: "10"), occurredAt: Timestamp(seconds: seconds),
        fields: fields, tags: tags)
}
