import SyncCore

extension ConfigurationValue {
    /// What flows from the CRM to marketing, and when.
    func outboundSettings() -> OutboundSettings {
        var settings = OutboundSettings()
        let keys = ["schedule", "overlap", "contacts", "leads", "accounts", "opportunities", "bounceLimit"]
        guard let mapping = mapping(known: keys) else { return settings }
        settings.schedule = mapping["schedule"]?.schedule()
        mapping["overlap"]?.duration(in: .zero...(.seconds(86_400))).assign(to: &settings.overlap)
        for (key, object) in [("contacts", CRMObject.contact), ("leads", .lead)] {
            // An object without an entry has none.
            if let selection = mapping[key]?.selection(), selection != Selection.none { settings.selection[object] = selection }
        }
        mapping["accounts"]?.accountSync().assign(to: &settings.accounts)
        mapping["opportunities"]?.boolean().assign(to: &settings.opportunities)
        mapping["bounceLimit"]?.integer(in: 1...100).assign(to: &settings.bounceLimit)
        return settings
    }

    private func schedule() -> Schedule? {
        if scalar != nil {
            guard let text = text(), text != "none" else { return nil }
            report("must be none, {every: 2h} or {daily: \"03:00\", timeZone: Europe/Berlin}, not \"\(text)\"")
            return nil
        }
        guard let mapping = mapping(known: ["every", "daily", "timeZone"]) else { return nil }
        switch (mapping["every"], mapping["daily"]) {
        case (let interval?, nil):
            mapping["timeZone"]?.report("has no use without daily")
            return interval.interval()
        case (nil, let time?):
            return mapping.required("timeZone").flatMap { time.dailySchedule(in: $0) }
        default:
            report("needs either every or daily")
            return nil
        }
    }

    private func interval() -> Schedule? {
        guard let text = text() else { return nil }
        if let schedule = Schedule(every: text) { return schedule }
        report("must be one of \(Schedule.intervals), not \"\(text)\"")
        return nil
    }

    private func dailySchedule(in zone: ConfigurationValue) -> Schedule? {
        guard let text = text(), let zoneName = zone.text() else { return nil }
        guard let schedule = Schedule(dailyAt: text, timeZone: zoneName) else {
            report("must be a time of day from 00:00 to 23:59, not \"\(text)\"")
            return nil
        }
        if let problem = schedule.problem { zone.report(problem) }
        return schedule
    }

    private func accountSync() -> AccountSync? {
        if scalar != nil {
            switch text() {
            case "off": return .off
            case "full": return .fullByDefault
            case let other?: report("must be off, full, {name: <marketing field>} or {full: [mappings]}, not \"\(other)\"")
            case nil: break
            }
            return nil
        }
        guard let mapping = mapping(known: ["name", "full"]) else { return nil }
        switch (mapping["name"], mapping["full"]) {
        case (let field?, nil): return field.text().map { .nameOnly(marketingField: $0) }
        case (nil, let fields?): return .full(fields.fieldMappings())
        default:
            report("needs either name or full")
            return nil
        }
    }
}

// MARK: Selection (OUT-1)

extension ConfigurationValue {
    private func selection() -> Selection? {
        guard scalar != nil else { return criterion(depth: 1).map(Selection.criteria) }
        switch text() {
        case "none": return Selection.none
        case "new": return .newFromNowOn
        case "marked": return .marked
        case let other?: report("must be none, new, marked or criteria ({all: […]} or {any: […]}), not \"\(other)\"")
        case nil: break
        }
        return nil
    }

    /// Nested criteria are read by recursion, so their depth has a limit.
    private static let deepest = 20

    private func criterion(depth: Int) -> Criterion? {
        guard depth <= Self.deepest else {
            report("is nested more than \(Self.deepest) times")
            return nil
        }
        let known = ["all", "any", "field"] + FieldRule.Operator.names.map(\.name)
        guard let mapping = mapping(known: known), mapping.entries.allSatisfy({ known.contains($0.key) }) else { return nil }
        if let field = mapping["field"] { return mapping.rule(on: field).map(Criterion.rule) }
        guard mapping.entries.count == 1, let group = mapping["all"] ?? mapping["any"] else {
            report("needs all, any, or field with one operator")
            return nil
        }
        guard let parts = group.list() else { return nil }
        guard !parts.isEmpty else {
            group.report("must not be empty")
            return nil
        }
        let criteria = parts.compactMap { $0.criterion(depth: depth + 1) }
        guard criteria.count == parts.count else { return nil }
        return mapping["all"] == nil ? .any(criteria) : .all(criteria)
    }

    fileprivate func operand(of comparison: FieldRule.Operator) -> [String]? {
        switch comparison.operand {
        case .nothing:
            switch boolean() {
            case true?: return []
            case false?: report("must be true; the opposite has an operator of its own")
            case nil: break
            }
            return nil
        case .one: return text().map { [$0] }
        case .list:
            guard isList else { return text().map { [$0] } }
            let items = list() ?? []
            if items.isEmpty { report("must not be empty") }
            let texts = items.compactMap { $0.text() }
            return texts.count == items.count && !texts.isEmpty ? texts : nil
        }
    }
}

extension ConfigurationMapping {
    fileprivate func rule(on field: ConfigurationValue) -> FieldRule? {
        let name = field.fieldName()
        let operators = FieldRule.Operator.names.filter { self[$0.name] != nil }
        guard operators.count == 1, entries.count == 2, let (key, comparison) = operators.first, let value = self[key] else {
            self.value.report("needs field and exactly one operator, as in {field: LeadSource, is: Web}")
            return nil
        }
        guard let name, let values = value.operand(of: comparison) else { return nil }
        return FieldRule(field: name, comparison, values)
    }
}
