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
