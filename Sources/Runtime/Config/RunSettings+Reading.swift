import SyncCore

extension ConfigurationValue {
    /// When everything is compared, and what a run may do by itself.
    func runSettings() -> RunSettings {
        var settings = RunSettings()
        guard let mapping = mapping(known: ["fullEvery", "repairDrift", "deletions", "bulkFrom"]) else { return settings }
        settings.fullEvery = mapping["fullEvery"]?.days(in: 1...365)
        mapping["repairDrift"]?.boolean().assign(to: &settings.repairsDrift)
        if let deletions = mapping["deletions"]?.mapping(known: ["share", "least"]) {
            deletions["share"]?.integer(in: 0...100).assign(to: &settings.deletionShare)
            deletions["least"]?.integer(in: 0...1_000_000).assign(to: &settings.deletionFloor)
        }
        mapping["bulkFrom"]?.integer(in: 0...1_000_000_000).assign(to: &settings.bulkFrom)
        return settings
    }

    /// `14d`, or `none`.
    func days(in range: ClosedRange<Int>) -> Int? {
        guard let text = text(), text != "none" else { return nil }
        guard text.hasSuffix("d"), let days = Int(text.dropLast()), range.contains(days) else {
            report("must be none or a number of days from \(range.lowerBound)d to \(range.upperBound)d, not \"\(text)\"")
            return nil
        }
        return days
    }
}
