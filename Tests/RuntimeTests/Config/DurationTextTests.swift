import Testing

@testable import Runtime

@Suite("Durations in configuration files")
struct DurationTextTests {
    @Test(
        "a whole number with its unit, or several",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("10m", .seconds(600)), ("1h30m", .seconds(5400)),
            ("1d", .seconds(86_400)), ("0s", .zero), ("1d2h3m4s5ms", .milliseconds(93_784_005)),
        ])
    func reads(text: String, expected: Duration) {
        #expect(Duration(text: text) == expected)
        #expect(expected.text == text)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "10", "m", "10 m", "-1s", "1.5h", "10minutes", "10M", "1h30", "٣s", "99999999999999999999s",
            "9223372036854775807d",
        ])
    func refuses(text: String) {
        #expect(Duration(text: text) == nil)
    }
}
