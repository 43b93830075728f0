import Contracts

extension OutboundRules {
    /// Merges a linked record's fields into what marketing has, by the same rules as inbound merges the other way.
    static func merged(
        _ record: CRMRecord, _ link: Link, _ input: OutboundInput, _ context: OutboundContext, _ now: Timestamp
    ) -> OutboundResolution {
        // What inbound sent, and does not know of whether it arrived, is no user's.
        let link = context.crm[input.object].map { link.confirmed(by: record, $0) } ?? link
        var merger = OutboundMerger(
            record: record, original: link, link: link,
            incoming: context.incoming(input.pending, link, isPatient: !input.isOverdue),
            isWaiting: context.profile.isWaiting(record.syncStatus), bounceLimit: context.settings.bounceLimit, now: now)
        for field in context.fields(of: input.object, inCreate: false) { merger.take(field) }
        var resolution = merger.resolution
        if !resolution.write.isEmpty {
            resolution.outcome = .update
            merger.link.writtenAt = now
        }
        resolution.link = merger.link
        return resolution
    }
}

extension OutboundContext {
    /// What waits inbound and was not settled before, by CRM field. What may be overtaken and says what was agreed on says
    /// nothing.
    /// - Parameter isPatient: Else what is in doubt says nothing either: inbound does not get to it.
    fileprivate func incoming(_ pending: PendingChange?, _ link: Link, isPatient: Bool) -> [String: IncomingField] {
        guard let pending, let crm = crm[link.object], let marketing = marketing(of: link.object) else { return [:] }
        let context = MappingContext(mappings: mappings[link.object] ?? [], crm: crm, marketing: marketing)
        let fields = context.incoming(pending, isCreate: false, seen: link.seen).filter { field in
            link.doubts(field) ? isPatient : !link.mayBeOvertaken(field.stamp, of: field.source)
        }
        return Dictionary(fields.map { ($0.target.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

/// Merges a CRM record's fields into one marketing record, one after the other.
private struct OutboundMerger {
    let record: CRMRecord
    /// The link before.
    let original: Link
    var link: Link
    /// What marketing is about to say, by CRM field.
    let incoming: [String: IncomingField]
    let isWaiting: Bool
    let bounceLimit: Int
    let now: Timestamp
    var resolution = OutboundResolution(.unchanged)

    mutating func take(_ field: OutgoingField) {
        guard let current = record.values[field.source.name] else { return }
        let crm = field.source.type.normalized(current)
        let waiting = incoming[field.source.name]
        if let waiting, original.doubts(waiting) { return take(field, crm, doubting: waiting) }
        let marketing = (try? waiting?.value.get()).map(field.source.type.normalized)
        guard let decision = decide(field, crm, marketing, at: waiting?.stamp.at) else { return }
        switch decision.action {
        case .agree: agree(on: crm, field, waiting)
        case .keepCRM: send(crm, field, decision.reason, beating: waiting)
        case .review: note(field, decision.reason, winner: nil, crm)
        // Inbound's to write.
        case .writeToCRM: break
        }
    }

    /// What marketing's word is nobody knows before inbound has read it back: what stands whatever it is goes out, the rest is
    /// decided then.
    private mutating func take(_ field: OutgoingField, _ crm: FieldValue, doubting waiting: IncomingField) {
        let isNews = !field.source.type.areEqual(crm, original.base[field.source.name] ?? .blank)
        switch field.mapping.rule {
        case .fillEmptyOnly: resolution.isUndecided = resolution.isUndecided || isNews
        case _ where isWaiting && (isNews || waiting.isContested): send(crm, field, .crmWaiting, beating: waiting)
        case .crmWins where isNews: send(crm, field, .conflictCRMWins, beating: waiting)
        default: resolution.isUndecided = resolution.isUndecided || isNews
        }
    }

    /// The same decision as inbound's, with marketing's newest value where one waits, else the one last agreed on; `nil` when
    /// the field stays as it is.
    private func decide(
        _ field: OutgoingField, _ crm: FieldValue, _ waiting: FieldValue?, at moment: Timestamp?
    ) -> FieldDecision? {
        func keep(_ reason: FieldDecision.Reason) -> FieldDecision {
            FieldDecision(value: crm, action: .keepCRM, winner: .crm, reason: reason)
        }
        let name = field.source.name
        let type = field.source.type
        let fillsOnly = field.mapping.rule == .fillEmptyOnly
        if waiting == nil, original.overruled.contains(name) { return keep(.overruled) }
        let base = original.base[name]
        let marketing = waiting ?? base ?? .blank
        if isWaiting, waiting != nil, !fillsOnly, !type.areEqual(marketing, crm) { return keep(.crmWaiting) }
        let decision = merge(
            base: base, marketing: marketing, crm: crm, type: type, rule: field.mapping.rule,
            marketingAt: min(moment ?? now, now), crmAt: record.modifiedAt)
        // Fills empty fields on this side, too.
        if decision.action == .keepCRM, fillsOnly, !marketing.isBlank { return nil }
        return decision
    }

    private mutating func send(
        _ value: FieldValue, _ field: OutgoingField, _ reason: FieldDecision.Reason, beating waiting: IncomingField?
    ) {
        guard let sent = try? field.outgoing(value) else {
            note(field, .notRepresentable, winner: nil, value)
            return
        }
        if field.mapping.direction == .both {
            if link.isNearMiss(value, field.source) { resolution.nearMisses += 1 }
            switch link.bounce(value, to: .marketing, field.source, limit: bounceLimit) {
            case .passes: break
            case .isFrozen: return
            case .freezes:
                resolution.frozen.append(field.source.name)
                note(field, .frozen, winner: nil, value)
                return
            }
        }
        resolution.write[field.target.name] = sent
        note(field, reason, winner: .crm, value)
        agree(on: value, field, waiting)
    }

    /// What waited inbound is settled along with it: it lost, or says the same.
    private mutating func agree(on value: FieldValue, _ field: OutgoingField, _ waiting: IncomingField?) {
        link.base[field.source.name] = value
        link.overruled.remove(field.source.name)
        if let waiting { link.settle(waiting) }
    }

    private mutating func note(
        _ field: OutgoingField, _ reason: FieldDecision.Reason, winner: FieldDecision.Side?, _ crm: FieldValue
    ) {
        let name = field.source.name
        resolution.decisions.append(
            FieldDecisionRecord(
                field: name, marketingField: field.target.name, reason: reason, winner: winner, base: original.base[name],
                marketing: incoming[name].flatMap { try? $0.value.get() }, crm: crm))
    }
}
