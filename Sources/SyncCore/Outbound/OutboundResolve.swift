public import Contracts

extension OutboundRules {
    /// Decides what is written to marketing for one CRM record (OUT-1 to OUT-6, OUT-8, GEN-2, GEN-3, GEN-5, GEN-6, IN-6).
    public static func resolve(_ input: OutboundInput, in context: OutboundContext, now: Timestamp) -> OutboundResolution {
        // Other producers tell of whatever changes.
        guard context.settings.includes(input.object) else { return .skip(.notRelated) }
        guard context.crm[input.object] != nil else {
            return OutboundResolution(
                .failed(
                    SyncError(
                        .transient, code: "unknown-object", message: "the CRM describes no \(input.object.rawValue)")))
        }
        guard let record = input.record else { return unseen(input) }
        if record.isDeleted { return deleted(record, input, context) }
        if record.isConverted { return converted(input, record, context) }
        return switch input.object {
        case .contact, .lead: person(record, input, context, now)
        case .account: account(record, input, context, now)
        case .opportunity: opportunity(record, input, context, now)
        }
    }

    /// Fills in the id of a person who was found by email or created: the link, and what the CRM record is to show.
    public static func linked(
        _ resolution: OutboundResolution, as marketingID: String, integration: String
    ) -> OutboundResolution {
        var resolution = resolution
        let externalID = Link.externalID(integration: integration, marketingID: marketingID)
        resolution.link?.marketingID = marketingID
        resolution.link?.externalID = externalID
        resolution.writeBack?.externalID = externalID
        return resolution
    }
}

// MARK: People

extension OutboundRules {
    private static func person(
        _ record: CRMRecord, _ input: OutboundInput, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        guard let link = input.liveLink else { return unlinkedPerson(record, input, context, now) }
        // What inbound is about to do to the link comes first.
        if link.state == .creating || input.pending?.deletedAt != nil { return OutboundResolution(.wait) }
        if input.object == .lead, let contact = input.personLinks[.contact], contact.state != .ended {
            var resolution = OutboundResolution.skip(.contactGoesFirst, link)
            // Whose it is it shows all the same.
            resolution.writeBack = writeBack(record, link, context).flatMap { $0.externalID == nil ? nil : $0 }
            resolution.writeBack?.syncStatus = nil
            return resolution
        }
        guard let email = email(of: record, context) else { return .skip(.noEmail, link) }
        return update(record, link, email, input, context, now)
    }

    private static func unlinkedPerson(
        _ record: CRMRecord, _ input: OutboundInput, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        // Its values would go over the contact's.
        if input.object == .lead, let contact = input.personLinks[.contact], contact.state != .ended {
            return .skip(.contactGoesFirst, rival: contact)
        }
        switch input.link?.endedBy {
        case .marketingDeleted: return .skip(.deletedInMarketing)
        case .merged, .converted: return .skip(.ended)
        case .crmDeleted, nil: break
        }
        if let old = input.link, input.personLinks[input.object]?.state ?? .ended == .ended {
            // It was deleted and is back: the person is still the same one, and perhaps gone meanwhile.
            guard let email = email(of: record, context) else { return .skip(.noEmail) }
            var link = relinked(record, to: old.marketingID, context)
            link.tags = old.tags
            return update(record, link, email, input, context, now)
        }
        if let named = record.externalID.flatMap({ Link.marketingID(in: $0, integration: context.integration) }) {
            // The record says whose it is: its link was lost, or belongs to another record by now.
            switch input.personLinks[input.object] {
            case nil:
                guard let email = email(of: record, context) else { return .skip(.noEmail) }
                return update(record, relinked(record, to: named, context), email, input, context, now)
            case let link? where link.state == .creating: return OutboundResolution(.wait)
            case let link? where link.endedBy == .marketingDeleted: return .skip(.deletedInMarketing)
            case _?: break
            }
        }
        guard isSelected(record, since: input.selectedSince, in: context) else { return .skip(.notSelected) }
        guard let email = email(of: record, context) else { return .skip(.noEmail) }
        if let rival = input.sameEmail.first { return .skip(.duplicateEmail, rival: rival) }
        return create(record, email, context, now)
    }

    private static func relinked(_ record: CRMRecord, to marketingID: String, _ context: OutboundContext) -> Link {
        Link(
            integration: context.integration, object: record.object, marketingID: marketingID, crmID: record.id,
            externalID: Link.externalID(integration: context.integration, marketingID: marketingID), state: .linked)
    }

    private static func update(
        _ record: CRMRecord, _ link: Link, _ email: String, _ input: OutboundInput, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        var resolution = merged(record, link, input, context, now)
        resolution.email = email
        resolution.writeBack = writeBack(record, link, context)
        return resolution
    }

    /// A person marketing is to know from now on, with every mapped field that has a value.
    private static func create(
        _ record: CRMRecord, _ email: String, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        var resolution = firstWrite(of: record, marketingID: "", context, now)
        resolution.email = email
        resolution.link?.base[context.profile.crmEmailField] = .text(email)
        if let tag = context.profile.createdFromTag(for: record.object) {
            resolution.tags = [TagChange(.add, tag)]
            resolution.link?.addTag(tag, stamp: Stamp(at: now, sequence: 0))
        }
        let isSynced = context.profile.isSynced(record.syncStatus)
        resolution.writeBack = OutboundResolution.WriteBack(
            object: record.object, id: record.id, syncStatus: isSynced ? nil : context.profile.syncedStatus)
        return resolution
    }

    private static func email(of record: CRMRecord, _ context: OutboundContext) -> String? {
        guard case .text(let text)? = record.values[context.profile.crmEmailField] else { return nil }
        let email = trimmed(text)
        return email.isEmpty ? nil : email
    }
}

// MARK: Accounts and opportunities

extension OutboundRules {
    /// MAP-4: an account becomes known because a syncing person belongs to it.
    private static func account(
        _ record: CRMRecord, _ input: OutboundInput, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        if let link = input.liveLink { return merged(record, link, input, context, now) }
        if input.link?.endedBy == .marketingDeleted { return .skip(.deletedInMarketing) }
        return input.isRelated ? firstWrite(of: record, marketingID: "", context, now) : .skip(.notRelated)
    }

    /// MAP-5: one way, four fixed fields. The opportunity goes by its CRM id on both sides.
    private static func opportunity(
        _ record: CRMRecord, _ input: OutboundInput, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        var link = input.liveLink ?? relinked(record, to: record.id, context)
        var resolution = OutboundResolution(input.liveLink == nil ? .create : .unchanged)
        if input.liveLink == nil || opportunityChanged(record, link, context) {
            if resolution.outcome == .unchanged { resolution.outcome = .update }
            for field in CRMRecord.opportunityFields {
                let value = record.values[field] ?? .blank
                link.base[field] = value
                // The port takes them typed, from the record; this is what the history shows.
                resolution.write[field] = value.json
            }
            link.writtenAt = now
        }
        resolution.link = link
        return resolution
    }

    static func opportunityChanged(_ record: CRMRecord, _ link: Link, _ context: OutboundContext) -> Bool {
        CRMRecord.opportunityFields.contains { field in
            guard let value = record.values[field], let type = context.type(of: field, in: .opportunity) else { return false }
            return !type.areEqual(value, link.base[field] ?? .blank)
        }
    }

    /// A record marketing does not know, with every mapped field that has a value.
    private static func firstWrite(
        of record: CRMRecord, marketingID: String, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        var resolution = OutboundResolution(.create)
        var link = relinked(record, to: marketingID, context)
        for field in context.fields(of: record.object, inCreate: true) {
            let value = field.source.type.normalized(record.values[field.source.name] ?? .blank)
            guard !value.isBlank else { continue }
            let sent = try? field.outgoing(value)
            resolution.decisions.append(
                FieldDecisionRecord(
                    field: field.source.name, marketingField: field.target.name,
                    reason: sent == nil ? .notRepresentable : .created, winner: sent == nil ? nil : .crm, crm: value))
            guard let sent else { continue }
            resolution.write[field.target.name] = sent
            link.base[field.source.name] = value
        }
        link.writtenAt = now
        resolution.link = link
        return resolution
    }
}

extension OutboundInput {
    /// The link, unless it has ended.
    var liveLink: Link? { link.flatMap { $0.state == .ended ? nil : $0 } }
}

extension OutboundResolution {
    static func skip(_ reason: OutboundSkip, _ link: Link? = nil, rival: Link? = nil) -> OutboundResolution {
        var resolution = OutboundResolution(.skip(reason))
        resolution.link = link
        resolution.rival = rival
        return resolution
    }
}
