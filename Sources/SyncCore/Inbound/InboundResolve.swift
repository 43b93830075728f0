public import Contracts

extension InboundRules {
    /// Decides what is written for one target (GEN-3, GEN-5, GEN-6, IN-4, IN-6, MAP-3, MAP-10).
    /// - Parameters:
    ///   - crm: For an update, the linked record as the CRM has it now.
    ///   - candidates: For a create, the records found by external ID or email.
    ///   - mappings: Those of the target's object.
    ///   - bounceLimit: After so many rounds a value that keeps bouncing between the sides is frozen.
    ///   - now: Marketing times that lie in the future count as now.
    public static func resolve(
        _ change: PendingChange, target: InboundTarget, crm: CRMRecord?, candidates: [CRMRecord],
        matching: InboundSettings.Matching, mappings: [FieldMapping], crmSchema: FieldIndex, marketingSchema: FieldIndex,
        profile: Profile, bounceLimit: Int = 3, now: Timestamp
    ) -> InboundResolution {
        let context = MappingContext(mappings: mappings, crm: crmSchema, marketing: marketingSchema)
        var link = target.link
        link.tags = newerTags(change.tags, link.tags)
        switch target.kind {
        case .update:
            guard let crm else {
                var failure = InboundResolution.failed(
                    target.link, code: "crm-record-not-found",
                    "the CRM has no \(target.object.rawValue) \(link.crmID ?? "") that the integration's user can see")
                // Outbound sees deleted ones too: it ends the link or moves it on, and has this change looked at again.
                failure.touch = true
                return failure
            }
            let fields = context.incoming(change, isCreate: false, seen: link.seen)
            return update(
                crm, fields, in: context, link: link, original: target.link, profile: profile, bounceLimit: bounceLimit, now: now)
        case .create:
            guard change.email(profile)?.isBlank == false else {
                return .failed(target.link, code: "no-email", "a person without an email address does not sync")
            }
            // Known as of now: what marketing says of the tags until the flush may not show Tandem's own yet.
            if let tag = profile.createTag(for: target.object) { link.addTag(tag, stamp: Stamp(at: now, sequence: 0)) }
            if let made = madeInVain(candidates, of: change, link: link, in: context) { return made }
            switch adoptable(candidates, for: link, change: change, matching: matching, profile: profile) {
            case .none:
                let fields = context.incoming(change, isCreate: true, seen: [:])
                return create(fields, in: context, link: link, original: target.link, profile: profile)
            case .one(let record):
                let fields = context.incoming(change, isCreate: false, seen: [:])
                var resolution = update(
                    record, fields, in: context, link: link, original: target.link, profile: profile,
                    bounceLimit: bounceLimit, now: now)
                if case .failed = resolution.outcome { return resolution }
                resolution.outcome = .adopt
                return resolution
            case .several(let ids):
                return .failed(
                    target.link, code: "ambiguous-match",
                    "several \(target.object.rawValue)s have this email: \(ids.sorted().joined(separator: ", "))")
            }
        }
    }

    /// The settled resolution of an update that says nothing the base does not have already, so that no call is made for
    /// it (GEN-5); `nil` when the CRM has to be asked.
    public static func resolveWithoutCall(
        _ change: PendingChange, target: InboundTarget, mappings: [FieldMapping], crmSchema: FieldIndex,
        marketingSchema: FieldIndex
    ) -> InboundResolution? {
        // With an answer outstanding the base may not be what the CRM holds.
        guard target.kind == .update, target.link.sent.isEmpty else { return nil }
        let context = MappingContext(mappings: mappings, crm: crmSchema, marketing: marketingSchema)
        var link = target.link
        link.tags = newerTags(change.tags, link.tags)
        for field in context.incoming(change, isCreate: false, seen: target.link.seen) {
            guard !field.isContested, case .success(let value) = field.value,
                field.target.type.areEqual(value, target.link.base[field.target.name] ?? .blank)
            else { return nil }
            link.settle(field)
        }
        return InboundResolution(
            outcome: .unchanged, write: [:], targetID: link.crmID, stampsExternalID: false, decisions: [], link: link)
    }
}

// MARK: Creating

extension InboundRules {
    private enum Match { case none, one(CRMRecord), several([String]) }

    /// The record that is already the person's: the one with our external ID, else the only unclaimed one with the email.
    private static func adoptable(
        _ candidates: [CRMRecord], for link: Link, change: PendingChange, matching: InboundSettings.Matching, profile: Profile
    ) -> Match {
        let living = candidates.filter { !$0.isDeleted }
        if let own = living.first(where: link.isShown(by:)) { return .one(own) }
        guard matching == .email else { return .none }
        let wanted = FieldValue.text(change.email(profile)?.stringValue ?? "")
        let matches = living.filter { record in
            (record.externalID ?? "").isEmpty && !record.isConverted
                && FieldType.email(maxLength: nil).areEqual(record.values[profile.crmEmailField] ?? wanted, wanted)
        }
        if matches.count > 1 { return .several(matches.map(\.id)) }
        return matches.first.map(Match.one) ?? .none
    }

    /// What becomes of a record that an earlier try made, though its answer got lost, and that was deleted since: it is not made
    /// again (GEN-6). Outbound ends its link, or has it go on with the record it was merged into; what the person changed
    /// meanwhile is read then. `nil` where there is none, or only one from before this asking.
    private static func madeInVain(
        _ candidates: [CRMRecord], of change: PendingChange, link: Link, in context: MappingContext
    ) -> InboundResolution? {
        let own = candidates.filter(link.isShown(by:))
        guard own.allSatisfy(\.isDeleted),
            let made = own.max(by: { ($0.createdAt ?? .distantPast) < ($1.createdAt ?? .distantPast) }),
            let createdAt = made.createdAt
        else { return nil }
        // The clocks may differ.
        if let asked = change.creations[link.object]?.at, createdAt.advanced(by: Link.settlingTime) < asked { return nil }
        var link = link.confirmed(by: made, context.crm)
        (link.crmID, link.state) = (made.id, .linked)
        let fields = context.incoming(change, isCreate: true, seen: [:])
        let settled = fields.filter { field in
            guard case .success(let value) = field.value else { return false }
            return field.target.type.areEqual(value, link.base[field.target.name] ?? .blank)
        }
        for field in settled { link.settle(field) }
        var resolution = InboundResolution(
            outcome: .unchanged, write: [:], targetID: made.id, stampsExternalID: false, decisions: [], link: link)
        (resolution.touch, resolution.touchesPerson) = (true, settled.count < fields.count)
        return resolution
    }

    /// A new record with every mapped field that has a value (IN-4).
    private static func create(
        _ fields: [IncomingField], in context: MappingContext, link: Link, original: Link, profile: Profile
    ) -> InboundResolution {
        if let failure = unreadable(fields, link: original) { return failure }
        var link = link
        var write: [String: FieldValue] = [:]
        var decisions: [FieldDecisionRecord] = []
        for field in fields {
            guard case .success(let value) = field.value else { continue }
            link.settle(field)
            guard !value.isBlank else { continue }
            if field.target.isCreatable { write[field.target.name] = field.target.type.normalized(value) }
            decisions.append(
                FieldDecisionRecord(
                    field: field.target.name, marketingField: field.source,
                    reason: field.target.isCreatable ? .created : .notWritable,
                    winner: field.target.isCreatable ? .marketing : nil, base: nil, marketing: value, crm: nil))
        }
        let missing = context.crm.requiredOnCreate.filter { write[$0] == nil }
        guard missing.isEmpty else {
            return .failed(
                original, code: "required-field-missing",
                "the CRM creates no \(link.object.rawValue) without \(missing.joined(separator: ", "))", fields: missing)
        }
        link.sent = [:]
        link.base.merge(write) { $1 }
        link.state = .linked
        var intent = original
        intent.sent = write
        return InboundResolution(
            outcome: .create, write: write, targetID: nil, stampsExternalID: true, decisions: decisions, link: link,
            intent: intent, syncStatus: profile.syncedStatus)
    }

    /// The failure that names every field whose value cannot be read, if there is one (MAP-3).
    static func unreadable(_ fields: [IncomingField], link: Link) -> InboundResolution? {
        var messages: [String] = []
        var names: [String] = []
        for field in fields {
            guard case .failure(let failure) = field.value else { continue }
            messages.append(field.describe(failure))
            names.append(field.target.name)
        }
        if messages.isEmpty { return nil }
        return .failed(link, code: "unreadable-value", messages.joined(separator: "; "), fields: names)
    }
}
