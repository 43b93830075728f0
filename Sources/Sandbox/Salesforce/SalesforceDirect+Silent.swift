/// What happens to an org without a trace that an API shows.
extension SalesforceSandbox {
    /// From now on the org takes so many bulk query jobs a day.
    public func allowBulkJobs(_ count: Int) { options.bulk.dailyQueryJobs = count }

    /// The org's other software has used so many of the day's calls; until something else is said.
    public func letOthersUse(_ calls: Int) { usage.others = calls }

    /// A record is deleted and then purged from the recycle bin: no query finds it any more.
    @discardableResult
    public func purge(_ object: String, id: String) -> Bool {
        guard let id = SalesforceID.normalized(id), org.tables[object.lowercased()]?.rows[id] != nil else { return false }
        org.tables[object.lowercased()]?.remove(id)
        return true
    }

    /// Values change but no stamp does, as those of formulas do.
    @discardableResult
    public func setSilently(_ object: String, id: String, _ values: [String: SandboxValue]) -> Bool {
        guard let id = SalesforceID.normalized(id), var row = org.tables[object.lowercased()]?.rows[id],
            let values = try? org.table(object).deserialize(values)
        else { return false }
        row.values.merge(values) { $1 }
        org.tables[object.lowercased()]?.replace(row)
        return true
    }
}
