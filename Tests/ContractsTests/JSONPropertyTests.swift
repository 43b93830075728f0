import Foundation
import Testing

@testable import Contracts

@Suite("JSON in general, by seeded random documents")
struct JSONPropertyTests {
    @Test("A random document is read as JSONDecoder reads it, and written and read back unchanged", arguments: 0..<20)
    func randomDocuments(seed: UInt64) throws {
        var generator = JSONGenerator(seed: seed)
        for _ in 0..<100 {
            let text = generator.document()
            expectSameAsFoundation(text.bytes)
            let value = try JSONValue.parse(text.bytes)
            let written = value.serialized()
            #expect(try JSONValue.parse(written) == value)
            #expect(try JSONValue.parse(written).serialized() == written)
            #expect(decodedByFoundation(written) == value)
        }
    }

    @Test("A mutated document is taken or refused as JSONDecoder does", arguments: 0..<20)
    func mutations(seed: UInt64) {
        var generator = JSONGenerator(seed: seed &+ 1000)
        var refused = 0
        for _ in 0..<200 {
            let bytes = generator.mutated(generator.document().bytes)
            if looksLikeUTF16(bytes) { continue }
            expectSameAsFoundation(bytes)
            if (try? JSONValue.parse(bytes)) == nil { refused += 1 }
        }
        #expect((20..<200).contains(refused), "the mutations must both spare and break documents")
    }

    @Test("Whole numbers mean the same as integer and as double, and hash alike")
    func equality() {
        let pairs: [(JSONValue, JSONValue)] = [(5, .double(5)), (0, .double(-0.0)), (.integer(.min), .double(-0x1p63))]
        for (integer, double) in pairs {
            #expect(integer == double)
            #expect(Set([integer, double]).count == 1)
            #expect(integer.serialized() == double.serialized())
        }
        #expect(JSONValue.integer(.max) != .double(0x1p63))
        #expect(JSONValue.integer(1) != .boolean(true))
    }

    @Test("Every finite double survives, at the edges too")
    func doubles() throws {
        var generator = SeededGenerator(seed: 7)
        let edges: [Double] = [
            .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0x1p53, 0x1p60, 0x1p63, -0x1p63, 1e21, 1e-7,
        ]
        for double in edges + (0..<2000).map({ _ in Double(bitPattern: generator.next()) }) where double.isFinite {
            #expect(try JSONValue.parse(JSONValue.double(double).serialized()) == .double(double))
        }
        #expect(JSONValue.array([.double(.infinity), .double(.nan)]).serialized() == "[null,null]".bytes)
    }

    @Test("Written text is compact, sorted, and escapes only what must be")
    func writing() {
        let value: JSONValue = ["b": [1, 2.5, true, nil], "a": "\"\\/\n\r\t\u{8}\u{1F}\u{7F}ä😀", "": [:], "c": []]
        let text = #"{"":{},"a":"\"\\/\n\r\t\u0008\u001f"# + "\u{7F}ä😀\"" + #","b":[1,2.5,true,null],"c":[]}"#
        #expect(String(decoding: value.serialized(), as: UTF8.self) == text)
    }
}

/// Random JSON texts with odd spacing, escapes and numbers, and random damage.
struct JSONGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func document() -> String { space() + value(depth: 0) + space() }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth < 4 ? 10 : 6), using: &random) {
        case 0: pick(["null", "true", "false"])
        case 1, 2: number()
        case 3, 4, 5: string()
        case 6, 7: list("[", "]") { $0.value(depth: depth + 1) }
        default: list("{", "}") { $0.string() + $0.space() + ":" + $0.space() + $0.value(depth: depth + 1) }
        }
    }

    private mutating func list(_ open: String, _ close: String, _ item: (inout JSONGenerator) -> String) -> String {
        let items = (0..<Int.random(in: 0...5, using: &random)).map { _ in space() + item(&self) + space() }
        let trailing = !items.isEmpty && Int.random(in: 0..<10, using: &random) == 0 ? "," : ""
        return open + items.joined(separator: ",") + trailing + space() + close
    }

    private mutating func number() -> String {
        let sign = pick(["", "", "-"])
        let whole = pick(["0", "1", String(UInt64.random(in: 0...99_999, using: &random)), String(random.next())])
        let fraction = pick(["", "", ".0", ".5", ".\(UInt64.random(in: 0...9_999_999, using: &random))"])
        let exponent = pick(["", "", "", "e0", "E+3", "e-7", "e\(Int.random(in: -400...250, using: &random))"])
        return sign + whole + fraction + exponent
    }

    private mutating func string() -> String {
        let pieces = ["a", "b", "key", "é", "e\u{301}", "😀", "\u{2028}", "\u{7F}", #"\n"#, #"\""#, #"\\"#, #"\/"#, #"\u0041"#]
        let more = [#"\ud83d\ude00"#, #"\u0000"#, " ", "{", "]", ":", ","]
        return "\"" + (0..<Int.random(in: 0...4, using: &random)).map { _ in pick(pieces + more) }.joined() + "\""
    }

    private mutating func space() -> String { pick(["", "", "", " ", "\n\t", "\r\n"]) }

    private mutating func pick(_ choices: [String]) -> String {
        choices[Int.random(in: choices.indices, using: &random)]
    }

    /// One to three bit flips, truncations, insertions, removals or repetitions.
    mutating func mutated(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.removeSubrange(place...)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 3:
                bytes.insert(contentsOf: pick(["\"", "\\", ",", "{", "}", "[", "]", " ", "0", "-", "e", "."]).utf8, at: place)
            case 4: bytes.remove(at: place)
            default: bytes.insert(contentsOf: bytes[place...].prefix(8), at: place)
            }
        }
        return bytes
    }
}
