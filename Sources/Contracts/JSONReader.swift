/// Reads JSON text (RFC 8259, UTF-8) value by value, without a tree in between.
///
/// It takes and refuses what Foundation's `JSONDecoder` takes and refuses, so a byte order mark, a comma before a closing
/// bracket and a repeated member (the first one counts) are all right. It differs in three things: nesting
/// ends at ``maximumDepth``, UTF-16 and UTF-32 are refused, and a repeated member must be right too, though it does not count.
struct JSONReader {
    /// How deep arrays and objects may nest; keeps hostile input off the end of the stack.
    static let maximumDepth = 64

    let bytes: [UInt8]
    var offset: Int
    private var depth = 0

    init(_ bytes: [UInt8], at offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
        if offset == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { self.offset = 3 }
    }

    /// The byte at hand; 0, which no JSON text has outside its strings, at the end.
    var current: UInt8 {
        @inline(__always) get { offset < bytes.count ? bytes[offset] : 0 }
    }

    @inline(__always)
    mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): offset += 1
            default: return
            }
        }
    }

    func expected(_ what: String) -> JSONSyntaxError { JSONSyntaxError(offset: offset, expected: what) }

    /// Checks that only white space follows.
    mutating func end() throws(JSONSyntaxError) {
        skipWhitespace()
        guard offset == bytes.count else { throw expected("the end") }
    }

    // MARK: Values

    mutating func value() throws(JSONSyntaxError) -> JSONValue {
        skipWhitespace()
        switch current {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try members())
        case UInt8(ascii: "["): return .array(try elements())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try literal("true", .boolean(true))
        case UInt8(ascii: "f"): return try literal("false", .boolean(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw expected("a value")
        }
    }

    /// Reads an object whole; the first of members with one name counts.
    mutating func members() throws(JSONSyntaxError) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        try object { (reader, name) throws(JSONSyntaxError) in
            let value = try reader.value()
            if members.isEmpty { members.reserveCapacity(8) }
            if let first = members.updateValue(value, forKey: name) { members[name] = first }
        }
        return members
    }

    mutating func elements() throws(JSONSyntaxError) -> [JSONValue] {
        var elements: [JSONValue] = []
        try array { (reader) throws(JSONSyntaxError) in elements.append(try reader.value()) }
        return elements
    }

    /// Walks through the object at hand; `body` gets each member's name and must read its value.
    @inline(__always)
    mutating func object(
        _ body: (inout JSONReader, String) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        try descend()
        while current != UInt8(ascii: "}") {
            guard current == UInt8(ascii: "\"") else { throw expected("a member name or '}'") }
            let name = try string()
            skipWhitespace()
            guard current == UInt8(ascii: ":") else { throw expected("':'") }
            offset += 1
            skipWhitespace()
            try body(&self, name)
            try separator(before: UInt8(ascii: "}"), expecting: "',' or '}'")
        }
        ascend()
    }

    /// Walks through the array at hand; `body` must read each element.
    @inline(__always)
    mutating func array(_ body: (inout JSONReader) throws(JSONSyntaxError) -> Void) throws(JSONSyntaxError) {
        try descend()
        while current != UInt8(ascii: "]") {
            try body(&self)
            try separator(before: UInt8(ascii: "]"), expecting: "',' or ']'")
        }
        ascend()
    }

    private mutating func descend() throws(JSONSyntaxError) {
        guard depth < Self.maximumDepth else { throw expected("at most \(Self.maximumDepth) nested arrays and objects") }
        depth += 1
        offset += 1
        skipWhitespace()
    }

    private mutating func ascend() {
        depth -= 1
        offset += 1
    }

    @inline(__always)
    private mutating func separator(before close: UInt8, expecting what: String) throws(JSONSyntaxError) {
        skipWhitespace()
        if current == UInt8(ascii: ",") {
            offset += 1
            skipWhitespace()
        } else if current != close {
            throw expected(what)
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let text = word.description
        guard bytes[offset...].starts(with: text.utf8) else { throw expected("'\(text)'") }
        offset += text.utf8.count
        return value
    }
}

extension JSONValue {
    /// Reads one JSON text (UTF-8), with the tolerance of Foundation's `JSONDecoder`: a byte order mark and a comma before a
    /// closing bracket are all right, and of members with one name the first counts. Nesting is limited to 64 levels.
    ///
    /// A number that is whole and fits becomes `.integer`, however it was written (`1`, `1.0`, `1e0`), every other one
    /// `.double`; one beyond a double's range is refused.
    public static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        var reader = JSONReader(bytes)
        let value = try reader.value()
        try reader.end()
        return value
    }
}
