import Connectors
import SyncCore

/// Reads CSV (RFC 4180) as it comes over the wire, cut anywhere: it holds one piece and one row. (SwiftCSV, which reads the
/// settings' lookup tables, needs the whole text.)
///
/// Lines end in LF or CRLF. NUL bytes, which some exports have between characters, are left out: no text field holds any.
struct CSVReader {
    /// Far above what a record of Salesforce's may hold.
    private static let maxRowBytes = 16 << 20

    private enum State {
        case cellStart
        case bare
        case quoted
        /// After a quote within a quoted cell: its end, or the first half of a quote in it.
        case quote
        case carriageReturn
    }

    private var piece: [UInt8] = []
    private var position = 0
    private var state = State.cellStart
    private var cell: [UInt8] = []
    private var cells: [String] = []
    private var rowBytes = 0
    private var line = 1
    private var isLineOver = false

    /// Takes the next piece of the text. The one before must have been read to its end, see ``next()``.
    mutating func add(_ piece: [UInt8]) {
        self.piece = piece
        position = 0
    }

    /// The next whole row; `nil` when the rest of it is in a later piece.
    mutating func next() throws(SyncError) -> [String]? {
        while position < piece.count {
            let byte = piece[position]
            position += 1
            if isLineOver { line += 1 }
            isLineOver = byte == UInt8(ascii: "\n")
            if byte != 0, try takeEndsRow(byte) { return row() }
        }
        return nil
    }

    /// The last row when the text ended without a line break; `nil` when it ended with one.
    mutating func finish() throws(SyncError) -> [String]? {
        switch state {
        case .quoted: throw malformed("the text ends within quotes")
        case .carriageReturn: throw malformed("a carriage return without a line feed")
        case .cellStart where cells.isEmpty: return nil
        case .cellStart, .bare, .quote: break
        }
        try endCell()
        return row()
    }

    /// Whether the byte was the last one of a row.
    private mutating func takeEndsRow(_ byte: UInt8) throws(SyncError) -> Bool {
        switch (state, byte) {
        case (.quoted, UInt8(ascii: "\"")): state = .quote
        case (.quoted, _): try append(byte)
        case (.carriageReturn, UInt8(ascii: "\n")): return try endRow()
        case (.carriageReturn, _): throw malformed("a carriage return without a line feed")
        case (_, UInt8(ascii: ",")): try endCell()
        case (_, UInt8(ascii: "\n")): return try endRow()
        case (_, UInt8(ascii: "\r")): state = .carriageReturn
        case (.cellStart, UInt8(ascii: "\"")): state = .quoted
        case (.quote, UInt8(ascii: "\"")):
            try append(byte)
            state = .quoted
        case (.quote, _): throw malformed("text after the quotes of a cell")
        case (_, UInt8(ascii: "\"")): throw malformed("a quote within a cell without quotes")
        case (.cellStart, _), (.bare, _):
            try append(byte)
            state = .bare
        }
        return false
    }

    private mutating func append(_ byte: UInt8) throws(SyncError) {
        rowBytes += 1
        guard rowBytes <= Self.maxRowBytes else { throw malformed("a row of more than \(Self.maxRowBytes) bytes") }
        cell.append(byte)
    }

    private mutating func endCell() throws(SyncError) {
        guard let text = String(validating: cell, as: UTF8.self) else { throw malformed("a cell that is not UTF-8") }
        cells.append(text)
        cell.removeAll(keepingCapacity: true)
        state = .cellStart
    }

    private mutating func endRow() throws(SyncError) -> Bool {
        try endCell()
        return true
    }

    private mutating func row() -> [String] {
        defer { (cells, rowBytes) = ([], 0) }
        return cells
    }

    /// An error that names the line read last.
    func malformed(_ reason: String) -> SyncError { .unusableAnswer("line \(line) of the CSV: \(reason)", effect: .repeatable) }
}
