/// Random numbers that depend on a seed alone (SplitMix64).
public struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// Dice of their own for one purpose: what is thrown there does not shift what is thrown elsewhere.
    public init(seed: UInt64, purpose: String) {
        // FNV-1a, for the hash of a string differs from process to process.
        let hash = purpose.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        self.init(seed: seed &* 0x9e37_79b9_7f4a_7c15 ^ hash)
        _ = next()
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `limit`.
    public mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(limit, 1), using: &self) }

    public mutating func between(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// A number from 0 up to, not including, 1.
    public mutating func unit() -> Double { Double.random(in: 0..<1, using: &self) }

    /// `true` with that probability.
    public mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// One of them, which must not be empty.
    public mutating func pick<Choices: Collection>(_ choices: Choices) -> Choices.Element? { choices.randomElement(using: &self) }
}
