/// An `application/x-www-form-urlencoded` body as its raw pairs.
///
/// Bracket keys stay text: `contact[fields][7]` names the custom field 7, and a reader that made an array of it would lose
/// the number.
struct FormPayload: Sendable, Equatable {
    struct Pair: Sendable, Equatable {
        var key: String
        var value: String
    }

    /// In the order they came.
    let pairs: [Pair]
    private let positions: [String: Int]

    /// The real payloads have tens of pairs; an account may have some hundreds of custom fields.
    static let maximumPairs = 5000

    init(parsing body: [UInt8]) throws(PayloadError) {
        var pairs: [Pair] = []
        var positions: [String: Int] = [:]
        for piece in body.split(separator: UInt8(ascii: "&")) {
            guard pairs.count < Self.maximumPairs else {
                throw .malformed("the form has more than \(Self.maximumPairs) pairs")
            }
            let pair = try Self.pair(piece, number: pairs.count + 1)
            positions[pair.key] = pairs.count
            pairs.append(pair)
        }
        self.pairs = pairs
        self.positions = positions
    }

    /// The value of a key; the last one where it is repeated.
    subscript(key: String) -> String? {
        positions[key].map { pairs[$0].value }
    }

    private static func pair(_ piece: ArraySlice<UInt8>, number: Int) throws(PayloadError) -> Pair {
        let split = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
        let key: String
        switch decoded(piece[..<split]) {
        case .success(let text): key = text
        case .failure(let fault): throw .malformed("pair \(number): the key \(fault.rawValue)")
        }
        switch decoded(piece[split...].dropFirst()) {
        case .success(let text): return Pair(key: key, value: text)
        case .failure(let fault): throw .malformed("pair \(number)\(shown(key)): the value \(fault.rawValue)")
        }
    }

    /// A key worth repeating in an error; a body that is no form at all may have anything in its place.
    private static func shown(_ key: String) -> String {
        let isName = key.utf8.count <= 80 && key.utf8.allSatisfy { $0.isNameByte }
        return isName && !key.isEmpty ? " (\(key))" : ""
    }

    enum Fault: String, Error {
        case percentEscape = "has a '%' that is not followed by two hexadecimal digits"
        case utf8 = "is not UTF-8"
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> Result<String, Fault> {
        PercentEncoding.decode(bytes, plusIsSpace: true)
    }
}

/// Percent-encoding of forms and paths.
enum PercentEncoding {
    static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> Result<String, FormPayload.Fault> {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "%"):
                guard bytes.endIndex - index > 2, let high = bytes[index + 1].hexValue, let low = bytes[index + 2].hexValue
                else { return .failure(.percentEscape) }
                result.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where plusIsSpace:
                result.append(UInt8(ascii: " "))
                index += 1
            case let byte:
                result.append(byte)
                index += 1
            }
        }
        return String(validating: result, as: UTF8.self).map { .success($0) } ?? .failure(.utf8)
    }
}

extension UInt8 {
    fileprivate var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// ASCII letters, digits and the punctuation of bracket keys.
    fileprivate var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
