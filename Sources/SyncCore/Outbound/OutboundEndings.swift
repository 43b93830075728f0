import Contracts

// Records that are gone, merged or converted (OUT-5, OUT-8).

extension OutboundRules {
    static func unseen(_ input: OutboundInput) -> OutboundResolution {
        guard let link = input.liveLink else { return .skip(.gone) }
        var resolution = OutboundResolution(
            .failed(
                SyncError(
                    .permanent, code: "crm-record-not-found",
                    message: "the CRM has no \(input.object.rawValue) \(input.key.recordID) that the integration's user can see"))
        )
        resolution.link = link
        return resolution
    }

    /// A deleted record's link ends; a merged one's goes on with the winner, unless that has a link of its own.
    static func deleted(_ record: CRMRecord, _ input: OutboundInput, _ context: OutboundContext) -> OutboundResolution {
        guard var link = input.liveLink else { return .skip(.gone) }
        let lead = leadThatStays(input)
        var resolution: OutboundResolution
        if let winner = record.mergedInto, input.successorLink == nil {
            link.crmID = winner
            resolution = OutboundResolution(.move(to: input.object, id: winner))
            resolution.link = link
        } else {
            resolution = ended(link, by: record.mergedInto == nil ? .crmDeleted : .merged)
            resolution.touches = lead.map { [context.key(.lead, $0)] } ?? []
            resolution.touchesPerson = lead != nil
        }
        if let winner = record.mergedInto { resolution.touches.append(context.key(input.object, winner)) }
        // It may be parked, for the record it was for is not there.
        if input.pending != nil { resolution.touchesPerson = true }
        return resolution
    }

    /// Of a person who ceases to be a contact: their lead. Its changes were passed over for the contact's sake, marketing's went
    /// to the contact, and if it was converted meanwhile, the contact it became could not take over.
    private static func leadThatStays(_ input: OutboundInput) -> String? {
        guard input.object == .contact, let lead = input.personLinks[.lead], lead.state != .ended || lead.endedBy == .converted
        else { return nil }
        return lead.crmID
    }

    /// The person goes on as the contact the lead became, unless that contact or the person is linked already. The person may
    /// cease to be another contact only after the lead's link ended.
    static func converted(_ input: OutboundInput, _ record: CRMRecord, _ context: OutboundContext) -> OutboundResolution {
        let isContact = input.personLinks[.contact].map { $0.state != .ended } ?? false
        guard let link = input.link, link.state != .ended || link.endedBy == .converted && !isContact && !input.isSuccessorKnown
        else { return .skip(.ended) }
        var resolution = ended(link, by: .converted)
        if link.state != .ended { resolution.tags = tagsOfConversion(context.profile) }
        if input.pending != nil { resolution.touchesPerson = true }
        guard let contact = record.convertedTo else { return resolution }
        resolution.touches = [context.key(.contact, contact)]
        guard input.successorLink == nil, !isContact else { return resolution }
        resolution.outcome = .move(to: .contact, id: contact)
        var contactLink = contactLink(from: link, id: contact, context)
        // What was settled for a contact of the person before stays so: an old asking must not create one more.
        contactLink.seen.merge(input.personLinks[.contact]?.seen ?? [:]) { max($0, $1) }
        resolution.otherLinks = [contactLink]
        return resolution
    }

    private static func ended(_ link: Link, by reason: Link.EndReason) -> OutboundResolution {
        var resolution = OutboundResolution(.end(reason))
        resolution.link = link.ended(by: reason)
        return resolution
    }

    /// OUT-4: the created-from tags give way, last: without any of them a change that comes in between would not sync (IN-3).
    private static func tagsOfConversion(_ profile: Profile) -> [TagChange] {
        [TagChange(.add, profile.convertedTag)]
            + CRMObject.people.compactMap { profile.createdFromTag(for: $0).map { TagChange(.remove, $0) } }
    }

    /// The lead's link as the contact's: what was agreed on by marketing field stays agreed on, so that only what the
    /// conversion changed flows.
    private static func contactLink(from lead: Link, id: String, _ context: OutboundContext) -> Link {
        var link = Link(
            integration: lead.integration, object: .contact, marketingID: lead.marketingID, crmID: id,
            externalID: lead.externalID, state: .linked, seen: lead.seen, tags: lead.tags)
        link.writtenAt = lead.writtenAt
        let leadFields = Dictionary(
            context.fields(of: .lead, inCreate: false).map { ($0.target.name, $0) }, uniquingKeysWith: { first, _ in first })
        for field in context.fields(of: .contact, inCreate: false) {
            guard let before = leadFields[field.target.name], let agreed = lead.base[before.source.name],
                let raw = try? before.outgoing(agreed),
                let value = try? field.mapping.value(from: raw, type: field.source.type)
            else { continue }
            link.base[field.source.name] = field.source.type.normalized(value)
            if lead.overruled.contains(before.source.name) { link.overruled.insert(field.source.name) }
        }
        if var tags = link.tags {
            tags.value.removeAll { tag in
                CRMObject.people.contains { context.profile.createdFromTag(for: $0).map { Profile.isSameTag($0, tag) } ?? false }
            }
            link.tags = tags
        }
        link.addTag(context.profile.convertedTag, stamp: lead.tags?.stamp ?? Stamp(at: .distantPast, sequence: 0))
        return link
    }
}
