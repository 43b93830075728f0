public import Contracts

// The compact form in which queue rows and links are kept. A stamp is [milliseconds, sequence] at the head of an array; at its
// end there may be marks: what is undated, what is contested.

extension PendingChange {
    /// `{"f": {field: [ms, sequence, value]}, "t": [ms, sequence, [tag]], "c": {object: [ms, sequence]}, "d": [ms, sequence],
    /// "a": [ms, sequence]}`,
    /// each member only where there is something.
    public var json: JSONValue {
        var members: [String: JSONValue] = [:]
        if !fields.isEmpty { members["f"] = .object(fields.mapValues { $0.json(\.self) }) }
        if let tags { members["t"] = tags.json(textList) }
        if !creations.isEmpty {
            members["c"] = .object(Dictionary(uniqueKeysWithValues: creations.map { ($0.rawValue, .array($1.json)) }))
        }
        if let deletedAt { members["d"] = .array(deletedAt.json) }
        if let touchedAt { members["a"] = .array(touchedAt.json) }
        return .object(members)
    }

    /// Reads ``json`` back; `nil` for anything else.
    public init?(json: JSONValue) {
        guard let members = json.objectValue else { return nil }
        self.init()
        for (name, member) in members {
            switch name {
            case "f":
                guard let fields = member.objectValue?.mapEvery({ Stamped(json: $0) { $0 } }) else { return nil }
                self.fields = fields
            case "t":
                guard let tags = Stamped(json: member, read: texts) else { return nil }
                self.tags = tags
            case "c":
                guard let stamps = member.objectValue?.mapEvery(Stamp.init(json:)) else { return nil }
                for (object, stamp) in stamps {
                    guard let object = CRMObject(rawValue: object), object.isPerson else { return nil }
                    creations[object] = stamp
                }
            case "d":
                guard let stamp = Stamp(json: member) else { return nil }
                deletedAt = stamp
            case "a":
                guard let stamp = Stamp(json: member) else { return nil }
                touchedAt = stamp
            default: return nil
            }
        }
    }
}

extension Link {
    /// The base as ``FieldValue/json`` by CRM field.
    public var baseJSON: JSONValue { .object(base.mapValues(\.json)) }

    public static func base(from json: JSONValue) -> [String: FieldValue]? {
        json.objectValue?.mapEvery(FieldValue.init(json:))
    }

    /// What was sent, in the form of the base.
    public var sentJSON: JSONValue { .object(sent.mapValues(\.json)) }

    /// `[ms, sequence]` by marketing field.
    public var seenJSON: JSONValue { .object(seen.mapValues { .array($0.json) }) }

    public static func seen(from json: JSONValue) -> [String: Stamp]? { json.objectValue?.mapEvery(Stamp.init(json:)) }

    /// `[ms, sequence, [tag]]`, or null when the tags are not known.
    public var tagsJSON: JSONValue { tags?.json(textList) ?? .null }

    /// The outer optional is `nil` for what ``tagsJSON`` never writes, the inner one when the tags are not known.
    public static func tags(from json: JSONValue) -> Stamped<[String]>?? {
        if json == .null { return .some(nil) }
        return Stamped(json: json, read: texts).map { .some($0) }
    }

    /// The CRM fields, sorted.
    public var overruledJSON: JSONValue { .array(overruled.sorted().map(JSONValue.string)) }

    public static func overruled(from json: JSONValue) -> Set<String>? { texts(json).map(Set.init) }
}

extension Link {
    /// `[side, flips, repeats, frozen, [value]]` by CRM field, the values as ``FieldValue/json``.
    public var trailsJSON: JSONValue {
        .object(
            trails.mapValues { trail in
                [
                    .string(trail.lastWritten.rawValue), .integer(Int64(trail.flips)), .integer(Int64(trail.repeats)),
                    .boolean(trail.isFrozen), .array(trail.values.map(\.json)),
                ]
            })
    }

    public static func trails(from json: JSONValue) -> [String: FieldTrail]? {
        json.objectValue?.mapEvery(FieldTrail.init(json:))
    }
}

extension FieldTrail {
    fileprivate init?(json: JSONValue) {
        guard let parts = json.arrayValue, parts.count == 5, let side = parts[0].stringValue.flatMap(FieldDecision.Side.init),
            case .integer(let flips) = parts[1], case .integer(let repeats) = parts[2], case .boolean(let isFrozen) = parts[3],
            let values = parts[4].arrayValue?.mapEvery(FieldValue.init(json:)), let flips = UInt16(exactly: flips),
            let repeats = UInt16(exactly: repeats)
        else { return nil }
        self.init(lastWritten: side, flips: Int(flips), repeats: Int(repeats), values: values, isFrozen: isFrozen)
    }
}

// MARK: Parts

/// What is out of the ordinary with a stamp or what it stamps.
private struct Marks: OptionSet {
    let rawValue: Int64

    static let undated = Marks(rawValue: 1)
    static let contested = Marks(rawValue: 2)

    /// At the end of an array.
    var json: [JSONValue] { isEmpty ? [] : [.integer(rawValue)] }

    init(rawValue: Int64) { self.rawValue = rawValue }

    /// Reads what an array has beyond its first parts.
    init?(json parts: ArraySlice<JSONValue>, of possible: Marks) {
        switch (parts.count, parts.first) {
        case (0, _): self = []
        case (1, .integer(let value)) where possible.isSuperset(of: Marks(rawValue: value)): self.init(rawValue: value)
        default: return nil
        }
    }
}

extension Stamp {
    fileprivate var json: [JSONValue] { parts + marks.json }

    fileprivate var parts: [JSONValue] { [.integer(at.milliseconds), .integer(sequence)] }
    fileprivate var marks: Marks { isDated ? [] : .undated }

    fileprivate init?(json: JSONValue) {
        guard let parts = json.arrayValue, let marks = Marks(json: parts.dropFirst(2), of: .undated) else { return nil }
        self.init(parts: parts, marks)
    }

    fileprivate init?(parts: [JSONValue], _ marks: Marks) {
        guard parts.count >= 2, case .integer(let milliseconds) = parts[0], case .integer(let sequence) = parts[1] else {
            return nil
        }
        self.init(at: Timestamp(milliseconds: milliseconds), sequence: sequence, isDated: !marks.contains(.undated))
    }
}

extension Stamped {
    fileprivate func json(_ form: (Value) -> JSONValue) -> JSONValue {
        .array(stamp.parts + [form(value)] + (isContested ? stamp.marks.union(.contested) : stamp.marks).json)
    }

    fileprivate init?(json: JSONValue, read: (JSONValue) -> Value?) {
        guard let parts = json.arrayValue, parts.count >= 3,
            let marks = Marks(json: parts.dropFirst(3), of: [.undated, .contested]),
            let stamp = Stamp(parts: parts, marks), let value = read(parts[2])
        else { return nil }
        self.init(value, stamp, isContested: marks.contains(.contested))
    }
}

private func textList(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }

private func texts(_ json: JSONValue) -> [String]? { json.arrayValue?.mapEvery(\.stringValue) }

extension Dictionary {
    /// All values changed, or `nil` when one of them cannot be.
    fileprivate func mapEvery<Result>(_ transform: (Value) -> Result?) -> [Key: Result]? {
        let result = compactMapValues(transform)
        return result.count == count ? result : nil
    }
}

extension Array {
    fileprivate func mapEvery<Result>(_ transform: (Element) -> Result?) -> [Result]? {
        let result = compactMap(transform)
        return result.count == count ? result : nil
    }
}
