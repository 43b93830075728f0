import Connectors
import Contracts
import Store
import SyncCore

/// One try to do one action.
struct ActionAttempt: Sendable {
    struct Failure {
        var error: SyncError
        /// Whether this try, or an earlier one, may have been carried out all the same.
        var mayBeDone: Bool
    }

    let action: StoredAction
    let marketing: any MarketingActions
    let label: String
    let store: Store
    let clock: any WallClock
    let lease: Lease

    private var kind: ActionKind { action.request.kind }
    private var target: String { action.request.target }

    /// Why it is not done now; `nil` when it is.
    func carryOut() async throws(StoreError) -> Failure? {
        guard let person = action.marketingID else {
            return Failure(
                error: SyncError(.permanent, code: "not-linked", message: "there is nobody to do it with"), mayBeDone: false)
        }
        if action.startedAt != nil {
            do throws(SyncError) {
                if try await wasDone(with: person) { return nil }
            } catch {
                return Failure(error: error, mayBeDone: true)
            }
        }
        let entries: Set<String>
        do throws(SyncError) {
            try await requireOffer()
            entries = kind == .enterAutomation ? try await marketing.entries(ofContact: person, inAutomation: target) : []
        } catch {
            return Failure(error: error, mayBeDone: false)
        }
        try await store.startAction(action.id, earlierEntries: entries, lease: lease, now: clock.now())
        do throws(SyncError) {
            switch kind {
            case .sendCampaign: try await marketing.sendCampaign(target, toContact: person)
            case .enterAutomation: try await marketing.enterAutomation(target, contact: person)
            }
            return nil
        } catch {
            return Failure(error: error, mayBeDone: error.errorClass == .inDoubt)
        }
    }

    /// Whether the earlier try, of which nobody heard, was carried out.
    private func wasDone(with person: String) async throws(SyncError) -> Bool {
        switch kind {
        case .sendCampaign:
            throw SyncError(
                .inDoubt, code: "answer-lost", message: "the worker ended before it heard whether the campaign was sent")
        case .enterAutomation:
            return try await !marketing.entries(ofContact: person, inAutomation: target).isSubset(of: action.earlierEntries)
        }
    }

    /// Labels may have changed since the user chose.
    private func requireOffer() async throws(SyncError) {
        guard try await !marketing.offers(kind, labelled: label).contains(where: { $0.id == target }) else { return }
        let what = kind == .sendCampaign ? "campaign" : "automation"
        throw SyncError(
            .permanent, code: "not-offered", message: "no \(what) with the id \(target) has the label \(label) in marketing")
    }
}
