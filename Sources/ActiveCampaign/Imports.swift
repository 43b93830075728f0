import Connectors
import Contracts
import SyncCore

/// The bulk importer: up to 250 people a call, found by email or created, written by and by.
struct Imports: Sendable {
    private static let mostContacts = 250
    private static let mostBytes = 399_999
    /// `{"contacts":[` and `]}`.
    private static let frame = 15

    let session: ActiveCampaignSession

    /// The longest head that fits one import. It ends before a person the importer cannot take: one with a field to be emptied,
    /// which is only known of single writes, or one too large for a call.
    func fitting(_ contacts: [ContactWrite]) -> Int {
        var bytes = Self.frame
        for (index, contact) in contacts.prefix(Self.mostContacts).enumerated() {
            guard !contact.fields.values.contains(where: \.isBlank),
                let item = try? ContactFields.importItem(contact)
            else { return index }
            bytes += item.serialized().count + (index > 0 ? 1 : 0)
            guard bytes <= Self.mostBytes else { return index }
        }
        return min(contacts.count, Self.mostContacts)
    }

    func start(_ contacts: [ContactWrite]) async throws(SyncError) -> String {
        var items: [JSONValue] = []
        for contact in contacts { items.append(try ContactFields.importItem(contact)) }
        let answer = try await session.call(
            "POST", "import/bulk_import", body: ["contacts": .array(items)], effect: .write)
        guard (answer["success"] ?? answer["Success"])?.intValue == 1, let id = answer["batchId"]?.textValue else {
            throw .unusableAnswer("the answer to an import names no batch", effect: .write)
        }
        return id
    }

    func progress(_ id: String) async throws(SyncError) -> ImportProgress {
        do throws(SyncError) {
            let answer = try await session.call("GET", "import/info", query: [("batchId", id)])
            switch answer["status"]?.stringValue {
            case "completed":
                return .finished(
                    succeeded: Set((answer["success"]?.arrayValue ?? []).compactMap(\.textValue)),
                    failed: (answer["failure"]?.arrayValue ?? []).compactMap(Self.failure))
            case let status? where ["failed", "interrupted"].contains(status):
                return .lost(
                    SyncError(.transient, code: "import-\(status)", message: "ActiveCampaign gave the import up: \(status)"))
            default:
                return .running
            }
        } catch  where error.errorClass == .permanent {
            return .lost(error)
        }
    }

    private static func failure(_ item: JSONValue) -> FailedImport? {
        (item.stringValue ?? item["email"]?.stringValue).map {
            FailedImport(email: $0.lowercased(), reason: item["failureReason"]?.stringValue)
        }
    }
}
