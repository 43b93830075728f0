import SyncCore
import Testing

@testable import Connectors

@Suite("URLs of vendors")
struct URLTests {
    @Test(
        "CON-1 the base of a URL is found however it is typed",
        arguments: [
            ("https://acme.api-us1.com", "https://acme.api-us1.com", ""),
            (" https://Acme.api-us1.com/api/3/ ", "https://acme.api-us1.com", "api/3"),
            ("acme.api-us1.com/api/3", "https://acme.api-us1.com", "api/3"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", ""), ("http://localhost:1", "http://localhost:1", ""),
            ("http://[::1]:9", "http://[::1]:9", ""),
        ])
    func accepted(text: String, base: String, path: String) throws {
        let parsed = try VendorURL.parse(text, setting: "URL")
        #expect(parsed.base == base)
        #expect(parsed.path == path)
    }

    @Test(
        "CON-3 what would send credentials in the clear, or is no URL, is refused without quoting it",
        arguments: [
            "http://acme.test", "http://127.0.0.1.acme.test", "http://localhost.acme.test", "", "   ", "https://",
            "ftp://acme.test",
            "https://user:s3cret@acme.test", "https://acme.test?key=s3cret",
        ])
    func refused(text: String) {
        let error = #expect(throws: SyncError.self) { try VendorURL.parse(text, setting: "URL") }
        #expect(error?.errorClass == .auth)
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test("Forms escape all that could mean something else")
    func form() {
        #expect(URLText.form([("q", "a+b c&d=e/f'é"), ("x", "")]) == "q=a%2Bb%20c%26d%3De%2Ff%27%C3%A9&x=")
    }
}
