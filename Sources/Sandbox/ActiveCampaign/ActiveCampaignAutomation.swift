extension ActiveCampaignOptions {
    /// An automation that tidies every contact up, as accounts like to have: blanks trimmed, names with capitals, phone numbers
    /// in one form.
    public static let tidyingAutomation: Automation = { $0.tidied }
}

extension ActiveCampaignSandbox.Person {
    /// Trimmed, with `Ann Lee` for `ANN lee` and `+1 555 0100 00` for `+1 (555) 010-000`. Tidying twice changes nothing more.
    public var tidied: Self {
        var person = self
        person.firstName = Self.capitalized(firstName)
        person.lastName = Self.capitalized(lastName)
        person.phone = Self.grouped(phone)
        person.account = Self.trimmed(account)
        person.fields = fields.mapValues(Self.trimmed)
        return person
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...end])
    }

    private static func capitalized(_ text: String) -> String {
        trimmed(text).split(separator: " ").map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }.joined(separator: " ")
    }

    /// Groups of one, three and four digits and the rest; what is too short for that stays as it is.
    private static func grouped(_ phone: String) -> String {
        let digits = phone.filter { $0.isASCII && $0.isNumber }
        guard digits.count > 8 else { return trimmed(phone) }
        let groups = [digits.prefix(1), digits.dropFirst().prefix(3), digits.dropFirst(4).prefix(4), digits.dropFirst(8)]
        return "+" + groups.joined(separator: " ")
    }
}
