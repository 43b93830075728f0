public import Contracts

/// One CRM record that a waiting change concerns.
public struct InboundTarget: Sendable, Hashable {
    public enum Kind: Sendable, Hashable { case create, update }

    public var object: CRMObject
    public var kind: Kind
    /// The stored link, or for a person first seen the intent to be stored before the CRM is called.
    public var link: Link

    public init(object: CRMObject, kind: Kind, link: Link) {
        self.object = object
        self.kind = kind
        self.link = link
    }
}

/// What is to be done with a waiting change.
public enum Triage: Sendable, Hashable {
    case targets([InboundTarget])
    /// The person does not sync; counted and listed with the reason.
    case skip(SkipReason)
    /// There is nothing to do.
    case drop(DropReason)
}

public enum SkipReason: String, Sendable, Hashable, CaseIterable {
    /// GEN-2.
    case noEmail = "no-email"
}

public enum DropReason: String, Sendable, Hashable, CaseIterable {
    /// Only people already linked are updated (IN-3).
    case notLinked = "not-linked"
    /// The person carries none of the profile's tags, as far as is known (IN-3).
    case noTag = "no-tag"
    case linkEnded = "link-ended"
    /// The marketing record was deleted; inbound deletes nothing in the CRM.
    case deleted
    /// Everything in it was settled before, by this or a newer change.
    case stale
}

/// The rules of marketing → CRM: what a change concerns, and what is written for it. Pure: all they know is passed in.
public enum InboundRules {
    /// Decides which CRM records a waiting change concerns (GEN-2, IN-3, IN-4, IN-5).
    ///
    /// Each object that was asked for and has no live link is created; one whose creation was decided before is created
    /// again with its link, so that its effect is read back first. Everything else is an update of the linked contact, or
    /// of the linked lead as long as the person neither is nor becomes a contact.
    /// - Parameter links: Every link of the person, ended ones too.
    public static func triage(
        _ change: PendingChange, of key: RecordKey, links: [CRMObject: Link], profile: Profile
    ) -> Triage {
        guard change.deletedAt == nil else { return .drop(.deleted) }

        let creates = CRMObject.people.compactMap { createTarget(for: $0, change, of: key, link: links[$0]) }
        let isContact = links[.contact]?.state == .linked || creates.contains { $0.object == .contact }
        let updated = [links[.contact], isContact ? nil : links[.lead]].compactMap(\.self).first { $0.state == .linked }
        guard let updated else {
            if creates.isEmpty { return .drop(links.isEmpty ? .notLinked : .linkEnded) }
            return checkEmail(of: creates, change, profile)
        }
        let reason = reasonNotToUpdate(updated, change, links: links, profile)
        if let reason, creates.isEmpty { return .drop(reason) }
        let updates = reason == nil ? [InboundTarget(object: updated.object, kind: .update, link: updated)] : []
        return checkEmail(of: creates + updates, change, profile)
    }

    /// The links whose known tags the change renews, to be stored even when the change itself is dropped: the next change
    /// may come without tags.
    public static func linksWithNewTags(_ change: PendingChange, links: [CRMObject: Link]) -> [Link] {
        links.values.sorted { $0.object.rawValue < $1.object.rawValue }.compactMap { link in
            let tags = newerTags(change.tags, link.tags)
            guard tags != link.tags else { return nil }
            var link = link
            link.tags = tags
            return link
        }
    }

    private static func createTarget(
        for object: CRMObject, _ change: PendingChange, of key: RecordKey, link: Link?
    ) -> InboundTarget? {
        let asked = change.creations[object]
        switch link?.state {
        case .linked: return nil
        case .creating: return link.map { InboundTarget(object: object, kind: .create, link: $0) }
        case .ended:
            // The same asking delivered again must not bring back what was ended since; a new one may.
            let settled = link.flatMap { ($0.seen.values + [$0.tags?.stamp].compactMap(\.self)).max() }
            guard let asked, settled.map({ $0 < asked }) ?? true else { return nil }
        case nil:
            guard asked != nil else { return nil }
        }
        return InboundTarget(object: object, kind: .create, link: Link(creating: object, for: key))
    }

    private static func reasonNotToUpdate(
        _ link: Link, _ change: PendingChange, links: [CRMObject: Link], _ profile: Profile
    ) -> DropReason? {
        let hasNewField = change.fields.contains { name, field in field.isNews(after: link.seen[name]) }
        let hasNewTags = change.tags.map { tags in link.tags.map { $0.stamp < tags.stamp } ?? true } ?? false
        guard hasNewField || hasNewTags || change.touchedAt != nil else { return .stale }
        // Whoever an automation asks to create gets the tag from Tandem itself.
        if change.creations[link.object] != nil { return nil }
        let tags = links.values.reduce(change.tags) { newerTags($0, $1.tags) }
        return profile.isOpen(to: tags?.value ?? []) ? nil : .noTag
    }

    /// GEN-2: by the email in the change, or else by the one last agreed on. Where neither says anything the target stays:
    /// a linked person has passed this once, and a new one is completed from marketing before it is created.
    private static func checkEmail(of targets: [InboundTarget], _ change: PendingChange, _ profile: Profile) -> Triage {
        let email = change.email(profile)
        let kept = targets.filter { target in
            if let email { return !email.isBlank }
            return target.link.base[profile.crmEmailField]?.isBlank != true
        }
        return kept.isEmpty ? .skip(.noEmail) : .targets(kept)
    }
}

extension PendingChange {
    /// The person's email as the change has it, perhaps blank; `nil` when it says nothing of it.
    func email(_ profile: Profile) -> JSONValue? {
        let field =
            fields[profile.marketingEmailField] ?? fields.first { $0.key.lowercased() == profile.marketingEmailField }?.value
        return field?.value
    }
}
