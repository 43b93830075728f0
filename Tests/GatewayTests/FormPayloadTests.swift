import Testing

@testable import Gateway

@Suite("Form bodies")
struct FormPayloadTests {
    private func form(_ text: String) throws(PayloadError) -> FormPayload { try FormPayload(parsing: Array(text.utf8)) }

    private static let badEscape = "has a '%' that is not followed by two hexadecimal digits"

    @Test("raw bracket keys keep the custom field's number, however far apart the numbers are")
    func bracketKeys() throws {
        let form = try form("contact[fields][7]=Gold&contact%5Bfields%5D%5B90000000%5D=%7C%7CRed%7C%7CBlue%7C%7C")
        #expect(form["contact[fields][7]"] == "Gold")
        #expect(form["contact[fields][90000000]"] == "||Red||Blue||")
        #expect(form.pairs.map(\.key) == ["contact[fields][7]", "contact[fields][90000000]"])
    }

    @Test(
        "plus, percent escapes, blanks and repeats",
        arguments: [
            ("k=a+b%2Bc%20d", "a b+c d"), ("k=%C3%A9%F0%9F%98%80", "é😀"), ("k", ""), ("k=", ""), ("k=a=b", "a=b"),
            ("&&k=1&&", "1"), ("k=1&k=2", "2"), ("%6b=x", "x"), ("k=%e4%BD%a0", "你"),
        ])
    func decoding(text: String, expected: String) throws {
        #expect(try form(text)["k"] == expected)
    }

    @Test("an empty body is a form without pairs")
    func empty() throws { #expect(try form("").pairs.isEmpty) }

    @Test(
        "what cannot be decoded is refused, naming the pair and never its value",
        arguments: [
            ("a=1&contact[email]=private%", "pair 2 (contact[email]): the value \(Self.badEscape)"),
            ("a=%4", "pair 1 (a): the value \(Self.badEscape)"), ("a=%zz", "pair 1 (a): the value \(Self.badEscape)"),
            ("a=%FF", "pair 1 (a): the value is not UTF-8"), ("a=%C3", "pair 1 (a): the value is not UTF-8"),
            ("a=%ED%A0%80", "pair 1 (a): the value is not UTF-8"), ("%C0%AF=1", "pair 1: the key is not UTF-8"),
            ("ann@acme.test=%", "pair 1: the value \(Self.badEscape)"), ("%=ann", "pair 1: the key \(Self.badEscape)"),
        ])
    func malformed(text: String, reason: String) {
        #expect(throws: PayloadError.malformed(reason)) { try form(text) }
    }

    @Test("a form of too many pairs is refused")
    func tooManyPairs() throws {
        let most = Array(repeating: "a=1", count: FormPayload.maximumPairs).joined(separator: "&")
        #expect(try form(most).pairs.count == FormPayload.maximumPairs)
        #expect(throws: PayloadError.malformed("the form has more than 5000 pairs")) { try form(most + "&a=1") }
    }

    @Test("no bytes whatever make it trap")
    func fuzz() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array("%&=+[]a7F".utf8) + [0, 0xC3, 0xA9, 0xFF]
        for _ in 0..<2000 {
            let length = Int.random(in: 0...40, using: &generator)
            let body = (0..<length).compactMap { _ in alphabet.randomElement(using: &generator) }
            guard let form = try? FormPayload(parsing: body) else { continue }
            #expect(form.pairs.count <= body.split(separator: UInt8(ascii: "&")).count)
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
