import Contracts

/// The rows of an ingest job as CSV: one column per field that any of them has. An empty cell leaves the record's field as
/// it is, `#N/A` clears it.
struct CSVWriter {
    static let cleared = "#N/A"

    private let columns: [String]
    private(set) var text: [UInt8] = []

    init(columns: [String]) {
        self.columns = columns
        append(columns)
    }

    /// Adds a row unless the text would grow above `limit` bytes; whether it was added.
    mutating func add(_ row: [String: JSONValue], upTo limit: Int) -> Bool {
        let length = text.count
        append(columns.map { row[$0].map(Self.cell) ?? "" })
        guard text.count > limit else { return true }
        text.removeSubrange(length...)
        return false
    }

    private static func cell(_ value: JSONValue) -> String {
        switch value {
        case .null, .string(""): cleared
        case .string(let text): text
        case .boolean, .integer, .double, .array, .object: String(decoding: value.serialized(), as: UTF8.self)
        }
    }

    private mutating func append(_ cells: [String]) {
        for (place, cell) in cells.enumerated() {
            if place > 0 { text.append(UInt8(ascii: ",")) }
            guard !cell.isEmpty else { continue }
            text.append(UInt8(ascii: "\""))
            for byte in cell.utf8 {
                if byte == UInt8(ascii: "\"") { text.append(byte) }
                text.append(byte)
            }
            text.append(UInt8(ascii: "\""))
        }
        text.append(UInt8(ascii: "\n"))
    }
}
