import SyncCore
import Testing

@testable import Salesforce

@Suite("RUN-5 CSV is read as it comes")
struct CSVReaderTests {
    /// All rows of a text that comes in pieces of `size` bytes.
    private func rows(_ text: [UInt8], inPiecesOf size: Int) throws -> [[String]] {
        var reader = CSVReader()
        var rows: [[String]] = []
        for piece in text.chunks(of: size) {
            reader.add(Array(piece))
            while let row = try reader.next() { rows.append(row) }
        }
        if let row = try reader.finish() { rows.append(row) }
        return rows
    }

    private func rows(_ text: String) throws -> [[String]] { try rows(Array(text.utf8), inPiecesOf: 1_000) }

    @Test("Wherever the text is cut, the rows are the same", arguments: 1...40)
    func cutAnywhere(size: Int) throws {
        let text = "Id,Name\r\n1,\"Zoë \"\"Z\"\", 日本\"\n2,\"two\r\nlines\"\r\n\"3\",\"\"\n4,\n"
        #expect(
            try rows(Array(text.utf8), inPiecesOf: size)
                == [["Id", "Name"], ["1", "Zoë \"Z\", 日本"], ["2", "two\r\nlines"], ["3", ""], ["4", ""]])
    }

    @Test("The last line may lack its break, and blanks are part of a cell")
    func lastLine() throws {
        #expect(try rows("a,b\n 1 ,") == [["a", "b"], [" 1 ", ""]])
        #expect(try rows("a\n\"x\"") == [["a"], ["x"]])
        #expect(try rows("") == [])
    }

    @Test("NUL bytes are left out")
    func nul() throws {
        #expect(try rows("a,b\u{0}\n\u{0}1,\"\u{0}2\"\n") == [["a", "b"], ["1", "2"]])
    }

    @Test(
        "A malformed text is an error that names the line",
        arguments: [
            ("a\nb\nc\"d\n", 3), ("a\n\"b\"c\n", 2), ("a\n\"b\n\nc", 4), ("a\rb\n", 1), ("a\nb\r", 2), ("\"a\nb\"\nx\"", 3),
        ])
    func malformed(text: String, line: Int) {
        let error = #expect(throws: SyncError.self) { try rows(text) }
        #expect(error?.errorClass == .transient)
        #expect(error?.message.hasPrefix("line \(line) of the CSV: ") == true, "\(error?.message ?? "")")
    }

    @Test("Bytes that are no UTF-8 are an error, not other characters")
    func encoding() {
        let error = #expect(throws: SyncError.self) { try rows([0x61, 0x0A, 0xC3, 0x28, 0x0A], inPiecesOf: 2) }
        #expect(error?.message == "line 2 of the CSV: a cell that is not UTF-8")
    }

    @Test("A row without an end does not fill the memory")
    func endless() throws {
        var reader = CSVReader()
        let piece = Array(repeating: UInt8(ascii: "x"), count: 1 << 20)
        let error = #expect(throws: SyncError.self) {
            for _ in 0..<64 {
                reader.add(piece)
                while try reader.next() != nil {}
            }
        }
        #expect(error?.message.contains("a row of more than") == true)
    }

    @Test("A table has each row's cells by the name of their column, and no others")
    func table() throws {
        var table = BulkTable(requiring: ["ID", "Account.Name"])
        table.add(Array("Id,account.name\n1,Acme\n2,\n3\n".utf8))
        #expect(try table.next()?["Account.Name"] == "Acme")
        #expect(try table.next()?["Account.Name"] == nil)
        let error = #expect(throws: SyncError.self) { try table.next() }
        #expect(error?.message == "line 4 of the CSV: 1 cells instead of 2")

        var other = BulkTable(requiring: ["Id", "Name"])
        other.add(Array("Id,Email\n".utf8))
        let missing = #expect(throws: SyncError.self) { try other.next() }
        #expect(missing?.message == "line 1 of the CSV: no column Name")
    }
}
