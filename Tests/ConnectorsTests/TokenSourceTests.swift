import Connectors
import Contracts
import SyncCore
import Testing

@Suite("Token source")
struct TokenSourceTests {
    private static func access(_ name: String) -> AccessToken { AccessToken(token: Secret(name), endpoint: "https://acme.test") }

    @Test("CON-1 fifty callers whose token died cause one refresh")
    func oneRefresh() async throws {
        let log = Log()
        let source = TokenSource { _ throws(SyncError) in
            await log.add("request")
            return TokenGrant(access: Self.access("token \(await log.lines.count)"))
        }
        let dead = try await source.token()
        let fresh = try await withThrowingTaskGroup(of: AccessToken.self) { group in
            for _ in 0..<50 { group.addTask { try await source.token(replacing: dead) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(fresh == [Self.access("token 2")])
        #expect(await log.lines.count == 2)
        // Late news of the same dead token changes nothing any more.
        #expect(try await source.token(replacing: dead) == Self.access("token 2"))
        #expect(await log.lines.count == 2)
    }

    @Test("CON-3 a rotated refresh token is durable before the access token is used, and the next refresh uses it")
    func rotation() async throws {
        let log = Log()
        let store = RefreshTokenStore(
            load: { () throws(SyncError) in Secret("refresh \(await log.lines.count(where: { $0 == "saved" }))") },
            save: { (_: Secret) throws(SyncError) in await log.add("saved") }
        )
        let source = TokenSource(refreshTokens: store) { refresh throws(SyncError) in
            await log.add(refresh?.reveal() ?? "none")
            return TokenGrant(access: Self.access("from \(refresh?.reveal() ?? "")"), rotatedRefreshToken: Secret("next"))
        }
        let first = try await source.token()
        await log.add("used")
        _ = try await source.token(replacing: first)
        #expect(await log.lines == ["refresh 0", "saved", "used", "refresh 1", "saved"])
    }

    @Test("A refresh token that cannot be saved keeps its access token from being used")
    func unsaved() async {
        let failure = SyncError(.transient, code: "store", message: "disk full")
        let store = RefreshTokenStore(
            load: { () throws(SyncError) in Secret("old") }, save: { (_: Secret) throws(SyncError) in throw failure }
        )
        let source = TokenSource(refreshTokens: store) { _ throws(SyncError) in
            TokenGrant(access: Self.access("new"), rotatedRefreshToken: Secret("next"))
        }
        await #expect(throws: failure) { try await source.token() }
    }

    /// A store whose saving can be made to fail.
    private actor Shelf {
        private static let full = SyncError(.transient, code: "store", message: "disk full")
        private(set) var token = Secret("0")
        private(set) var failures: Int

        init(failures: Int) { self.failures = failures }

        func put(_ token: Secret) { self.token = token }

        func save(_ token: Secret) throws(SyncError) {
            guard failures == 0 else {
                failures -= 1
                throw Self.full
            }
            self.token = token
        }

        nonisolated var store: RefreshTokenStore {
            RefreshTokenStore(
                load: { () async throws(SyncError) in await self.token },
                save: { (token: Secret) async throws(SyncError) in try await self.save(token) })
        }
    }

    /// A vendor that rotates: every token works once, and its successor is the next number.
    private static func rotating(_ shelf: Shelf, _ log: Log) -> TokenSource {
        TokenSource(refreshTokens: shelf.store) { refresh throws(SyncError) in
            let used = refresh?.reveal() ?? ""
            await log.add(used)
            return TokenGrant(access: access("from \(used)"), rotatedRefreshToken: Secret("\(used)+"))
        }
    }

    @Test("CON-3 a rotated token that could not be saved is saved and used by the next refresh", arguments: 1...3)
    func savedLater(failures: Int) async throws {
        let (shelf, log) = (Shelf(failures: failures), Log())
        let source = Self.rotating(shelf, log)
        for _ in 0..<failures { await #expect(throws: SyncError.self) { try await source.token() } }
        // Until it is saved, no other token is asked for.
        #expect(await log.lines == ["0"])
        let fresh = try await source.token()
        #expect(fresh == Self.access("from 0+"))
        _ = try await source.token(replacing: fresh)
        #expect(await log.lines == ["0", "0+", "0++"])
        #expect(await shelf.token == Secret("0+++"))
    }

    @Test("CON-3 an unsaved token does not replace one that was stored meanwhile")
    func storedMeanwhile() async throws {
        let (shelf, log) = (Shelf(failures: 1), Log())
        let source = Self.rotating(shelf, log)
        await #expect(throws: SyncError.self) { try await source.token() }
        await shelf.put(Secret("reconnected"))
        #expect(try await source.token() == Self.access("from reconnected"))
        #expect(await shelf.token == Secret("reconnected+"))
    }

    @Test("A rotated token is saved even when the caller who asked for it has given up")
    func impatientCaller() async throws {
        let clock = VirtualClock()
        let log = Log()
        let store = RefreshTokenStore(
            load: { () throws(SyncError) in Secret("old") }, save: { (_: Secret) throws(SyncError) in await log.add("saved") }
        )
        let source = TokenSource(refreshTokens: store) { _ throws(SyncError) in
            do {
                try await clock.sleep(until: clock.now().advanced(by: .seconds(1)))
            } catch {
                throw SyncError(.transient, code: "cancelled", message: "")
            }
            return TokenGrant(access: Self.access("new"), rotatedRefreshToken: Secret("next"))
        }
        let caller = Task { try await source.token() }
        await clock.waitForSleepers()
        caller.cancel()
        await clock.advanceToNextSleeper()
        #expect(try await source.token() == Self.access("new"))
        #expect(await log.lines == ["saved"])
    }

    @Test("A dead grant is an error after one request, not a loop")
    func deadGrant() async {
        let log = Log()
        let failure = SyncError(.auth, code: "invalid_grant", message: "expired access/refresh token")
        let source = TokenSource { _ throws(SyncError) in
            await log.add("request")
            throw failure
        }
        await #expect(throws: failure) { try await source.token() }
        #expect(await log.lines.count == 1)
    }

    @Test("Tokens do not show when printed")
    func secrecy() {
        let source = Self.access("very-secret")
        #expect(!"\(source) \(String(reflecting: source))".contains("very-secret"))
    }
}
