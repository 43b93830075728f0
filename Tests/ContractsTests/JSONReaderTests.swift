import Testing

@testable import Contracts

@Suite("JSON texts are read as JSONDecoder reads them")
struct JSONReaderTests {
    @Test("Numbers: same value and same refusals", arguments: numbers)
    func number(_ text: String) {
        expectSameAsFoundation(text.bytes)
        expectSameAsFoundation("[-\(text), {\"n\": \(text)}]".bytes)
    }

    static let numbers = [
        "0", "-0", "-0.0", "0e5", "7", "1.0", "1e2", "1E+2", "123e-2", "0.1", "0.30000000000000004", "1234567.891",
        "999999999999999", "9999999999999999", "9007199254740993", "9007199254740993.0", "9007199254740992.5",
        "9007199254740991.5", "9.0071992547409935e15", "9007199254740993e1", "1.0000000000000001", "18014398509481985.1",
        "18014398509481985.1234",
        "1844674407370955161.5", "1844674407370955161.6", "9007199254740993.12340000",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9223372036854775807.0",
        "9223372036854775806.5", "9223372036854775807e0", "9223372036854775808e-1", "92233720368547758070e-1", "1e18", "1e19",
        "1e22", "1e23", "123456789012345678901234567890", "90071992547409930000000000000000000000000000000000e-34",
        "0.0000000000000000000000000000000000000000001e43", "1e-400", "4.9e-324", "1e308", "1.7976931348623157e308",
        "1.7976931348623159e308", "1e400", "1e1000000000000000000000", "1e-1000000000000000000000", "0e1000000000000000000000",
        "01", "-01", "00", "-", "--1", "+1", "1.", ".5", "1.e1", "1e", "1e+", "1e2e3", "1.2.3", "1_0", "0x10", "NaN", "Infinity",
        "-Infinity", "1a", "-a",
    ]

    @Test("Strings: same value and same refusals", arguments: strings)
    func string(_ text: String) {
        expectSameAsFoundation(text.bytes)
        expectSameAsFoundation("{\(text): [\(text)]}".bytes)
    }

    static let strings = [
        #""""#, #""a""#, #""ä€😀""#, #""\u0000""#, #""\u00e9\u20AC""#, #""\ud83d\ude00""#, #""\uDBFF\uDFFF""#, #""\ud800""#,
        #""\udc00""#, #""\ud800x""#, #""\ud800\u0041""#, #""\ud800\ud800""#, #""\uD83D\uDE0""#, #""\u00zz""#, #""\u12""#,
        #""\u12"34""#, #""\/\b\f\n\r\t\\\"""#, #""\x""#, #""\U0041""#, "\"\t\"", "\"a\nb\"", "\"\u{7f}\"", "\"\u{0}\"", #"""#,
        #""abc"#, #""\"#, #""\\"#, #""\""#, #""a\"b"#, "'a'", "\"\u{feff}\"", "\"e\u{301}\"",
    ]

    @Test("Structure: same value and same refusals", arguments: structures)
    func structure(_ text: String) { expectSameAsFoundation(text.bytes) }

    static let structures = [
        #"{"a":1,"a":"\x"}"#, #"{"a":1,"a":01}"#,
        "", "  ", " 1 ", "\t\r\n[ ]\n", "1 2", "true", "false", "null", "tru", "trueX", "nul", "True", "[]", "[1,]", "[,]",
        "[1,,]", "[,1]", "[1 2]", "[", "]", "[1", "[1,", "[1]]", "{}", "{,}", #"{"a":1,}"#, #"{"a":1,,}"#, "{a:1}", #"{"a" 1}"#,
        #"{"a":}"#, #"{"a"}"#, #"{"a":1 "b":2}"#, "{1:2}", "{", #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a":1]"#, "[1}",
        #"{"a":1}x"#, #"{"a":1,"a":2}"#, #"{"\u0061":1,"a":2}"#, "{\"e\u{301}\":1,\"\u{e9}\":2}",
        #"{"a":{"b":1,"b":[2]},"a":null}"#, "\u{feff}1", "\u{feff}\u{feff}1", " \u{feff}1", "1\u{feff}", "\u{feff}", "/*c*/1",
        "1//x", "\u{c}1", "\u{b}1", "1\u{c}", "\u{a0}1", "[1\u{0}]",
    ]

    @Test(
        "Bytes that are not UTF-8 are refused wherever they stand",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0x80], [0xC3], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func malformedUTF8(_ bytes: [UInt8]) {
        for (before, after) in [("", ""), ("\"", "\""), ("{\"", "\":1}"), ("[\"\\n", "\"]"), ("1", "")] {
            let text = before.bytes + bytes + after.bytes
            #expect(throws: JSONSyntaxError.self) { try JSONValue.parse(text) }
            expectSameAsFoundation(text)
        }
    }

    @Test("Nesting ends at 64 levels, of arrays and of objects")
    func depth() throws {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}"), (#"[{"a":"#, "}]")] {
            let levels = open.count > 5 ? 32 : 64
            let allowed = String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)
            expectSameAsFoundation(allowed.bytes)
            #expect(throws: JSONSyntaxError.self) { try JSONValue.parse(("[" + allowed + "]").bytes) }
            #expect(throws: JSONSyntaxError.self) { try JSONValue.parse(String(repeating: open, count: 1_000_000).bytes) }
        }
    }

    @Test(
        "An error says where and what",
        arguments: [
            ("[1 2]", 3, "',' or ']'"), (#"{"a":1 "b"}"#, 7, "',' or '}'"), ("[nul]", 1, "'null'"), ("", 0, "a value"),
            ("1 x", 2, "the end"), ("{1:2}", 1, "a member name or '}'"), (#"{"a" 1}"#, 5, "':'"), ("[01]", 1, "a number without"),
            ("[-]", 2, "a digit"), ("[1.x]", 3, "a digit"), (#"["ab"#, 4, "'\"'"), (#"["a\q"]"#, 3, "a known escape sequence"),
            (#"["\u12g4"]"#, 2, "four hexadecimal digits"), (#"["\ud800"]"#, 2, "a whole surrogate pair"),
            ("[\"a\u{1}\"]", 3, "no bare control character"), ("[1e999]", 1, "a number a double can hold"),
        ])
    func error(_ text: String, offset: Int, expected: String) {
        do {
            _ = try JSONValue.parse(text.bytes)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.offset == offset)
            #expect(error.expected.hasPrefix(expected), "\(error)")
        }
    }
}

func expectSameAsFoundation(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    let ours = try? JSONValue.parse(bytes)
    let theirs = decodedByFoundation(bytes)
    #expect(ours == theirs, "\(String(decoding: bytes, as: UTF8.self))", sourceLocation: sourceLocation)
}
