import Contracts

/// Ids that come out the same for a delivery that arrives twice.
enum EventIdentity {
    /// Names a payload by its content. The vendor stamps in whole seconds, and a payload without a stamp is given the
    /// second of its arrival: the same words an hour later are news, not a repeat.
    static func id(of body: [UInt8], integration: String, purpose: String, receivedAt: Timestamp?) -> String {
        var hash = FNV1a()
        hash.combine(integration.utf8)
        hash.combine(purpose.utf8)
        hash.combine((receivedAt.map { String($0.milliseconds / 1000) } ?? "").utf8)
        hash.combine(body)
        return hash.hexadecimal
    }

    /// Names what happened by the words that tell it from all else.
    static func id(of words: [String], integration: String, purpose: String) -> String {
        var hash = FNV1a()
        hash.combine(integration.utf8)
        hash.combine(purpose.utf8)
        for word in words { hash.combine(word.utf8) }
        return hash.hexadecimal
    }
}

/// The 128-bit Fowler–Noll–Vo hash, variant 1a: stable across processes, unlike Swift's own.
struct FNV1a {
    private var state: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D

    mutating func mix(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            state ^= UInt128(byte)
            state &*= 0x0000_0000_0100_0000_0000_0000_0000_013B
        }
    }

    /// Mixes in one part; the byte after it, which no UTF-8 text has, keeps `ab`, `c` and `a`, `bc` apart.
    mutating func combine(_ part: some Sequence<UInt8>) {
        mix(part)
        mix(CollectionOfOne(0xFF))
    }

    var hexadecimal: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
