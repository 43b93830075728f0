public import Contracts

// What marketing says besides new values of a linked person: that they are gone, or what Tandem itself wrote.

extension InboundRules {
    /// The links that end because the marketing record was deleted, as they are stored then (OUT-8): nothing is deleted in the
    /// CRM, and nothing brings the person back.
    public static func linksEnded(by change: PendingChange, links: [CRMObject: Link]) -> [Link] {
        guard change.deletedAt != nil else { return [] }
        return links.values.filter { $0.state != .ended }.sorted { $0.object.rawValue < $1.object.rawValue }.map { link in
            var link = link
            link.state = .ended
            link.endedBy = .marketingDeleted
            return link
        }
    }

    /// Whether marketing has to be asked what it holds before the change counts: it is stamped so close to Tandem's own write
    /// that it may tell of the state before it, and says something else than what was agreed on.
    public static func needsReadBack(
        _ change: PendingChange, link: Link, mappings: [FieldMapping], crmSchema: FieldIndex, marketingSchema: FieldIndex
    ) -> Bool {
        let context = MappingContext(mappings: mappings, crm: crmSchema, marketing: marketingSchema)
        return context.incoming(change, isCreate: false, seen: link.seen).contains { field in
            guard link.mayEcho(field.stamp) else { return false }
            guard case .success(let value) = field.value else { return true }
            return !field.target.type.areEqual(value, link.base[field.target.name] ?? .blank)
        }
    }

    /// The change with what marketing holds now in place of what ``needsReadBack(_:link:mappings:crmSchema:marketingSchema:)``
    /// doubts. A field marketing does not show keeps its value.
    public static func readBack(
        _ change: PendingChange, link: Link, holding fields: [String: JSONValue], marketingSchema: FieldIndex
    ) -> PendingChange {
        var held: [String: JSONValue] = [:]
        for (name, value) in fields { held[marketingSchema[name]?.name ?? name] = value }
        var change = change
        for (name, field) in change.fields where link.mayEcho(field.stamp) {
            guard let value = held[marketingSchema[name]?.name ?? name] else { continue }
            change.fields[name] = Stamped(value, field.stamp)
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
