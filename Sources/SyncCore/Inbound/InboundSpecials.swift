public import Contracts

// What marketing says besides new values of a linked person: that they are gone, or what Tandem itself wrote.

extension InboundRules {
    /// The links that end because the marketing record was deleted, as they are stored then (OUT-8): nothing is deleted in the
    /// CRM, and nothing brings the person back.
    public static func linksEnded(by change: PendingChange, links: [CRMObject: Link]) -> [Link] {
        guard change.deletedAt != nil else { return [] }
        return links.values.filter { $0.state != .ended }.sorted { $0.object.rawValue < $1.object.rawValue }.map {
            $0.ended(by: .marketingDeleted)
        }
    }

    /// Whether marketing has to be asked what it holds before the change counts: nobody knows whether it tells of the state after
    /// Tandem's own write and after what was settled before, and it says something else than what was agreed on; or it was
    /// folded from changes that contradict each other and came in an order of their own.
    public static func needsReadBack(
        _ change: PendingChange, target: InboundTarget, mappings: [FieldMapping], crmSchema: FieldIndex,
        marketingSchema: FieldIndex
    ) -> Bool {
        let context = MappingContext(mappings: mappings, crm: crmSchema, marketing: marketingSchema)
        let link = target.link
        return context.incoming(change, isCreate: target.kind == .create, seen: link.seen).contains { field in
            // An edit that came before the person was linked is not known of.
            target.kind == .create ? field.isContested || !field.stamp.isDated : link.doubts(field)
        }
    }

    /// The change with what marketing holds now in place of what ``needsReadBack(_:target:mappings:crmSchema:marketingSchema:)``
    /// doubts. A field marketing does not show keeps its value.
    public static func readBack(
        _ change: PendingChange, link: Link, holding fields: [String: JSONValue], marketingSchema: FieldIndex, now: Timestamp
    ) -> PendingChange {
        var held: [String: JSONValue] = [:]
        for (name, value) in fields { held[marketingSchema[name]?.name ?? name] = value }
        var change = change
        for (name, field) in change.fields {
            let key = marketingSchema[name]?.name ?? name
            guard field.isContested || link.mayBeOvertaken(field.stamp, of: key), let value = held[key] else { continue }
            // Not older than the news of it, whoever's clock is behind: what asked for it must not seem newer one day. And newer
            // than what was settled before.
            let settled = link.seen[key]?.at.advanced(by: .milliseconds(1)) ?? .distantPast
            let moment = max(now, field.stamp.at, settled)
            change.fields[name] = Stamped(value, Stamp(at: moment, sequence: field.stamp.sequence, isDated: false))
        }
        return change
    }

    /// The change of a person who is gone from marketing, so that nothing tells what they held last: without what may have been
    /// overtaken by what was settled or written before.
    public static func withoutOvertaken(_ change: PendingChange, link: Link, marketingSchema: FieldIndex) -> PendingChange {
        var change = change
        change.fields = change.fields.filter { name, field in
            let key = marketingSchema[name]?.name ?? name
            let mayBeOlder = link.seen[key] != nil || link.mayEcho(field.stamp)
            return !(mayBeOlder && link.mayBeOvertaken(field.stamp, of: key))
        }
        return change
    }

    /// Decides what an account's change in marketing writes to the linked CRM account (MAP-4); `nil` when the account is not
    /// linked, for no action creates accounts by themselves.
    public static func resolveAccount(
        _ change: PendingChange, link: Link?, crm record: CRMRecord?, mappings: [FieldMapping], crmSchema: FieldIndex,
        marketingSchema: FieldIndex, profile: Profile, bounceLimit: Int = 3, now: Timestamp
    ) -> InboundResolution? {
        guard let link, link.state == .linked else { return nil }
        guard let record else {
            return .failed(
                link, code: "crm-record-not-found",
                "the CRM has no account \(link.crmID ?? "") that the integration's user can see")
        }
        let context = MappingContext(mappings: mappings, crm: crmSchema, marketing: marketingSchema)
        var resolution = update(
            record, context.incoming(change, isCreate: false, seen: link.seen), in: context, link: link, original: link,
            profile: profile, bounceLimit: bounceLimit, now: now)
        // Accounts carry neither Tandem's external ID nor a sync status.
        resolution.stampsExternalID = false
        resolution.syncStatus = nil
        return resolution
    }
}
