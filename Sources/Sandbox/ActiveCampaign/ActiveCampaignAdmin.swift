/// What an admin of the emulated account sets up past the API.
extension ActiveCampaignSandbox {
    /// Changes what the plan has besides contacts.
    public func changePlan(accounts: Bool = true, customObjects: Bool = true) {
        (options.hasAccounts, options.hasCustomObjects) = (accounts, customObjects)
    }

    /// Adds a webhook that fires for every source.
    public func addHook(url: String, events: [String]) {
        let id = account.makeID("webhook")
        account.hooks[id] = ActiveCampaignHook(
            id: id, name: "Tandem", url: url, events: events, sources: ActiveCampaignSource.allCases.map(\.rawValue), list: "0",
            created: now)
    }
}
