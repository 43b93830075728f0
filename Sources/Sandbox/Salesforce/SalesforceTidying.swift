extension SalesforceRules {
    /// A ready-made ``automation`` as many orgs have one: names get capitals, and phone numbers of ten digits (or eleven that
    /// begin with 1) are written `(555) 010-0100`. It changes what a sync has just written, and so provokes loops.
    public static let tidyingAutomation: @Sendable (Record) -> [String: SandboxValue] = { record in
        var changes: [String: SandboxValue] = [:]
        func tidy(_ names: [String], _ change: (String) -> String) {
            for name in names {
                guard let text = record.values[name]?.text, change(text) != text else { continue }
                changes[name] = .string(change(text))
            }
        }
        tidy(["FirstName", "LastName"], titleCased)
        tidy(["Phone", "MobilePhone", "HomePhone", "OtherPhone", "Fax"], formattedPhone)
        return changes
    }

    /// Every word begins with a capital and goes on in small letters.
    private static func titleCased(_ text: String) -> String {
        var isStart = true
        return text.reduce(into: "") { result, character in
            result += isStart ? character.uppercased() : character.lowercased()
            isStart = !character.isLetter
        }
    }

    private static func formattedPhone(_ text: String) -> String {
        var digits = text.filter { ("0"..."9").contains($0) }[...]
        if digits.count == 11, digits.first == "1" { digits = digits.dropFirst() }
        guard digits.count == 10 else { return text }
        return "(\(digits.prefix(3))) \(digits.dropFirst(3).prefix(3))-\(digits.suffix(4))"
    }
}
