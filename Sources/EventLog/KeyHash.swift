/// Where a keyed record goes: the murmur2 hash of Kafka's own Java producer, so that every log keeps a key in the same
/// partition as any other Kafka client would.
public enum KeyHash {
    /// The partition of `key` among `count` partitions.
    public static func partition(of key: [UInt8], count: Int) -> Int {
        Int(murmur2(key) & 0x7fff_ffff) % max(count, 1)
    }

    /// MurmurHash2 (32 bit, Austin Appleby, public domain) with Kafka's seed.
    static func murmur2(_ bytes: [UInt8]) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        let tail = bytes.count & ~3
        for start in stride(from: 0, to: tail, by: 4) {
            var block =
                UInt32(bytes[start]) | UInt32(bytes[start + 1]) << 8 | UInt32(bytes[start + 2]) << 16
                | UInt32(bytes[start + 3]) << 24
            block &*= multiplier
            block ^= block >> 24
            block &*= multiplier
            hash = (hash &* multiplier) ^ block
        }
        for index in stride(from: bytes.count - 1, through: tail, by: -1) {
            hash ^= UInt32(bytes[index]) << (8 * UInt32(index - tail))
        }
        if bytes.count > tail { hash &*= multiplier }
        hash ^= hash >> 13
        hash &*= multiplier
        return hash ^ hash >> 15
    }
}
