import Contracts
import Testing

@testable import SyncCore

@Suite("What follows from an action that failed")
struct ActionOutcomeTests {
    private func outcome(
        _ errorClass: ErrorClass, _ kind: ActionKind, mayBeDone: Bool, attempts: Int = 1
    ) -> (ActionOutcome, SyncError) {
        let error = SyncError(errorClass, code: "x", message: "")
        let outcome = ActionOutcome(
            after: error, of: kind, mayBeDone: mayBeDone, attempts: attempts, retry: .standard, now: at(1000), jitter: 1)
        return (outcome, error)
    }

    @Test(
        "ACT-3 a campaign that may have been sent is not sent again, whatever else went wrong",
        arguments: [ErrorClass.inDoubt, .transient, .auth])
    func campaignInDoubt(errorClass: ErrorClass) {
        let (outcome, error) = outcome(errorClass, .sendCampaign, mayBeDone: true)
        #expect(outcome == .unknown(error))
    }

    @Test("GEN-6 an entry that may have been made is tried again, with that in mind, and open in the end")
    func entryInDoubt() {
        let (outcome, error) = outcome(.inDoubt, .enterAutomation, mayBeDone: true)
        #expect(outcome == .retry(at: at(1030), error, mayBeDone: true))
        let (last, lastError) = self.outcome(.inDoubt, .enterAutomation, mayBeDone: true, attempts: 20)
        #expect(last == .unknown(lastError))
    }

    @Test("IN-10 what certainly was not done is tried again if it may pass, and fails if not", arguments: ActionKind.allCases)
    func certain(kind: ActionKind) {
        let (transient, error) = outcome(.transient, kind, mayBeDone: false)
        #expect(transient == .retry(at: at(1030), error, mayBeDone: false))
        let (permanent, refusal) = outcome(.permanent, kind, mayBeDone: false)
        #expect(permanent == .failed(refusal))
        let (last, lastError) = outcome(.transient, kind, mayBeDone: false, attempts: 20)
        #expect(last == .failed(lastError))
    }

    @Test("OUT-9 it waits as long as the account asks for, and for its manager", arguments: ActionKind.allCases)
    func holds(kind: ActionKind) {
        let (limited, error) = outcome(.rateLimited(until: at(1077)), kind, mayBeDone: false)
        #expect(limited == .retry(at: at(1077), error, mayBeDone: false))
        let (refused, refusal) = outcome(.auth, kind, mayBeDone: false)
        #expect(refused == .retry(at: at(1900), refusal, mayBeDone: false))
    }

    @Test(
        "ACT-3 a request that nobody could carry out says why",
        arguments: [
            ("account", "1", "12", nil), ("nonsense", "1", "12", nil), ("contact", "1/2", "12", nil), ("contact", "1", "", nil),
            ("lead", "1", "a/b", nil), ("lead", "1", "12", ""),
        ] as [(String, String, String, String?)])
    func problems(object: String, record: String, target: String, id: String?) {
        func request(_ object: String, _ record: String, _ target: String, _ id: String?) -> ActionRequest {
            let key = RecordKey(integration: "acme", object: object, recordID: record)
            return ActionRequest(key: key, kind: .sendCampaign, target: target, requestID: id, askedAt: at(0))
        }
        #expect(request(object, record, target, id).problem != nil)
        #expect(request("lead", "1", "12", "r").problem == nil)
    }
}
