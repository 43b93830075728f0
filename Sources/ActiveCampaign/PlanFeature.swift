import Connectors
import Contracts
import SyncCore

/// Calls to a part of the API that only some plans have. That a plan lacks it is a permanent error of its own, not one of the
/// credentials, and is remembered for a while.
actor PlanFeature {
    private static let rememberedFor: Duration = .seconds(600)

    private let session: ActiveCampaignSession
    private let clock: any WallClock
    private let missing: SyncError
    private var missingUntil: Timestamp = .distantPast
    /// Until when a write that worked shows that the plan has it.
    private var knownUntil: Timestamp = .distantPast

    /// - Parameter code: of the error where the plan lacks it, such as `accounts-not-available`.
    init(_ name: String, code: String, session: ActiveCampaignSession, clock: any WallClock) {
        self.session = session
        self.clock = clock
        missing = SyncError(.permanent, code: code, message: "This ActiveCampaign account's plan or user does not have \(name)")
    }

    func call(
        _ method: String, _ path: String, query: [(String, String)] = [], body: JSONValue? = nil
    ) async throws(SyncError) -> JSONValue {
        guard missingUntil <= clock.now() else { throw missing }
        do throws(SyncError) {
            let answer = try await session.call(method, path, query: query, body: body)
            if method != "GET" { knownUntil = clock.now().advanced(by: Self.rememberedFor) }
            return answer
        } catch {
            throw await verdict(error)
        }
    }

    func list(_ path: String, key: String, query: [(String, String)] = []) async throws(SyncError) -> [JSONValue] {
        guard missingUntil <= clock.now() else { throw missing }
        do throws(SyncError) {
            return try await session.list(path, key: key, query: query).rows
        } catch {
            throw await verdict(error)
        }
    }

    /// A refusal of the key is one of the plan if the key is good for something else.
    private func verdict(_ error: SyncError) async -> SyncError {
        guard error.errorClass == .auth else { return error }
        do throws(SyncError) {
            _ = try await session.call("GET", "users/me")
        } catch {
            return error
        }
        // What worked a moment ago is refused for another reason, which may pass.
        guard knownUntil <= clock.now() else { return SyncError(.transient, code: error.code, message: error.message) }
        missingUntil = clock.now().advanced(by: Self.rememberedFor)
        return missing
    }
}
