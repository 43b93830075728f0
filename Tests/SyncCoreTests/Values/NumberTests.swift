import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("MAP-3 Numbers as people write them")
struct NumberTests {
    static let readable: [(String, Decimal)] = [
        ("0", 0), ("7", 7), ("-7", -7), ("+7", 7), ("007", 7), ("7-", -7), ("\u{2212}7", -7), ("1234", 1234), ("1234.5", 1234.5),
        ("0.5", 0.5), (".5", 0.5), (",5", 0.5), ("-.5", -0.5), ("60,000", 60000), ("1,234", 1234), ("1,23", 1.23),
        ("0,123", 0.123),
        ("1,2345", 1.2345), ("1.234", 1.234), ("1.234.567", 1_234_567), ("1,234,567", 1_234_567), ("$1,234.50", 1234.5),
        ("1.234,50 €", 1234.5), ("1.234.567,8", 1_234_567.8), ("1 234,50 kr", 1234.5), ("1\u{A0}234,50\u{A0}kr.", 1234.5),
        ("1\u{202F}234,5 €", 1234.5), ("1'234.50", 1234.5), ("1’234.50", 1234.5), ("CHF 1'234.-", 1234), ("1 234,-", 1234),
        ("(1,234)", -1234), ("($1,234.50)", -1234.5), ("$(5)", -5), ("-$5", -5), ("$-5", -5), ("US$ 12", 12), ("USD 12", 12),
        ("12 usd", 12), ("€12", 12), ("12€", 12), ("£ 1,000,000.01", 1_000_000.01), ("¥500", 500), ("₹12,34,567.5", 1_234_567.5),
        ("Rs.500", 500), ("R$ 1.234,50", 1234.5), ("9.12E8", 912_000_000), ("1e3", 1000), ("1.5e-2", 0.015), ("  42  ", 42),
        ("12345678901234567890", Decimal(string: "12345678901234567890") ?? 0),
    ]

    @Test("reads", arguments: readable)
    func reads(text: String, expected: Decimal) throws {
        let value = try convert(.string(text), to: .number(precision: nil, scale: nil))
        #expect(value == .number(expected))
    }

    @Test(
        "refuses rather than guesses",
        arguments: [
            "abc", "-", "$", "12 pcs", "abc 12", "12-13", "1-2", "--5", "-5-", "+-5", "(5", "5)", "(-5)", "1,23,4", "12,34,56",
            "1,,234",
            "1.2.3", "1.234.56", "1,234.56.78", "1.234,56,78", "1,234 567", "1 23", "1 2345", "1.234'5", "1 234,567.8", "12%",
            "0x10",
            "1e", "e5", "1e999", "1,5e3", "NaN", "inf", "five", "1/2", "١٢", "((5))", "12 %%", "5 €€", "2008-01-20",
            "1234567890123456789012345678901234567890", "0." + String(repeating: "0", count: 200) + "1",
        ])
    func refuses(text: String) {
        #expect(throws: ConversionFailure.self) { try convert(.string(text), to: .currency(precision: nil, scale: nil)) }
    }

    @Test("a percentage may carry its sign, nothing else may")
    func percent() throws {
        let percent = FieldType.percent(precision: 5, scale: 2)
        for (text, expected) in [("12%", 12), ("12.5 %", 12.5), ("-3%", -3), ("%12", 12), ("12", 12), ("(3%)", -3)]
            as [(String, Decimal)]
        {
            #expect(try convert(.string(text), to: percent) == .number(expected))
        }
        for type in [FieldType.integer, .number(precision: nil, scale: nil), .currency(precision: nil, scale: nil)] {
            #expect(throws: ConversionFailure("a percentage where none is expected")) { try convert("12%", to: type) }
        }
    }

    @Test("a decimal separator that was given overrides the guess")
    func hints() throws {
        let type = FieldType.number(precision: nil, scale: nil)
        let comma = ConversionHints(decimalSeparator: ",")
        let point = ConversionHints(decimalSeparator: ".")
        #expect(try convert("1,234", to: type, hints: comma) == .number(1.234))
        #expect(try convert("1.234", to: type, hints: comma) == .number(1234))
        #expect(try convert("1,234", to: type, hints: point) == .number(1234))
        #expect(try convert("1.234", to: type, hints: point) == .number(1.234))
        #expect(try convert("1.234,5", to: type, hints: comma) == .number(1234.5))
        // A JSON number has no ambiguity to resolve.
        #expect(try convert(.double(1.234), to: type, hints: comma) == .number(1.234))
        for text in ["1,23", "1.234,5", "1.2.3"] {
            #expect(throws: ConversionFailure.self) { try convert(.string(text), to: type, hints: point) }
        }
    }

    @Test("JSON numbers keep the digits that were written")
    func jsonNumbers() throws {
        let type = FieldType.number(precision: nil, scale: nil)
        #expect(try convert(60000, to: type) == .number(60000))
        #expect(try convert(.double(0.1), to: type) == .number(Decimal(string: "0.1") ?? 0))
        #expect(try convert(.double(9.12e20), to: type) == .number(Decimal(string: "912000000000000000000") ?? 0))
        for value in [JSONValue.double(.nan), .double(.infinity), .boolean(true), ["a": 1], [1, 2]] {
            #expect(throws: ConversionFailure.self) { try convert(value, to: type) }
        }
    }

    @Test(
        "digits beyond the scale are rounded half away from zero",
        arguments: [
            ("1.005", 1.01), ("1.0049", 1), ("-1.005", -1.01), ("2.5", 2.5), ("0.994999", 0.99), ("0.995", 1), ("-0.004", 0),
            ("9999.994", 9999.99),
        ] as [(String, Decimal)])
    func rounding(text: String, expected: Decimal) throws {
        #expect(try convert(.string(text), to: .currency(precision: 6, scale: 2)) == .number(expected))
    }

    @Test("what does not fit before the point is refused", arguments: ["10000", "9999.995", "-10000"])
    func overflow(text: String) {
        #expect(throws: ConversionFailure("too large: 5 digits before the point, the field holds 4")) {
            try convert(.string(text), to: .currency(precision: 6, scale: 2))
        }
    }

    @Test("whole numbers take no fraction and 32 bits")
    func integers() throws {
        #expect(try convert("1,200", to: .integer) == .number(1200))
        #expect(try convert("12.0", to: .integer) == .number(12))
        #expect(try convert("-2147483648", to: .integer) == .number(-2_147_483_648))
        for text in ["12.5", "2147483648", "-2147483649"] {
            #expect(throws: ConversionFailure.self) { try convert(.string(text), to: .integer) }
        }
    }

    @Test("any text of number-like characters is read or refused, never trapped on, and never read as zero by mistake")
    func fuzz() {
        let alphabet = Array("0123456789..,,  ''--+()%$€eE")
        var state: UInt64 = 42
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<20000 {
            let text = String((0...next(12)).map { _ in alphabet[next(alphabet.count)] })
            guard case .number(let number)? = try? convert(.string(text), to: .percent(precision: 18, scale: 9)) else { continue }
            let hasDigit = text.prefix { $0 != "e" && $0 != "E" }.contains { ("1"..."9").contains($0) }
            #expect(number != 0 || !hasDigit || text.lowercased().contains("e-"), "\(text) was read as \(number)")
        }
    }
}
