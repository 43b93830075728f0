import Testing

@testable import Sandbox

@Suite("The emulators' JSON")
struct JSONTests {
    @Test(
        "reads and writes back",
        arguments: [
            #"{"a":[1,-2,3.5,true,false,null,"x"],"b":{}}"#, #""q\"\\\n\t""#, "[]", #""Zoë 😀""#, "12.0", "1.0E7", "-1.25E-4",
        ])
    func roundTrip(text: String) {
        let value = SandboxValue(json: Array(text.utf8))
        #expect(value.map { String(decoding: $0.json(), as: UTF8.self) } == text)
    }

    @Test("reads escapes and surrogate pairs")
    func escapes() {
        #expect(SandboxValue(json: Array(#""\u00eb \ud83d\ude00 \/""#.utf8)) == "ë 😀 /")
    }

    @Test("refuses what is no JSON", arguments: ["", "{", "[1,]", "{\"a\"}", "tru", "1 2", "\"a", "+1", "\"\\x\"", "--1"])
    func refusals(text: String) {
        #expect(SandboxValue(json: Array(text.utf8)) == nil)
    }

    @Test("refuses bottomless nesting instead of overflowing the stack")
    func nesting() {
        #expect(SandboxValue(json: Array(repeating: UInt8(ascii: "["), count: 100_000)) == nil)
    }
}
