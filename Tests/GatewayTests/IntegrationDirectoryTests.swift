import Connectors
import Contracts
import SyncCore
import Synchronization
import Testing

@testable import Gateway

@Suite("Secrets of webhooks")
struct IntegrationDirectoryTests {
    /// A store of secrets that counts how often it is asked.
    private final class Secrets: Sendable {
        struct Broken: Error {}
        private let state: Mutex<(secrets: [String: String], lookups: Int, isBroken: Bool)>

        init(_ secrets: [String: String]) { state = Mutex((secrets, 0, false)) }

        var lookups: Int { state.withLock { $0.lookups } }
        func set(_ name: String, _ secret: String?) { state.withLock { $0.secrets[name] = secret } }
        func breakDown() { state.withLock { $0.isBroken = true } }

        func lookup(_ name: String) throws -> Secret? {
            try state.withLock {
                $0.lookups += 1
                if $0.isBroken { throw Broken() }
                return $0.secrets[name].map { Secret($0) }
            }
        }
    }

    private let clock = VirtualClock()
    private let secrets = Secrets(["acme": "sesame"])
    private let directory: IntegrationDirectory

    init() {
        let secrets = secrets
        directory = IntegrationDirectory(clock: clock) { try secrets.lookup($0) }
    }

    private func verdict(_ secret: String, of name: String = "acme") async -> IntegrationDirectory.Verdict {
        await directory.verdict(integration: name, secret: secret)
    }

    @Test("the store is asked once while an acceptance is fresh, and again after")
    func freshAcceptance() async {
        for _ in 0..<5 { #expect(await verdict("sesame") == .accepted) }
        #expect(secrets.lookups == 1)
        await clock.advance(by: IntegrationDirectory.acceptanceLifetime)
        #expect(await verdict("sesame") == .accepted)
        #expect(secrets.lookups == 2)
    }

    @Test("GEN-4 a disconnected integration is refused once its acceptance is old")
    func disconnected() async {
        #expect(await verdict("sesame") == .accepted)
        secrets.set("acme", nil)
        await clock.advance(by: IntegrationDirectory.acceptanceLifetime)
        #expect(await verdict("sesame") == .refused)
    }

    @Test("unknown names and wrong secrets are remembered: a scan asks once a second and name")
    func scan() async {
        for guess in 0..<100 {
            #expect(await verdict("guess-\(guess)") == .refused)
            #expect(await verdict("guess-\(guess)", of: "nobody") == .refused)
        }
        #expect(secrets.lookups == 2)
        await clock.advance(by: IntegrationDirectory.refusalLifetime)
        #expect(await verdict("guess") == .refused)
        #expect(secrets.lookups == 3)
    }

    @Test("a rotated secret and a new integration work a second later at most")
    func rotated() async {
        #expect(await verdict("sesame") == .accepted)
        #expect(await verdict("first", of: "new") == .refused)
        secrets.set("acme", "rotated")
        secrets.set("new", "first")
        await clock.advance(by: IntegrationDirectory.refusalLifetime)
        #expect(await verdict("rotated") == .accepted)
        #expect(await verdict("sesame") == .refused)
        #expect(await verdict("first", of: "new") == .accepted)
    }

    @Test("while the store is away, what was accepted before still is, and nothing else is judged")
    func storeAway() async {
        #expect(await verdict("sesame") == .accepted)
        secrets.breakDown()
        await clock.advance(by: .seconds(3600))
        #expect(await verdict("sesame") == .accepted)
        #expect(await verdict("other") == .unavailable)
        #expect(await verdict("sesame", of: "other") == .unavailable)
    }

    @Test(
        "what cannot be a name is refused without asking",
        arguments: ["", "Acme", "a/b", "a b", String(repeating: "a", count: 64)])
    func noName(name: String) async {
        #expect(await verdict("sesame", of: name) == .refused)
        #expect(secrets.lookups == 0)
    }

    @Test("those who ask at the same time wait for one look-up")
    func together() async {
        let (gate, secrets) = (Gate(), secrets)
        let directory = IntegrationDirectory(clock: clock) { name in
            await gate.passed()
            return try secrets.lookup(name)
        }
        await withTaskGroup { group in
            for _ in 0..<10 {
                group.addImmediateTask { await directory.verdict(integration: "acme", secret: "sesame") }
            }
            // Queued behind the ten: once it is answered, all of them wait.
            #expect(await directory.count == 0)
            await gate.open()
            for await verdict in group { #expect(verdict == .accepted) }
        }
        #expect(secrets.lookups == 1)
    }

    @Test("the cache of names is bounded")
    func bounded() async {
        for number in 0...IntegrationDirectory.maximumEntries { _ = await verdict("guess", of: "name-\(number)") }
        #expect(await verdict("sesame") == .accepted)
        #expect(await directory.count <= IntegrationDirectory.maximumEntries)
    }

    @Test(
        "a secret matches itself and nothing else",
        arguments: [
            ("sesame", "sesame", true), ("sesame", "sesam", false), ("sesame", "sesames", false), ("sesame", "sesamf", false),
            ("sesame", "", false), ("", "", false), ("", "a", false), ("ab", "abab", false),
        ])
    func matching(expected: String, offered: String, matches: Bool) {
        #expect(IntegrationDirectory.matches(Secret(expected), offered) == matches)
        #expect(!IntegrationDirectory.matches(nil, offered))
    }
}
