public import Contracts

/// A value that left what both sides agreed on without either having been told of it (RUN-4).
public struct Drift: Sendable, Hashable {
    /// The side whose value is another one than was agreed on.
    public enum Side: String, Sendable, Hashable, Codable, CaseIterable { case crm, marketing }

    public var integration: String
    public var object: CRMObject
    public var marketingID: String
    public var crmID: String
    /// In the CRM.
    public var field: String
    public var side: Side
    /// What both sides agreed on, and what the side was found to hold.
    public var agreed: FieldValue
    public var found: FieldValue

    public init(_ link: Link, field: String, side: Side, found: FieldValue) {
        integration = link.integration
        object = link.object
        marketingID = link.marketingID
        crmID = link.crmID ?? ""
        self.field = field
        self.side = side
        agreed = link.base[field] ?? .blank
        self.found = found
    }
}

/// Compares what a side holds with what was agreed on. Pure.
public enum DriftRules {
    /// The CRM fields of a linked record whose value is not what was agreed on; without a word, that is a blank.
    public static func inCRM(_ record: CRMRecord, _ link: Link, in context: OutboundContext) -> [Drift] {
        guard link.state == .linked, let schema = context.crm[record.object] else { return [] }
        let link = link.confirmed(by: record, schema)
        let drifts: [Drift] = context.comparedFields(of: record.object).compactMap { field in
            let agreed = link.base[field.source.name] ?? .blank
            guard let held = record.values[field.source.name], !link.isUnsettled(field.source.name),
                !field.source.type.areEqual(held, agreed), field.mapping.rule != .fillEmptyOnly || agreed.isBlank
            else { return nil }
            return Drift(link, field: field.source.name, side: .crm, found: field.source.type.normalized(held))
        }
        return context.syncing(drifts)
    }

    /// The CRM fields whose value in marketing is not what was agreed on, in either's form.
    /// - Parameter fields: what marketing holds, by its names for fields; one that is missing says nothing.
    public static func inMarketing(_ fields: [String: JSONValue], _ link: Link, in context: OutboundContext) -> [Drift] {
        guard link.state == .linked, let marketing = context.marketing(of: link.object) else { return [] }
        var held: [String: JSONValue] = [:]
        for (name, value) in fields { held[marketing[name]?.name ?? name] = value }
        let drifts: [Drift] = context.comparedFields(of: link.object).compactMap { field in
            let agreed = link.base[field.source.name] ?? .blank
            guard let raw = held[field.target.name], !link.isUnsettled(field.source.name),
                field.mapping.rule != .fillEmptyOnly || agreed.isBlank, !field.isSame(raw, as: agreed)
            else { return nil }
            let found = try? field.mapping.value(from: raw, type: field.source.type)
            return Drift(link, field: field.source.name, side: .marketing, found: found ?? .text((try? plainText(raw)) ?? ""))
        }
        return context.syncing(drifts)
    }

    /// Whether the link still says what it said when the drift was found.
    public static func stands(_ drift: Drift, _ link: Link) -> Bool {
        link.state == .linked && link.crmID == drift.crmID && link.base[drift.field] ?? .blank == drift.agreed
            && !link.isUnsettled(drift.field)
    }

    /// The fields of `fields` that marketing holds a value in though nothing was agreed on yet (MAP-8): what a backfill hands to
    /// inbound, by marketing's names.
    public static func backfill(
        _ fields: [String: JSONValue], of names: [String], _ link: Link, in context: OutboundContext
    ) -> [String: JSONValue] {
        guard link.state == .linked, let crm = context.crm[link.object], let marketing = context.marketing(of: link.object) else {
            return [:]
        }
        var held: [String: JSONValue] = [:]
        for (name, value) in fields { held[marketing[name]?.name ?? name] = value }
        let wanted = Set(names.map { $0.lowercased() })
        var values: [String: JSONValue] = [:]
        for mapping in context.mappings[link.object] ?? [] where wanted.contains(mapping.crm.lowercased()) {
            guard mapping.direction != .outbound, let target = crm[mapping.crm], link.base[target.name] == nil,
                let source = marketing[mapping.marketing], let raw = held[source.name], !raw.isBlank
            else { continue }
            values[source.name] = raw
        }
        return values
    }
}

/// What puts drift right, by the same rules that merge changes (RUN-4).
public struct DriftRepair: Sendable, Hashable {
    /// The link as it is to be before the sides are looked at again.
    public var link: Link
    /// Whether marketing's values are handed to inbound, and whether outbound looks at the CRM record.
    public var asksInbound = false
    public var asksOutbound = false
}

extension DriftRules {
    /// A field that flows both ways, or the way from the side that drifted, is merged as if that side had just told of it. Where
    /// it only flows to that side, the other's value is written anew: what was found counts as agreed on, and so the other one
    /// is news.
    public static func repair(_ drifts: [Drift], of link: Link, in context: OutboundContext) -> DriftRepair {
        var repair = DriftRepair(link: link)
        let fields = context.comparedFields(of: link.object)
        for drift in drifts where stands(drift, link) {
            guard let field = fields.first(where: { $0.source.name == drift.field }) else { continue }
            switch (drift.side, field.mapping.direction) {
            case (.crm, .inbound):
                repair.link.base[drift.field] = drift.found
                repair.asksInbound = true
            case (.marketing, .outbound):
                repair.link.base[drift.field] = drift.found
                repair.asksOutbound = true
            case (.crm, _): repair.asksOutbound = true
            case (.marketing, _): repair.asksInbound = true
            }
        }
        return repair
    }
}

extension Link {
    /// Whether a field is on its way, or was frozen: that it differs is known.
    fileprivate func isUnsettled(_ field: String) -> Bool {
        overruled.contains(field) || sent[field] != nil || trails[field]?.isFrozen == true
    }
}

extension OutgoingField {
    /// Whether marketing's value is the agreed one, read as the CRM's or in the form it was written in.
    fileprivate func isSame(_ raw: JSONValue, as agreed: FieldValue) -> Bool {
        if let value = try? mapping.value(from: raw, type: source.type), source.type.areEqual(value, agreed) { return true }
        guard let written = try? outgoing(agreed) else { return false }
        return (try? plainText(written)) == (try? plainText(raw))
    }
}

extension OutboundContext {
    /// GEN-2: of somebody who has no email address any more nothing syncs, and no repair could bring it in step.
    fileprivate func syncing(_ drifts: [Drift]) -> [Drift] {
        drifts.contains { $0.field == profile.crmEmailField && $0.found.isBlank } ? [] : drifts
    }

    /// The mapped fields that both sides keep in step once a record is linked, whichever way.
    fileprivate func comparedFields(of object: CRMObject) -> [OutgoingField] {
        guard let crm = crm[object], let marketing = marketing(of: object) else { return [] }
        var taken: Set<String> = []
        return (mappings[object] ?? []).compactMap { mapping in
            guard mapping.scope != .createOnly, let source = crm[mapping.crm], let target = marketing[mapping.marketing],
                taken.insert(target.name).inserted
            else { return nil }
            return OutgoingField(mapping: mapping, source: source, target: target)
        }
    }
}
