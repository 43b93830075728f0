import Connectors
import SyncCore

/// Keeps two writes to one record out of the same call, where Salesforce would fail both.
enum WriteOrder {
    /// The rows in waves: the second write to a record is in a later wave than the first.
    static func waves(_ rows: [Int], of writes: [CRMWrite]) -> [[Int]] {
        var next: [String: Int] = [:]
        var waves: [[Int]] = []
        for row in rows {
            let keys = keys(writes[row])
            let wave = keys.compactMap { next[$0] }.max() ?? 0
            for key in keys { next[key] = wave + 1 }
            if wave == waves.count { waves.append([]) }
            waves[wave].append(row)
        }
        return waves
    }

    private static func keys(_ write: CRMWrite) -> [String] {
        switch write.target {
        case .update(let id):
            ["\(write.object) \(RecordID.key(id))"] + (write.stampExternalID.map { [key(write.object, externalID: $0)] } ?? [])
        case .upsert(let externalID): [key(write.object, externalID: externalID)]
        }
    }

    private static func key(_ object: CRMObject, externalID: String) -> String {
        "\(object) external \(externalID.lowercased())"
    }
}
