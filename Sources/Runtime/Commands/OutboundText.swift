import SyncCore

/// Outbound settings as configuration files write them.
struct OutboundText: Encodable {
    let settings: OutboundSettings

    private enum Key: String, CodingKey {
        case schedule, overlap, contacts, leads, accounts, opportunities, bounceLimit
    }

    func encode(to encoder: any Encoder) throws {
        var root = encoder.container(keyedBy: Key.self)
        try root.encode(ShownSchedule(schedule: settings.schedule), forKey: .schedule)
        try root.encode(settings.overlap.text, forKey: .overlap)
        try root.encode(ShownSelection(selection: settings.selection[.contact] ?? Selection.none), forKey: .contacts)
        try root.encode(ShownSelection(selection: settings.selection[.lead] ?? Selection.none), forKey: .leads)
        try root.encode(ShownAccounts(accounts: settings.accounts), forKey: .accounts)
        try root.encode(settings.opportunities, forKey: .opportunities)
        try root.encode(settings.bounceLimit, forKey: .bounceLimit)
    }
}

private struct ShownSchedule: Encodable {
    let schedule: Schedule?

    private enum Key: String, CodingKey { case every, daily, timeZone }

    func encode(to encoder: any Encoder) throws {
        guard let schedule else {
            var single = encoder.singleValueContainer()
            return try single.encode("none")
        }
        var mapping = encoder.container(keyedBy: Key.self)
        switch schedule {
        case .every(let hours): try mapping.encode("\(hours)h", forKey: .every)
        case .daily(let hour, let minute, let timeZone):
            try mapping.encode(Schedule.timeOfDay(hour: hour, minute: minute), forKey: .daily)
            try mapping.encode(timeZone, forKey: .timeZone)
        }
    }
}

private struct ShownSelection: Encodable {
    let selection: Selection

    func encode(to encoder: any Encoder) throws {
        var single = encoder.singleValueContainer()
        switch selection {
        case .none: try single.encode("none")
        case .newFromNowOn: try single.encode("new")
        case .marked: try single.encode("marked")
        case .criteria(let criterion): try single.encode(ShownCriterion(criterion: criterion))
        }
    }
}

private struct ShownCriterion: Encodable {
    let criterion: Criterion

    /// The operators are keys as well.
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var mapping = encoder.container(keyedBy: Key.self)
        switch criterion {
        case .all(let parts): try mapping.encode(parts.map(ShownCriterion.init), forKey: Key(stringValue: "all"))
        case .any(let parts): try mapping.encode(parts.map(ShownCriterion.init), forKey: Key(stringValue: "any"))
        case .rule(let rule):
            try mapping.encode(rule.field, forKey: Key(stringValue: "field"))
            let key = Key(stringValue: rule.comparison.name)
            switch rule.comparison.operand {
            case .nothing: try mapping.encode(true, forKey: key)
            case .one: try mapping.encode(rule.values.first ?? "", forKey: key)
            case .list: try mapping.encode(rule.values, forKey: key)
            }
        }
    }
}

/// Account mappings are shown as the other mappings are.
private struct ShownAccounts: Encodable {
    let accounts: AccountSync

    private enum Key: String, CodingKey { case name, full }

    func encode(to encoder: any Encoder) throws {
        guard accounts != .off else {
            var single = encoder.singleValueContainer()
            return try single.encode("off")
        }
        var mapping = encoder.container(keyedBy: Key.self)
        switch accounts {
        case .off: break
        case .nameOnly(let field): try mapping.encode(field, forKey: .name)
        case .full(let fields): try mapping.encode(fields, forKey: .full)
        }
    }
}
