/// What a contact gets of a campaign, or does with it.
public enum ActiveCampaignCampaignEvent: Sendable, Hashable {
    case sent
    case opened
    /// A link of the message, by where it leads.
    case clicked(String)
    /// A reply, by its text.
    case replied(String)
}

/// Campaigns at work, as far as webhooks tell of it.
extension ActiveCampaignSandbox {
    /// Tells every hook that wants it. The account keeps no record of it.
    /// - Parameter secondsAgo: how long ago it happened, for webhooks may come late.
    /// - Returns: whether there are such a campaign and such a contact.
    @discardableResult
    public func tell(
        _ event: ActiveCampaignCampaignEvent, of campaign: String, contact: String, secondsAgo: Int64 = 0
    ) -> Bool {
        guard let number = Int(campaign), var campaign = account.campaigns[number],
            let contact = Int(contact).flatMap({ account.contacts[$0] })
        else { return false }
        if case .clicked(let url) = event, !campaign.links.contains(url) {
            campaign.links.append(url)
            account.campaigns[number] = campaign
        }
        let source: ActiveCampaignSource = event == .sent ? .system : .public
        post(event.name, from: source, at: now - secondsAgo * 1000) {
            block(contact, withFields: true) + pairs(event, campaign)
        }
        return true
    }

    private func pairs(
        _ event: ActiveCampaignCampaignEvent, _ campaign: ActiveCampaignCampaign
    ) -> [(name: String, value: String)] {
        let id = ("campaign[id]", String(campaign.id))
        if case .replied(let text) = event { return [id, ("message", text), ("result", "")] }
        let pairs = [
            id, ("campaign[name]", campaign.name), ("campaign[status]", String(campaign.status)), ("campaign[type]", "single"),
            ("campaign[recipients]", String(account.contactIDs.count)), ("campaign[message][id]", String(campaign.id)),
            ("campaign[message][subject]", campaign.subject),
            ("campaign[webcopy_url]", "\(options.accountURL)/index.php?action=social&c=\(campaign.id)"),
        ]
        guard case .clicked(let url) = event, let index = campaign.links.firstIndex(of: url) else { return pairs }
        return pairs + [("link[id]", String(index + 1)), ("link[url]", url)]
    }
}

extension ActiveCampaignCampaignEvent {
    /// As hooks ask for it.
    fileprivate var name: String {
        switch self {
        case .sent: "sent"
        case .opened: "open"
        case .clicked: "click"
        case .replied: "reply"
        }
    }
}
