/// Which of the ids that a pass should see it saw: 64-bit fingerprints in one flat table, a million in 17 MB. Two different ids
/// share a fingerprint once in 10^19 pairs; then a deletion is found by the next change of the record instead.
public struct SeenSet: Sendable {
    private var slots: [UInt64]
    /// A bit for each slot.
    private var seen: [UInt64]
    /// How many more fit.
    private var room: Int

    /// - Parameter capacity: how many ids may be expected.
    public init(capacity: Int) {
        room = capacity
        var size = 64
        while size < capacity * 2 { size *= 2 }
        slots = Array(repeating: 0, count: size)
        seen = Array(repeating: 0, count: size / 64)
    }

    /// Notes an id that should be seen. One beyond the capacity is left out, and never missed.
    public mutating func expect(_ print: UInt64) {
        let slot = slot(of: print)
        guard slots[slot] == 0, room > 0 else { return }
        slots[slot] = Self.stored(print)
        room -= 1
    }

    public mutating func see(_ print: UInt64) {
        let slot = slot(of: print)
        if slots[slot] != 0 { seen[slot / 64] |= Self.bit(of: slot) }
    }

    /// Whether it was expected and not seen.
    public func misses(_ print: UInt64) -> Bool {
        let slot = slot(of: print)
        return slots[slot] != 0 && seen[slot / 64] & Self.bit(of: slot) == 0
    }

    private static func bit(of slot: Int) -> UInt64 { 1 << UInt64(slot % 64) }

    /// The slot that holds the fingerprint, or the free one where it belongs; half of all slots stay free.
    private func slot(of print: UInt64) -> Int {
        let (stored, mask) = (Self.stored(print), slots.count - 1)
        var index = Int(truncatingIfNeeded: stored) & mask
        while slots[index] != 0, slots[index] != stored { index = (index + 1) & mask }
        return index
    }

    /// Zero marks a free slot.
    private static func stored(_ print: UInt64) -> UInt64 { print == 0 ? 1 : print }

    /// The fingerprint of an id: FNV-1a with its bits mixed once more, the same in every process.
    public static func print(of id: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        return hash ^ (hash >> 33)
    }

    /// Which of `count` parts a fingerprint belongs to, where one table would take too much memory.
    public static func part(of print: UInt64, among count: Int) -> Int { Int((print >> 32) % UInt64(max(1, count))) }
}
