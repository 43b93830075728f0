/// The ids a pass saw, as 64-bit fingerprints in one flat table: a million take 16 MB. Two different ids share a fingerprint once
/// in 10^19 pairs; then a deletion is found by the next change of the record instead.
public struct SeenSet: Sendable {
    private var slots: [UInt64]
    public private(set) var count = 0

    /// - Parameter capacity: how many ids are expected; more make it grow.
    public init(capacity: Int = 0) {
        slots = Array(repeating: 0, count: Self.size(for: capacity))
    }

    public mutating func insert(_ print: UInt64) {
        if (count + 1) * 2 > slots.count { grow() }
        let index = slot(of: print)
        guard slots[index] == 0 else { return }
        slots[index] = Self.stored(print)
        count += 1
    }

    public func contains(_ print: UInt64) -> Bool { slots[slot(of: print)] != 0 }

    /// The slot that holds the fingerprint, or the free one where it belongs.
    private func slot(of print: UInt64) -> Int {
        let (stored, mask) = (Self.stored(print), slots.count - 1)
        var index = Int(truncatingIfNeeded: stored) & mask
        while slots[index] != 0, slots[index] != stored { index = (index + 1) & mask }
        return index
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: 0, count: old.count * 2)
        for print in old where print != 0 { slots[slot(of: print)] = print }
    }

    /// Zero marks a free slot.
    private static func stored(_ print: UInt64) -> UInt64 { print == 0 ? 1 : print }

    private static func size(for capacity: Int) -> Int {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        return size
    }

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
