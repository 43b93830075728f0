import Connectors
import SyncCore

/// The rows of a bulk result as they come, found by their columns' names.
struct BulkTable {
    /// One row; its cells are found ignoring case.
    struct Row {
        fileprivate let columns: [String: Int]
        let cells: [String]

        /// The text of a field or, by its path, of a parent's (`Account.Name`); `nil` where it has none.
        subscript(_ column: String) -> String? {
            guard let place = columns[column.lowercased()], !cells[place].isEmpty else { return nil }
            return cells[place]
        }
    }

    /// The columns without which the table is of no use.
    private let required: [String]
    private var reader = CSVReader()
    private var columns: [String: Int]?
    private var width = 0

    init(requiring required: [String]) { self.required = required }

    /// Takes the next piece of the text; ``next()`` then gives the rows in it.
    mutating func add(_ piece: [UInt8]) { reader.add(piece) }

    mutating func next() throws(SyncError) -> Row? {
        while let cells = try reader.next() {
            if let row = try row(cells) { return row }
        }
        return nil
    }

    /// The row with which the text ended, if it did so without a line break. A text without even a header has no rows.
    mutating func finish() throws(SyncError) -> Row? {
        guard let cells = try reader.finish() else { return nil }
        return try row(cells)
    }

    /// `nil` for the header.
    private mutating func row(_ cells: [String]) throws(SyncError) -> Row? {
        guard let columns else {
            let named = Dictionary(
                cells.enumerated().map { ($1.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
            let missing = required.filter { named[$0.lowercased()] == nil }
            guard missing.isEmpty else { throw reader.malformed("no column \(missing.joined(separator: ", "))") }
            columns = named
            width = cells.count
            return nil
        }
        guard cells.count == width else { throw reader.malformed("\(cells.count) cells instead of \(width)") }
        return Row(columns: columns, cells: cells)
    }
}
