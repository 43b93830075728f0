/// How the CSV of a job is written.
struct SalesforceCSVFormat: Sendable, Equatable {
    enum Delimiter: String, Sendable {
        case comma = "COMMA"
        case tab = "TAB"
        case semicolon = "SEMICOLON"
        case pipe = "PIPE"
        case caret = "CARET"
        case backquote = "BACKQUOTE"

        var byte: UInt8 {
            switch self {
            case .comma: UInt8(ascii: ",")
            case .tab: UInt8(ascii: "\t")
            case .semicolon: UInt8(ascii: ";")
            case .pipe: UInt8(ascii: "|")
            case .caret: UInt8(ascii: "^")
            case .backquote: UInt8(ascii: "`")
            }
        }
    }

    enum LineEnding: String, Sendable {
        case lf = "LF"
        case crlf = "CRLF"

        var bytes: [UInt8] {
            switch self {
            case .lf: [0x0A]
            case .crlf: [0x0D, 0x0A]
            }
        }
    }

    private static let quote = UInt8(ascii: "\"")

    var delimiter = Delimiter.comma
    var lineEnding = LineEnding.lf

    /// What the request that creates a job says, or the defaults.
    init(_ job: SandboxValue) throws(SalesforceFault) {
        if let type = job["contentType"], type != "CSV" { throw .invalidJob("The content type must be CSV") }
        if let name = job["columnDelimiter"] {
            guard let delimiter = name.text.flatMap(Delimiter.init) else { throw .invalidJob("Unknown column delimiter") }
            self.delimiter = delimiter
        }
        if let name = job["lineEnding"] {
            guard let lineEnding = name.text.flatMap(LineEnding.init) else { throw .invalidJob("Unknown line ending") }
            self.lineEnding = lineEnding
        }
    }

    /// Appends one line, every cell within quotes.
    func append(_ cells: [String], to bytes: inout [UInt8]) {
        append(quoted: cells, to: &bytes)
        bytes.append(contentsOf: lineEnding.bytes)
    }

    /// Appends the cells of a line that goes on or ends elsewhere.
    func append(quoted cells: [String], to bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(delimiter.byte) }
            bytes.append(Self.quote)
            for byte in cell.utf8 {
                if byte == Self.quote { bytes.append(Self.quote) }
                bytes.append(byte)
            }
            bytes.append(Self.quote)
        }
    }
}

/// The rows of an ingest job, kept as they were uploaded: results repeat them.
struct SalesforceUpload: Sendable {
    private static let quote = UInt8(ascii: "\"")
    private static let longestHeader = 32_000

    let bytes: [UInt8]
    let format: SalesforceCSVFormat
    /// Where each line lies, its ending left out; lines break only outside of quotes. The first one names the columns.
    private let lines: [Range<Int>]
    /// Why the whole upload is of no use.
    let problem: String?

    init(_ bytes: [UInt8], format: SalesforceCSVFormat) {
        self.bytes = bytes
        self.format = format
        let found = Self.lines(of: bytes)
        let endsInCR = found.lines.first.map { !$0.isEmpty && bytes[$0.upperBound - 1] == 0x0D } ?? false
        let isCRLF = format.lineEnding == .crlf
        lines = (isCRLF ? found.lines.map { Self.withoutCR($0, in: bytes) } : found.lines).filter { !$0.isEmpty }
        if lines.isEmpty {
            problem = "InvalidBatch : Unable to read the header row"
        } else if found.isUnterminated {
            problem = "InvalidBatch : A quoted field is not terminated"
        } else if endsInCR != isCRLF, !isCRLF || lines.count > 1 {
            problem =
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is \(format.lineEnding.rawValue)"
        } else {
            problem = lines[0].count > Self.longestHeader ? "InvalidBatch : The header row is too long" : nil
        }
    }

    private static func lines(of bytes: [UInt8]) -> (lines: [Range<Int>], isUnterminated: Bool) {
        var lines: [Range<Int>] = []
        var start = 0
        var isQuoted = false
        for (index, byte) in bytes.enumerated() {
            if byte == quote {
                isQuoted.toggle()
            } else if byte == 0x0A, !isQuoted {
                lines.append(start..<index)
                start = index + 1
            }
        }
        if start < bytes.count { lines.append(start..<bytes.count) }
        return (lines, isQuoted)
    }

    private static func withoutCR(_ line: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        !line.isEmpty && bytes[line.upperBound - 1] == 0x0D ? line.lowerBound..<(line.upperBound - 1) : line
    }

    /// The number of rows.
    var count: Int { max(0, lines.count - 1) }

    /// The names of the columns.
    var header: [String] { lines.first.map(cells) ?? [] }

    func row(_ index: Int) -> [String] { cells(lines[index + 1]) }

    private func cells(_ line: Range<Int>) -> [String] {
        var cells: [String] = []
        var cell: [UInt8] = []
        var isQuoted = false
        var index = line.lowerBound
        while index < line.upperBound {
            let byte = bytes[index]
            index += 1
            if isQuoted, byte == Self.quote {
                isQuoted = index < line.upperBound && bytes[index] == Self.quote
                guard isQuoted else { continue }
                cell.append(byte)
                index += 1
            } else if !isQuoted, byte == Self.quote, cell.isEmpty {
                isQuoted = true
            } else if !isQuoted, byte == format.delimiter.byte {
                cells.append(String(decoding: cell, as: UTF8.self))
                cell.removeAll(keepingCapacity: true)
            } else {
                cell.append(byte)
            }
        }
        cells.append(String(decoding: cell, as: UTF8.self))
        return cells
    }

    /// The lines of those rows, as they were uploaded, behind cells of the org's own.
    func results(_ own: [String], of rows: [Int], cells: (Int) -> [String]) -> [UInt8] {
        var answer: [UInt8] = []
        func append(_ first: [String], _ line: Range<Int>) {
            format.append(quoted: first, to: &answer)
            if !first.isEmpty { answer.append(format.delimiter.byte) }
            answer.append(contentsOf: bytes[line])
            answer.append(contentsOf: format.lineEnding.bytes)
        }
        if let header = lines.first { append(own, header) }
        for row in rows { append(cells(row), lines[row + 1]) }
        return answer
    }
}
