import Contracts
import Foundation

/// What a numeric field can hold.
struct NumberShape {
    enum Kind { case number, percent, integer }

    /// All digits, or `nil` when unlimited.
    var precision: Int?
    /// Digits after the point, or `nil` when unlimited.
    var scale: Int?
    var kind: Kind

    /// The value as the CRM will save it: digits beyond `scale` are rounded half away from zero, as Salesforce does.
    func fitted(_ value: Decimal) throws(ConversionFailure) -> Decimal {
        if kind == .integer {
            guard value.rounded(scale: 0) == value else {
                throw ConversionFailure("has a fraction where a whole number is expected")
            }
            guard value >= Decimal(Int32.min), value <= Decimal(Int32.max) else {
                throw ConversionFailure("too large for a whole number of 32 bits")
            }
            return value
        }
        let saved = scale.map { value.rounded(scale: $0) } ?? value
        guard let precision else { return saved }
        let wholeDigits = saved.wholeDigits
        guard wholeDigits <= precision - (scale ?? 0) else {
            throw ConversionFailure(
                "too large: \(wholeDigits) digits before the point, the field holds \(precision - (scale ?? 0))")
        }
        return saved
    }
}

func convertToNumber(
    _ value: JSONValue, _ shape: NumberShape, _ hints: ConversionHints
) throws(ConversionFailure) -> FieldValue {
    switch value {
    case .boolean: throw ConversionFailure("not a number")
    case .integer(let number): return .number(try shape.fitted(Decimal(number)))
    case .double:
        // Its shortest text is the number that was written; the binary value would bring digits nobody typed.
        let number = try readNumber(try plainText(value), decimalSeparator: ".", allowsPercent: false)
        return .number(try shape.fitted(number))
    case .null, .string, .array, .object:
        guard let text = try scalarText(value) else { return .blank }
        let number = try readNumber(
            text, decimalSeparator: hints.decimalSeparator, allowsPercent: shape.kind == .percent)
        return .number(try shape.fitted(number))
    }
}

/// Reads a number as people write it: `60,000`, `$1,234.50`, `1.234,50 €`, `1 234,50 kr`, `1'234.50`, `(1,234)`,
/// `12,34,567`, `9.12E8`, and `12%` where the field is a percentage.
///
/// Of two kinds of separator the last is the decimal one. Of one kind, repeated, it groups thousands. A single comma
/// before exactly three digits groups thousands (`1,234` is 1234, `1,23` is 1.23); a single point is decimal (`1.234`
/// is 1.234). A decimal separator that is given overrides all of this.
func readNumber(_ text: String, decimalSeparator: Character?, allowsPercent: Bool) throws(ConversionFailure) -> Decimal {
    let characters = text.map(plain)
    guard var start = characters.firstIndex(where: isDigit), let end = characters.lastIndex(where: isDigit) else {
        throw ConversionFailure("not a number")
    }
    // ".5" begins with its separator, while the point of "Rs.500" ends the currency.
    if start > 0, characters[start - 1] == "." || characters[start - 1] == ",",
        start == 1 || !characters[start - 2].isLetter
    {
        start -= 1
    }
    let isNegative = try readAffixes(
        before: characters[..<start], after: characters[(end + 1)...], allowsPercent: allowsPercent)
    let magnitude = try readMagnitude(characters[start...end], decimalSeparator: decimalSeparator)
    return isNegative ? -magnitude : magnitude
}

// MARK: Around the digits

/// Reads signs, accounting parentheses, currency and percent sign; tells whether the number is negative.
private func readAffixes(
    before: ArraySlice<Character>, after: ArraySlice<Character>, allowsPercent: Bool
) throws(ConversionFailure) -> Bool {
    var prefix = before.filter { $0 != " " }
    var suffix = after.filter { $0 != " " }
    // "1'234.-" and "1 234,-" say that there are no cents.
    if suffix.count >= 2, suffix[0] == "." || suffix[0] == ",", suffix[1] == "-" { suffix.removeFirst(2) }
    let isEnclosed = prefix.contains("(")
    guard isEnclosed == suffix.contains(")") else { throw ConversionFailure("not a number") }
    if isEnclosed {
        prefix.removeAll { $0 == "(" }
        suffix.removeAll { $0 == ")" }
        guard before.count(where: { $0 == "(" }) == 1, after.count(where: { $0 == ")" }) == 1 else {
            throw ConversionFailure("not a number")
        }
    }
    let signs = (prefix + suffix).filter { $0 == "-" || $0 == "+" }
    guard signs.count <= (isEnclosed ? 0 : 1) else { throw ConversionFailure("more than one sign") }
    prefix.removeAll { $0 == "-" || $0 == "+" }
    suffix.removeAll { $0 == "-" || $0 == "+" }
    if suffix == ["%"] || prefix == ["%"] {
        guard allowsPercent, prefix.count + suffix.count == 1 else {
            throw ConversionFailure("a percentage where none is expected")
        }
        return isEnclosed || signs == ["-"]
    }
    guard isCurrency(prefix), isCurrency(suffix) else { throw ConversionFailure("not a number") }
    return isEnclosed || signs == ["-"]
}

/// Whether this is nothing, a currency symbol (`€`, `US$`), an ISO 4217 code or a customary abbreviation.
private func isCurrency(_ affix: [Character]) -> Bool {
    guard let last = affix.last else { return true }
    if last.unicodeScalars.first?.properties.generalCategory == .currencySymbol {
        return affix.count <= 3 && affix.dropLast().allSatisfy { $0.isASCII && $0.isLetter }
    }
    let text = String(affix)
    return currencyCodes.contains(text.uppercased()) || currencyAbbreviations.contains(text.lowercased())
}

private let currencyAbbreviations: Set<String> = [
    "kr", "kr.", "kč", "zł", "lei", "ft", "fr", "fr.", "sfr", "sfr.", "rs", "rs.", "r", "rm", "rp", "tl", "lv", "лв", "лв.",
    "руб", "руб.", "дин", "дин.", "ден", "元", "円", "원",
]

/// The currencies in use, by ISO 4217.
private let currencyCodes = Set(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY COP
    CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
    IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
    MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF
    YER ZAR ZMW ZWG
    """.split(whereSeparator: \.isWhitespace).map(String.init))

// MARK: The digits

private func readMagnitude(
    _ core: ArraySlice<Character>, decimalSeparator: Character?
) throws(ConversionFailure) -> Decimal {
    if let mark = core.firstIndex(where: { $0 == "e" || $0 == "E" }) {
        let exponentText = String(core[(mark + 1)...])
        let mantissa = core[..<mark].split(separator: ".", omittingEmptySubsequences: false)
        guard let exponent = Int(exponentText), (-60...60).contains(exponent), mantissa.count <= 2,
            mantissa.allSatisfy({ $0.allSatisfy(isDigit) }), mantissa.contains(where: { !$0.isEmpty })
        else { throw ConversionFailure("not a number") }
        return try decimal(
            whole: String(mantissa[0]), fraction: mantissa.count == 2 ? String(mantissa[1]) : "", exponent: exponent)
    }
    guard core.allSatisfy({ isDigit($0) || isSeparator($0) }) else { throw ConversionFailure("not a number") }
    let decimalMark = try findDecimalMark(core, given: decimalSeparator)
    let whole = decimalMark.map { core[..<$0] } ?? core
    let fraction = decimalMark.map { core[($0 + 1)...] } ?? []
    guard fraction.allSatisfy(isDigit) else {
        throw ConversionFailure("not a number: digits are grouped after the decimal separator")
    }
    try checkGroups(whole)
    return try decimal(whole: String(whole.filter(isDigit)), fraction: String(fraction), exponent: 0)
}

/// Where the decimal separator stands, or `nil` when every separator groups thousands.
private func findDecimalMark(_ core: ArraySlice<Character>, given: Character?) throws(ConversionFailure) -> Int? {
    let marks = core.indices.filter { isSeparator(core[$0]) }
    guard let last = marks.last else { return nil }
    let kinds = Set(marks.map { core[$0] })
    guard kinds.count <= 2 else { throw ConversionFailure("not a number: more than two kinds of separator") }
    if let given {
        let decimals = marks.filter { core[$0] == given }
        guard decimals.count <= 1 else { throw ConversionFailure("not a number: more than one decimal separator") }
        return decimals.first
    }
    let mark = core[last]
    let isSingle = marks.count(where: { core[$0] == mark }) == 1
    if kinds.count == 2 {
        guard isSingle, mark == "." || mark == "," else { throw ConversionFailure("not a number: its separators are mixed") }
        return last
    }
    guard isSingle, mark == "." || mark == "," else { return nil }
    if mark == "." { return last }
    let digitsBefore = core[..<last]
    let groupsThousands = core.endIndex - last == 4 && (1...3).contains(digitsBefore.count) && digitsBefore.first != "0"
    return groupsThousands ? nil : last
}

/// Thousands are grouped by one kind of separator, in threes or the Indian way (`12,34,567`).
private func checkGroups(_ whole: ArraySlice<Character>) throws(ConversionFailure) {
    let groups = whole.split(omittingEmptySubsequences: false, whereSeparator: isSeparator).map(\.count)
    guard groups.count > 1 else { return }
    let isOneKind = Set(whole.filter(isSeparator)).count == 1
    let middle = groups.dropFirst().dropLast()
    let isWestern = (1...3).contains(groups[0]) && middle.allSatisfy { $0 == 3 }
    let isIndian = (1...2).contains(groups[0]) && middle.allSatisfy { $0 == 2 }
    guard isOneKind, groups.last == 3, isWestern || isIndian else {
        throw ConversionFailure("not a number: its digits are not grouped in thousands")
    }
}

private func decimal(whole: String, fraction: String, exponent: Int) throws(ConversionFailure) -> Decimal {
    let digits = (whole + fraction).drop { $0 == "0" }
    // A Decimal keeps 38 digits and exponents to -128; beyond that it would lose digits without a word.
    guard digits.count <= 38, fraction.count <= 60, let significand = Decimal(string: digits.isEmpty ? "0" : String(digits))
    else {
        throw ConversionFailure("more than 38 digits")
    }
    return Decimal(sign: .plus, exponent: exponent - fraction.count, significand: significand)
}

private func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) && character.isASCII }

private func isSeparator(_ character: Character) -> Bool {
    character == "." || character == "," || character == " " || character == "'"
}

/// One spelling for the blanks, minus signs and apostrophes that word processors use.
private func plain(_ character: Character) -> Character {
    switch character {
    case "\u{2212}", "\u{2013}", "\u{2014}": "-"
    case "\u{2019}", "\u{02BC}", "\u{FF07}": "'"
    default: character.isWhitespace ? " " : character
    }
}

// MARK: Decimal

extension Decimal {
    /// Rounded to `scale` digits after the point, halves away from zero.
    func rounded(scale: Int) -> Decimal {
        let parts = magnitude.description.split(separator: ".")
        guard parts.count == 2, parts[1].count > scale, scale >= 0,
            let kept = Decimal(string: "\(parts[0]).\(parts[1].prefix(scale))0")
        else { return self }
        let isRoundedUp = parts[1].dropFirst(scale).first.map { $0 >= "5" } ?? false
        let result = isRoundedUp ? kept + Decimal(sign: .plus, exponent: -scale, significand: 1) : kept
        return self < 0 ? -result : result
    }

    /// How many digits stand before the point; none for a fraction.
    var wholeDigits: Int {
        let whole = magnitude.description.prefix { $0 != "." }
        return whole == "0" ? 0 : whole.count
    }
}
