import Contracts

/// A company, which ActiveCampaign calls an account, as a payload describes it, under Tandem's names for fields.
struct Company: Sendable, Equatable {
    var id: String
    var fields: [String: JSONValue]
}

extension Company {
    /// Reads the account block; `nil` when the payload has none.
    ///
    /// A custom field without a value comes without its id, and its label is nobody's key: such a field is left out, which
    /// says nothing of it.
    init?(_ form: FormPayload) throws(PayloadError) {
        guard let id = form["account[id]"] else { return nil }
        self.id = try Person.checkedID(id, name: "account[id]")
        fields = [:]
        if let name = form["account[name]"] { fields["name"] = .string(name) }
        if let url = form["account[account_url]"] { fields["accountUrl"] = .string(url) }
        var values: [Substring: [String]] = [:]
        var lists: Set<Substring> = []
        for pair in form.pairs {
            guard let (position, isListItem) = Self.place(ofValue: pair.key) else { continue }
            values[position, default: []].append(pair.value)
            if isListItem { lists.insert(position) }
        }
        for (position, values) in values {
            guard let field = form["account[fields][\(position)][id]"], !field.isEmpty else { continue }
            fields["field:\(field)"] = lists.contains(position) ? .array(values.map { .string($0) }) : .string(values.last ?? "")
        }
    }

    /// The `3` of `account[fields][3][value]`, or of `account[fields][3][value][0]`, one of several options.
    private static func place(ofValue key: String) -> (position: Substring, isListItem: Bool)? {
        guard key.hasPrefix("account[fields]["), let end = key.firstRange(of: "][value]") else { return nil }
        let position = key[..<end.lowerBound].dropFirst("account[fields][".count)
        return position.isEmpty ? nil : (position, end.upperBound != key.endIndex)
    }
}
