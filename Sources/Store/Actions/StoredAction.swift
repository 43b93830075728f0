public import Contracts
public import SyncCore

/// An action that was asked for, as it stands (ACT-3).
public struct StoredAction: Sendable, Hashable {
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        case waiting, done, failed
        /// It may have been done: nobody can tell, so that it is not done again.
        case unknown
    }

    public var id: Int64
    /// What was asked for; its ``ActionRequest/requestID`` is always there.
    public var request: ActionRequest
    /// The person in marketing; `nil` when the record had none.
    public var marketingID: String?
    public var state: State
    /// Failed tries so far.
    public var attempts: Int
    /// When it is tried next, while it waits.
    public var nextAt: Timestamp
    /// When the call began of which it is not known yet what came of it; `nil` when there is none.
    public var startedAt: Timestamp?
    /// The person's entries into the automation before that call.
    public var earlierEntries: Set<String>
    public var settledAt: Timestamp?
    /// Why it failed, or why it still waits.
    public var error: SyncError?

    /// What tells it from all others of its integration.
    public var requestID: String { request.id }

    /// Whether it is what `request` asks for, whoever asked for it when.
    public func isSame(as request: ActionRequest) -> Bool {
        (self.request.key, self.request.kind, self.request.target) == (request.key, request.kind, request.target)
    }
}

extension StoredAction {
    /// What history keeps of an action that is over.
    func historyEntry(_ state: State, _ error: SyncError?, at now: Timestamp) -> HistoryEntry {
        let outcome =
            switch (state, request.kind) {
            case (.done, .sendCampaign): "campaign-sent"
            case (.done, .enterAutomation): "automation-entered"
            case (.unknown, _): "action-unknown"
            case (.failed, _), (.waiting, _): "action-failed"
            }
        let what = "\(request.kind.rawValue) \(request.target)"
        return HistoryEntry(
            integration: request.key.integration, direction: .outbound, object: request.key.object,
            marketingID: marketingID ?? "", crmID: request.key.recordID, at: now, outcome: outcome, code: error?.code,
            message: error.map { "\(what): \($0.message)" } ?? what)
    }
}
