import Connectors
import Contracts
import Store
import SyncCore

/// What the panel of a CRM record asks for: the actions on offer, one to be done, and what came of it (ACT-3).
///
/// Whoever calls this knows that the caller may: managers and standard users alike (PERM-1).
struct ActionsAPI: Sendable {
    /// The marketing side of an integration.
    typealias Connection = API.Connection

    private static let mostShown = 50

    let store: Store
    let clock: any WallClock
    let connection: Connection

    /// The paths of what follows.
    var routes: [APIRoute] {
        [
            APIRoute("GET", "actions", for: .standard) { await offers(of: $0.integration) },
            APIRoute("GET", "actions/{request}", for: .standard) { request in
                await state(of: request.integration, requestID: request["request"])
            },
            APIRoute("GET", "records/{object}/{id}/actions", for: .standard) { await outcomes(of: $0.record) },
            APIRoute("POST", "records/{object}/{id}/actions", for: .standard) { request in
                guard case .complete(let body) = request.request.body else { return .interrupted }
                return await ask(for: request.record, body, by: "\(request.role)")
            },
        ]
    }

    /// `GET …/actions`: what may be asked for.
    func offers(of name: String) async -> GatewayResponse {
        await answering { () async throws in
            let integration = try await integration(name)
            let label = Profile(name: integration.settings.profile).actionLabel
            let marketing = try await connection(integration)
            var offers: [JSONValue] = []
            for kind in ActionKind.allCases {
                offers += try await marketing.offers(kind, labelled: label).map {
                    ["kind": .string(kind.rawValue), "target": .string($0.id), "name": .string($0.name)]
                }
            }
            return .api(200, ["actions": .array(offers)])
        }
    }

    /// `POST …/records/{object}/{crmId}/actions` with `{"kind", "target", "requestId"?}`: 202 with the request's id and state, 409
    /// with the reason when it has failed at once. The same request told twice has the same answer.
    /// - Parameter role: the caller's, kept with the action.
    func ask(for record: RecordKey, _ body: [UInt8], by role: String) async -> GatewayResponse {
        await answering { () async throws in
            let request = try request(for: record, body, by: role)
            _ = try await integration(record.integration)
            guard let action = try await store.take([request], now: clock.now()).first else { return .unknownRequest }
            guard action.isSame(as: request) else {
                return .conflict(code: "request-id-taken", "the requestId stands for another action")
            }
            if action.state == .failed, let error = action.error {
                return .conflict(code: error.code, error.message)
            }
            return .api(202, action.json)
        }
    }

    /// `GET …/actions/{requestId}`: what came of a request.
    func state(of name: String, requestID: String) async -> GatewayResponse {
        await answering { () async throws in
            _ = try await integration(name)
            let action = try await store.action(integration: name, requestID: requestID)
            return action.map { .api(200, $0.json) } ?? .unknownRequest
        }
    }

    /// `GET …/records/{object}/{crmId}/actions`: what was asked for a record, the newest first.
    func outcomes(of record: RecordKey) async -> GatewayResponse {
        await answering { () async throws in
            _ = try await integration(record.integration)
            guard let object = CRMObject(rawValue: record.object) else { return .api(200, ["actions": []]) }
            let actions = try await store.actions(
                integration: record.integration, object: object, crmID: record.recordID, limit: Self.mostShown)
            return .api(200, ["actions": .array(actions.map(\.json))])
        }
    }

    // MARK: Helpers

    private struct NoIntegration: Error {}

    private func integration(_ name: String) async throws -> StoredIntegration {
        guard let integration = try await store.integration(name), integration.state != .disconnected else {
            throw NoIntegration()
        }
        return integration
    }

    private func request(for record: RecordKey, _ body: [UInt8], by role: String) throws(PayloadError) -> ActionRequest {
        guard let members = (try? JSONValue.parse(body))?.objectValue else { throw .malformed("the body is not a JSON object") }
        guard let kind = members["kind"]?.stringValue.flatMap(ActionKind.init) else {
            let kinds = ActionKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .unprocessable("kind is none of \(kinds)")
        }
        guard let target = members["target"]?.stringValue else { throw .unprocessable("target is not a string") }
        let requestID = members["requestId"] ?? .null
        guard requestID == .null || requestID.stringValue != nil else { throw .unprocessable("requestId is not a string") }
        let request = ActionRequest(
            key: record, kind: kind, target: target, requestID: requestID.stringValue, askedAt: clock.now(), askedBy: role)
        if let problem = request.problem { throw .unprocessable(problem) }
        return request
    }

    private func answering(_ work: () async throws -> GatewayResponse) async -> GatewayResponse {
        do {
            return try await work()
        } catch let error as PayloadError {
            return .refused(error)
        } catch is NoIntegration {
            return .notFound
        } catch let error as SyncError {
            return .marketingFailed(error)
        } catch {
            return .storeUnavailable
        }
    }
}

extension GatewayResponse {
    fileprivate static let unknownRequest = error(
        404, .notFound, code: "unknown-request", "no action has this requestId")

    fileprivate static func conflict(code: String, _ message: String) -> GatewayResponse {
        error(409, .unprocessable, code: code, message)
    }

    /// The marketing platform's own words. What passes by itself is worth another try.
    fileprivate static func marketingFailed(_ error: SyncError) -> GatewayResponse {
        switch error.errorClass {
        case .transient, .rateLimited, .lock, .inDoubt:
            .error(503, .marketingUnavailable, code: error.code, error.message, headers: ["Retry-After": "30"])
        case .permanent, .auth, .schema: .error(502, .marketingUnavailable, code: error.code, error.message)
        }
    }
}

extension StoredAction {
    /// As the API shows it.
    fileprivate var json: JSONValue {
        [
            "requestId": .string(requestID), "kind": .string(request.kind.rawValue), "target": .string(request.target),
            "object": .string(request.key.object), "recordId": .string(request.key.recordID), "state": .string(state.rawValue),
            "requestedAt": .string(request.askedAt.iso8601), "requestedBy": request.askedBy.map(JSONValue.string) ?? .null,
            "settledAt": settledAt.map { .string($0.iso8601) } ?? .null,
            "error": error.map { ["code": .string($0.code), "message": .string($0.message)] } ?? .null,
        ]
    }
}
