/// Percent-encoding as the emulated vendors read and write it.
enum URLCoding {
    /// Decodes `%XX`; with `plusIsBlank` also `+`, as in queries and forms. What is malformed stays as it is.
    static func decode(_ text: some StringProtocol, plusIsBlank: Bool) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(text) }
        let source = Array(text.utf8)
        var bytes: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                let byte = UInt8(String(decoding: source[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                index += 3
            } else {
                bytes.append(plusIsBlank && source[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The pairs of a query or of a form, in order.
    static func pairs(_ text: some StringProtocol) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decode(parts[0], plusIsBlank: true), parts.count > 1 ? decode(parts[1], plusIsBlank: true) : "")
        }
    }

    /// The last value of each name.
    static func fields(_ text: some StringProtocol) -> [String: String] {
        Dictionary(pairs(text).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// `application/x-www-form-urlencoded`, as PHP's `http_build_query` writes it: brackets encoded, blanks as `+`.
    static func form(_ pairs: [(name: String, value: String)]) -> [UInt8] {
        Array(pairs.map { encode($0.name) + "=" + encode($0.value) }.joined(separator: "&").utf8)
    }

    private static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                bytes.append(byte)
            case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                bytes.append(contentsOf: ("%" + (hex.utf8.count < 2 ? "0" : "") + hex).utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SandboxRequest {
    /// The path's segments, decoded.
    var segments: [String] {
        path.split(separator: "/").map { URLCoding.decode($0, plusIsBlank: false) }
    }

    /// The query's parameters, decoded.
    var parameters: [String: String] {
        URLCoding.fields(query)
    }
}

extension SandboxResponse {
    /// A JSON answer.
    static func json(_ status: Int, _ value: SandboxValue, headers: [String: String] = [:]) -> SandboxResponse {
        var headers = headers
        headers["content-type"] = "application/json;charset=UTF-8"
        return SandboxResponse(status: status, headers: headers, body: value.json())
    }

    /// What a load balancer says while the vendor behind it is down.
    static func html(_ status: Int, title: String) -> SandboxResponse {
        let page = "<html><head><title>\(title)</title></head><body><h1>\(title)</h1></body></html>"
        return SandboxResponse(status: status, headers: ["content-type": "text/html"], body: Array(page.utf8))
    }

    /// The body as JSON; `nil` when it is none.
    public var json: SandboxValue? { SandboxValue(json: body) }
}
