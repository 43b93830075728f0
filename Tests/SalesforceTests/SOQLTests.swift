import Testing

@testable import Salesforce

@Suite("SOQL")
struct SOQLTests {
    @Test(
        "Literals are quoted so that no text can end them",
        arguments: [
            ("O'Brien", #"'O\'Brien'"#), (#"a\b"#, #"'a\\b'"#), (#"\'"#, #"'\\\''"#), ("a\nb\tc\rd", #"'a\nb\tc\rd'"#),
            ("Zoë \"Z\" 🙂", "'Zoë \"Z\" 🙂'"), ("", "''"),
        ])
    func literal(text: String, expected: String) {
        #expect(SOQL.literal(text) == expected)
    }
}
