/// How a field's value went to and fro between the sides: what tells a vendor's automation that undoes every write from
/// people at work.
public struct FieldTrail: Sendable, Hashable {
    /// The side that was written last.
    public var lastWritten: FieldDecision.Side
    /// How often in a row a write went the other way than the one before it.
    public var flips: Int
    /// How many of those brought back a value the field had shortly before.
    public var repeats: Int
    /// The latest values, the newest last; few.
    public var values: [FieldValue]
    /// Set when the field was frozen: nothing is written to it until a value comes that is not among ``values``.
    public var isFrozen: Bool

    public init(
        lastWritten: FieldDecision.Side, flips: Int = 0, repeats: Int = 0, values: [FieldValue] = [], isFrozen: Bool = false
    ) {
        self.lastWritten = lastWritten
        self.flips = flips
        self.repeats = repeats
        self.values = values
        self.isFrozen = isFrozen
    }
}

extension FieldTrail {
    /// What becomes of a value that is about to be written.
    enum Passage: Hashable {
        case passes
        /// The field is frozen with it: the value is not written.
        case freezes
        /// The field was frozen before.
        case isFrozen
    }

    private static let length = 4
    /// Rounds a value may go on changing, in multiples of the limit: an automation that adds to every value it gets never
    /// repeats one.
    private static let patience = 10

    /// Takes note of a value about to be written to `side`.
    /// - Parameter limit: The rounds, there and back, after which a repeated value freezes the field.
    mutating func note(_ value: FieldValue, to side: FieldDecision.Side, _ type: FieldType, limit: Int) -> Passage {
        let halves = 2 * min(max(limit, 1), 1000)
        if isFrozen {
            guard !knows(value, type), flips < halves * Self.patience else { return .isFrozen }
            isFrozen = false
            repeats = 0
        }
        if side != lastWritten {
            flips += 1
            if knows(value, type) { repeats += 1 }
        } else if let last = values.last, type.areEqual(last, value) {
            // The other side undid the last write without being written to: there and back.
            flips += 2
            repeats += 2
        } else {
            flips = 0
            repeats = 0
        }
        lastWritten = side
        values = (values + [value]).suffix(Self.length)
        isFrozen = repeats >= halves || flips >= halves * Self.patience
        return isFrozen ? .freezes : .passes
    }

    /// Whether the field had the value shortly before.
    func knows(_ value: FieldValue, _ type: FieldType) -> Bool { values.contains { type.areEqual($0, value) } }
}

extension Link {
    mutating func bounce(
        _ value: FieldValue, to side: FieldDecision.Side, _ field: FieldSchema, limit: Int
    ) -> FieldTrail.Passage {
        guard var trail = trails[field.name] else {
            trails[field.name] = FieldTrail(lastWritten: side, values: [value])
            return .passes
        }
        defer { trails[field.name] = trail }
        return trail.note(value, to: side, field.type, limit: limit)
    }

    /// Whether the CRM's value is the one Tandem wrote there last, rewritten.
    func isNearMiss(_ value: FieldValue, _ field: FieldSchema) -> Bool {
        guard let trail = trails[field.name], trail.lastWritten == .crm, let written = trail.values.last else { return false }
        return field.type.areAlmostEqual(value, written)
    }
}

extension FieldType {
    /// Whether two unequal texts are the same but for case and blanks, or of a phone number but for its punctuation: how a
    /// vendor's automation tidies up what it gets.
    func areAlmostEqual(_ left: FieldValue, _ right: FieldValue) -> Bool {
        guard !areEqual(left, right), case .text(let left) = left, case .text(let right) = right else { return false }
        if case .phone = self {
            let digits = left.filter(\.isNumber)
            if !digits.isEmpty, digits == right.filter(\.isNumber) { return true }
        }
        func plain(_ text: String) -> [Substring] { text.lowercased().split(whereSeparator: \.isWhitespace) }
        return plain(left) == plain(right)
    }
}
