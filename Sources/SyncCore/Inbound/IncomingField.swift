import Contracts

/// A mapped field that a change brings anew, its value read as the CRM field holds it.
struct IncomingField {
    var mapping: FieldMapping
    /// The CRM field.
    var target: FieldSchema
    /// The marketing field's own key, whatever alias the change used.
    var source: String
    var raw: JSONValue
    var stamp: Stamp
    /// Whether another change said something else that may be newer.
    var isContested: Bool
    /// As it was read; not yet as the CRM will save it.
    var value: Result<FieldValue, ConversionFailure>

    /// Names field and value, the value cut to what fits a line (MAP-3).
    func describe(_ failure: ConversionFailure) -> String {
        let text = (try? plainText(raw)) ?? String(decoding: raw.serialized(), as: UTF8.self)
        return "\(target.name): cannot read \"\(text.prefix(80))\": \(failure.reason)"
    }
}

/// Both sides' fields and what connects them.
struct MappingContext {
    var mappings: [FieldMapping]
    var crm: FieldIndex
    var marketing: FieldIndex

    /// The fields that take part (GEN-3): mapped for this kind of write, known on both sides, and for updates perhaps newer
    /// than what was settled before. Marketing names and aliases resolve to one key, the newest value winning.
    func incoming(_ change: PendingChange, isCreate: Bool, seen: [String: Stamp]) -> [IncomingField] {
        var values: [String: Stamped<JSONValue>] = [:]
        for (name, value) in change.fields {
            guard let key = marketing[name]?.name else { continue }
            values[key] = values[key].map { newer($0, value) } ?? value
        }
        return mappings.compactMap { mapping in
            guard mapping.takesPart(inCreate: isCreate), let target = crm[mapping.crm],
                let source = marketing[mapping.marketing]?.name, let stamped = values[source],
                stamped.isNews(after: seen[source])
            else { return nil }
            let value = Result { () throws(ConversionFailure) in
                try mapping.value(from: stamped.value, type: target.type)
            }
            return IncomingField(
                mapping: mapping, target: target, source: source, raw: stamped.value, stamp: stamped.stamp,
                isContested: stamped.isContested, value: value)
        }
    }
}

extension Link {
    /// How long after Tandem's own write marketing may still tell of a state before it.
    static let settlingTime = Duration.seconds(120)

    /// Whether a change may be an echo of what Tandem wrote to marketing shortly before.
    func mayEcho(_ stamp: Stamp) -> Bool { writtenAt.map { stamp.at <= $0.advanced(by: Self.settlingTime) } ?? false }

    /// Whether what a change says of a marketing field may be overtaken: by Tandem's own write, or by what was settled before. If
    /// that was read in marketing, it is as new as the reading, and the clocks may differ.
    func mayBeOvertaken(_ stamp: Stamp, of field: String) -> Bool {
        if mayEcho(stamp) || !stamp.isDated { return true }
        guard let seen = seen[field] else { return false }
        return stamp.isUnordered(to: seen) || !seen.isDated && stamp.at <= seen.at.advanced(by: Self.settlingTime)
    }

    /// Whether marketing has to be asked before a field of the linked person counts: what was told of it is contradictory, or may
    /// be overtaken and is not what was agreed on.
    func doubts(_ field: IncomingField) -> Bool {
        if field.isContested { return true }
        guard mayBeOvertaken(field.stamp, of: field.source) else { return false }
        guard case .success(let value) = field.value else { return true }
        return !field.target.type.areEqual(value, base[field.target.name] ?? .blank)
    }

    /// Whether the value is the one Tandem wrote to marketing, rewritten there.
    func isNearMiss(_ field: IncomingField) -> Bool {
        guard mayEcho(field.stamp), let value = try? field.value.get(), let agreed = base[field.target.name] else { return false }
        return field.target.type.areAlmostEqual(value, agreed)
    }

    /// Remembers that a change of a marketing field was settled.
    mutating func settle(_ field: IncomingField) {
        seen[field.source] = seen[field.source].map { max($0, field.stamp) } ?? field.stamp
    }

    /// Adds the tag that Tandem gives the person for the asking (IN-4), known as of `stamp`.
    mutating func addTag(_ tag: String, stamp: Stamp) {
        var known = tags?.value ?? []
        if !known.contains(where: { Profile.isSameTag($0, tag) }) { known.append(tag) }
        tags = Stamped(known, tags.map { max($0.stamp, stamp) } ?? stamp)
    }
}
