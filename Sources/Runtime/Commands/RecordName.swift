import Foundation
import SyncCore

/// A record as an operator names it: `acme/contact/003…`, `acme/lead/00Q…`, `acme/marketing/48213`, or with a bare id or email
/// address behind the integration.
struct RecordName: Equatable {
    enum Record: Equatable {
        case crm(CRMObject, id: String)
        case marketing(id: String)
        case email(String)
    }

    var integration: String
    var record: Record

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), !parts.contains("") else { return nil }
        integration = parts[0]
        guard parts.count == 3 else {
            record = Self.bare(parts[1])
            return
        }
        if parts[1] == "marketing" {
            record = .marketing(id: parts[2])
        } else if let object = CRMObject(rawValue: parts[1]) {
            record = .crm(object, id: Self.full(parts[2]))
        } else {
            return nil
        }
    }

    /// Salesforce tells objects apart by the first three characters of their ids; marketing counts its records.
    private static func bare(_ text: String) -> Record {
        if text.contains("@") { return .email(text) }
        let prefixes: [(String, CRMObject)] = [("003", .contact), ("00Q", .lead), ("001", .account), ("006", .opportunity)]
        if [15, 18].contains(text.utf8.count), let (_, object) = prefixes.first(where: { text.hasPrefix($0.0) }) {
            return .crm(object, id: full(text))
        }
        return .marketing(id: text)
    }

    /// The 18 characters of a Salesforce id of which 15 are given: behind each five, which of them are capitals.
    private static func full(_ id: String) -> String {
        let bytes = Array(id.utf8)
        guard bytes.count == 15 else { return id }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")
        let suffix = stride(from: 0, to: 15, by: 5).map { start in
            let capitals = (0..<5).filter { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(bytes[start + $0]) }
            return alphabet[capitals.reduce(0) { $0 | 1 << $1 }]
        }
        return id + String(suffix)
    }
}
