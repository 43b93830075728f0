import Contracts

extension InboundRules {
    /// Merges what the change brings into an existing record.
    static func update(
        _ record: CRMRecord, _ fields: [IncomingField], in context: MappingContext, link: Link, original: Link, profile: Profile,
        bounceLimit: Int, now: Timestamp
    ) -> InboundResolution {
        if record.isConverted { return converted(record, original, in: context) }
        let link = link.confirmed(by: record, context.crm)
        let isWaiting = profile.isWaiting(record.syncStatus)
        // What is ignored anyway need not be readable.
        if !isWaiting, let failure = unreadable(fields, link: original) { return failure }
        var merger = RecordMerger(
            record: record, original: link, link: link, isWaiting: isWaiting, bounceLimit: bounceLimit, now: now)
        for field in fields { merger.take(field) }
        merger.link.state = .linked
        merger.link.crmID = record.id
        let outcome: InboundResolution.Outcome =
            if isWaiting { .ignoredByConflict } else if merger.write.isEmpty { .unchanged } else { .update }
        var intent = link
        intent.sent = merger.write
        var resolution = InboundResolution(
            outcome: outcome, write: merger.write, targetID: record.id,
            stampsExternalID: (record.externalID ?? "").isEmpty, decisions: merger.decisions, link: merger.link, intent: intent)
        resolution.touch = merger.touch
        resolution.frozen = merger.frozen
        resolution.nearMisses = merger.nearMisses
        if !isWaiting, !profile.isSynced(record.syncStatus) { resolution.syncStatus = profile.syncedStatus }
        return resolution
    }

    /// A converted lead can not be written any more. Outbound moves its link to the contact, to which the change then goes; so it
    /// does for one that Tandem made and that was converted before its answer came. One that nothing links any more stays as it
    /// is.
    private static func converted(_ record: CRMRecord, _ link: Link, in context: MappingContext) -> InboundResolution {
        if link.state == .creating, link.isShown(by: record) {
            var made = link.confirmed(by: record, context.crm)
            (made.state, made.crmID) = (.linked, record.id)
            var resolution = InboundResolution(
                outcome: .adopt, write: [:], targetID: record.id, stampsExternalID: false, decisions: [], link: made)
            (resolution.touch, resolution.touchesPerson) = (true, true)
            return resolution
        }
        guard link.state == .linked, link.crmID == record.id else {
            return .failed(
                link, .permanent, code: "lead-converted",
                "lead \(record.id) of this person became a contact and cannot be written any more")
        }
        var resolution = InboundResolution.failed(
            link, .transient, code: "lead-converted", "lead \(record.id) became a contact, whose turn comes first")
        resolution.touch = true
        return resolution
    }
}

/// Merges fields into one CRM record, one after the other.
private struct RecordMerger {
    let record: CRMRecord
    /// The link before the change.
    let original: Link
    var link: Link
    let isWaiting: Bool
    let bounceLimit: Int
    let now: Timestamp
    var write: [String: FieldValue] = [:]
    var decisions: [FieldDecisionRecord] = []
    var touch = false
    var frozen: [String] = []
    var nearMisses = 0

    mutating func take(_ field: IncomingField) {
        let name = field.target.name
        guard let current = record.values[name] else {
            // Not settled: once the CRM shows the field again, the change still counts.
            note(field, .fieldMissing, winner: nil, crm: nil)
            return
        }
        link.settle(field)
        let decision = decide(field, current)
        if decision.action != .agree, original.isNearMiss(field) { nearMisses += 1 }
        switch decision.action {
        case .writeToCRM(let value):
            guard passes(value, field, current) else { return }
            write[name] = value
            agree(on: value, name)
        case .agree:
            agree(on: decision.value, name)
            return
        case .keepCRM: overrule(field)
        case .review: break
        }
        note(field, decision.reason, winner: decision.winner, crm: current)
    }

    /// The base stays, so that outbound sees the CRM's value as a change; the mark makes it flow even when only marketing's
    /// value moved away from the base. Of a field that is only filled where it is empty each side keeps its own value.
    private mutating func overrule(_ field: IncomingField) {
        guard field.mapping.flowsOut(inCreate: false) else { return }
        if field.mapping.rule == .fillEmptyOnly, let value = try? field.value.get(), !value.isBlank { return }
        link.overruled.insert(field.target.name)
        // A poll sees what changes, but not what the field had before it was mapped. A record that waits is seen in any case.
        if !isWaiting { touch = true }
    }

    /// Whether a value of a field that flows both ways does not just come back once more.
    private mutating func passes(_ value: FieldValue, _ field: IncomingField, _ current: FieldValue) -> Bool {
        guard field.mapping.flowsOut(inCreate: false) else { return true }
        let passage = link.bounce(value, to: .crm, field.target, limit: bounceLimit)
        if passage == .passes { return true }
        if passage == .freezes { frozen.append(field.target.name) }
        note(field, .frozen, winner: nil, crm: current)
        return false
    }

    private func decide(_ field: IncomingField, _ current: FieldValue) -> FieldDecision {
        func keep(_ reason: FieldDecision.Reason) -> FieldDecision {
            FieldDecision(value: current, action: .keepCRM, winner: .crm, reason: reason)
        }
        guard case .success(let read) = field.value else { return keep(.crmWaiting) }
        let value = field.target.type.normalized(read)
        let decision = merge(
            base: original.base[field.target.name], marketing: value, crm: current, type: field.target.type,
            rule: field.mapping.rule, marketingAt: min(field.stamp.at, now), crmAt: record.modifiedAt)
        if decision.action == .agree { return decision }
        if isWaiting { return keep(.crmWaiting) }
        guard case .writeToCRM = decision.action else { return decision }
        if !field.target.isUpdatable { return keep(.notWritable) }
        if value.isBlank, field.target.isRequired { return keep(.requiredByCRM) }
        return decision
    }

    private mutating func agree(on value: FieldValue, _ name: String) {
        link.base[name] = value
        link.overruled.remove(name)
    }

    private mutating func note(
        _ field: IncomingField, _ reason: FieldDecision.Reason, winner: FieldDecision.Side?, crm: FieldValue?
    ) {
        decisions.append(
            FieldDecisionRecord(
                field: field.target.name, marketingField: field.source, reason: reason, winner: winner,
                base: original.base[field.target.name], marketing: try? field.value.get(), crm: crm))
    }
}
