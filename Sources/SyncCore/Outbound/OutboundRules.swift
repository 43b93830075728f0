public import Contracts

/// The rules of CRM → marketing: which records get known there, and what is written for one. Pure: all they know is passed in.
public enum OutboundRules {
    /// Whether marketing shall get to know a record that is not linked (OUT-1).
    /// - Parameter since: When the selection was set.
    public static func isSelected(_ record: CRMRecord, since: Timestamp?, in context: OutboundContext) -> Bool {
        switch context.settings.selection[record.object] ?? .none {
        case .none: return false
        case .newFromNowOn:
            guard let since, let createdAt = record.createdAt else { return false }
            // The CRM stamps in whole seconds: what was created within the second counts.
            return createdAt.milliseconds >= since.milliseconds - since.milliseconds % 1000
        case .marked: return context.profile.isWaiting(record.syncStatus)
        case .criteria(let criterion): return context.crm[record.object].map { criterion.matches(record, $0) } ?? false
        }
    }

    /// The CRM fields that deciding about a record needs, sorted: what is mapped, what the selection asks for, and the email.
    public static func fieldsToRead(_ object: CRMObject, settings: IntegrationSettings) -> [String] {
        if object == .opportunity { return CRMRecord.opportunityFields }
        var fields = Set(settings.mappings(of: object).filter { $0.direction != .inbound }.map(\.crm))
        if case .criteria(let criterion) = settings.outbound.selection[object] { fields.formUnion(criterion.fields) }
        if object.isPerson { fields.insert(Profile(name: settings.profile).crmEmailField) }
        return fields.sorted()
    }
}

/// What a poll does with a record it reads.
public enum PollVerdict: Sendable, Hashable {
    /// It goes onto the topic.
    case publish
    /// It is linked, and its values are those both sides agreed on: mostly Tandem's own write seen again (GEN-5).
    case echo
    /// It is not linked and not selected (OUT-1).
    case notSelected
    /// Nothing flows for it: its link has ended, it is gone and was never linked, or its object does not sync by itself.
    case unrelated
}

extension OutboundRules {
    /// Whether a record that a poll reads has anything to tell (OUT-2, OUT-7, GEN-5).
    /// - Parameters:
    ///   - link: The record's link, a live one before one that ended.
    ///   - since: When the object's selection was set.
    public static func pollVerdict(
        _ record: CRMRecord, link: Link?, in context: OutboundContext, since: Timestamp?
    ) -> PollVerdict {
        if let link, link.state != .ended { return hasNews(record, link, context) ? .publish : .echo }
        if record.isDeleted || record.isConverted { return .unrelated }
        switch record.object {
        case .account: return .unrelated
        case .opportunity:
            let isNews = link?.endedBy ?? .crmDeleted == .crmDeleted
            return context.settings.opportunities && isNews ? .publish : .unrelated
        case .contact, .lead: break
        }
        if let reason = link?.endedBy, reason != .crmDeleted { return .unrelated }
        if record.externalID.flatMap({ Link.marketingID(in: $0, integration: context.integration) }) != nil { return .publish }
        return isSelected(record, since: since, in: context) ? .publish : .notSelected
    }

    private static func hasNews(_ record: CRMRecord, _ link: Link, _ context: OutboundContext) -> Bool {
        if link.state == .creating || record.isDeleted || record.isConverted { return true }
        if record.object == .opportunity { return opportunityChanged(record, link, context) }
        if record.object.isPerson, writeBack(record, link, context) != nil { return true }
        if changesAccount(record, link, context) { return true }
        let link = context.crm[record.object].map { link.confirmed(by: record, $0) } ?? link
        return context.fields(of: record.object, inCreate: false).contains { field in
            guard let current = record.values[field.source.name] else { return false }
            return link.isNews(current, field)
        }
    }

    /// Whether a contact belongs to another account than the one marketing was last told of (MAP-4). That it could not be told
    /// is no news: it is tried again with the contact's next turn.
    public static func changesAccount(_ record: CRMRecord, _ link: Link, _ context: OutboundContext) -> Bool {
        // A CRM that does not show whose the contact is says nothing of it.
        guard record.object == .contact, case .full = context.settings.accounts,
            context.type(of: CRMRecord.accountNameField, in: .contact) != nil
        else { return false }
        return link.relation?.accountID != record.accountID
    }

    /// What the CRM record has yet to show (OUT-6); `nil` when it shows it all.
    static func writeBack(_ record: CRMRecord, _ link: Link, _ context: OutboundContext) -> OutboundResolution.WriteBack? {
        let isSynced = context.profile.isSynced(record.syncStatus)
        let isStamped = link.isShown(by: record)
        if isSynced, isStamped { return nil }
        return OutboundResolution.WriteBack(
            object: record.object, id: record.id, externalID: isStamped ? nil : link.externalID,
            syncStatus: isSynced ? nil : context.profile.syncedStatus)
    }
}

extension Link {
    /// Whether the CRM's value of a field is one to be decided about: it moved away from the base, or overrules marketing's.
    func isNews(_ current: FieldValue, _ field: OutgoingField) -> Bool {
        let name = field.source.name
        if let trail = trails[name], trail.isFrozen, trail.knows(current, field.source.type) { return false }
        if overruled.contains(name) { return true }
        let base = base[name] ?? .blank
        if field.source.type.areEqual(current, base) { return false }
        return field.mapping.rule != .fillEmptyOnly || base.isBlank
    }
}

extension CRMRecord {
    /// The four fields of an opportunity that flow (MAP-5).
    public static let opportunityFields = ["Amount", "CloseDate", "Name", "StageName"]
}
