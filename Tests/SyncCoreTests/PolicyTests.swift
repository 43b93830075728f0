import Contracts
import Testing

@testable import SyncCore

@Suite("IN-1 Batch window")
struct BatchWindowTests {
    private let window = BatchWindow.standard

    @Test("flushes at 100 records, not before")
    func records() {
        #expect(window.decision(waiting: 99, oldest: at(0), now: at(0)) == .wait(until: at(600)))
        #expect(window.decision(waiting: 100, oldest: at(0), now: at(0)) == .flush)
        #expect(window.decision(waiting: 101, oldest: at(0), now: at(0)) == .flush)
    }

    @Test("flushes ten minutes after the first, not before")
    func interval() {
        #expect(window.decision(waiting: 1, oldest: at(0), now: Timestamp(milliseconds: 599_999)) == .wait(until: at(600)))
        #expect(window.decision(waiting: 1, oldest: at(0), now: at(600)) == .flush)
        #expect(window.decision(waiting: 1, oldest: at(0), now: Timestamp(milliseconds: 600_001)) == .flush)
    }

    @Test("is idle with nothing waiting, and tunable")
    func idleAndTuned() {
        #expect(window.decision(waiting: 0, oldest: nil, now: at(9999)) == .idle)
        #expect(BatchWindow(records: 1, interval: .seconds(600)).decision(waiting: 1, oldest: at(0), now: at(0)) == .flush)
        #expect(BatchWindow(records: 100, interval: .zero).decision(waiting: 1, oldest: at(0), now: at(0)) == .flush)
        // A clock that was set back delays, and never forgets.
        #expect(window.decision(waiting: 1, oldest: at(100), now: at(0)) == .wait(until: at(700)))
    }
}

@Suite("IN-10 Retries")
struct RetryPolicyTests {
    private let policy = RetryPolicy.standard

    private func delay(_ errorClass: ErrorClass, _ attempts: Int, jitter: Double) -> Duration? {
        let error = SyncError(errorClass, code: "x", message: "")
        guard case .retry(let time) = policy.next(after: error, attempts: attempts, now: at(1000), jitter: jitter) else {
            return nil
        }
        return time.since(at(1000))
    }

    @Test("pauses double up to the cap, drawn from zero to the bound", arguments: [ErrorClass.transient, .inDoubt])
    func exponential(errorClass: ErrorClass) {
        let bounds = (1...9).map { delay(errorClass, $0, jitter: 1) }
        #expect(bounds == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600].map { Duration.seconds($0) })
        #expect(delay(errorClass, 3, jitter: 0) == .zero)
        #expect(delay(errorClass, 3, jitter: 0.5) == .seconds(60))
    }

    @Test("a locked record is tried ten times as soon")
    func lock() {
        #expect((1...3).map { delay(.lock, $0, jitter: 1) } == [3, 6, 12].map { Duration.seconds($0) })
    }

    @Test("attempts run out")
    func exhausted() {
        #expect(delay(.transient, 19, jitter: 0.5) == .seconds(1800))
        #expect(delay(.transient, 20, jitter: 0.5) == nil)
        #expect(policy.next(after: SyncError(.lock, code: "x", message: ""), attempts: .max, now: at(0), jitter: 0) == .park)
        #expect(delay(.transient, .min, jitter: 1) == .seconds(30))
    }

    @Test("the class decides the rest")
    func classes() {
        func next(_ errorClass: ErrorClass) -> RetryDecision {
            policy.next(after: SyncError(errorClass, code: "x", message: ""), attempts: 99, now: at(0), jitter: 0.5)
        }
        #expect(next(.permanent) == .park)
        #expect(next(.schema) == .park)
        #expect(next(.auth) == .holdIntegration(until: nil))
        #expect(next(.rateLimited(until: at(77))) == .holdIntegration(until: at(77)))
    }
}

@Suite("IN-3, IN-4 Profile")
struct ProfileTests {
    @Test("the five tags open the gate, in any case and with blanks around", arguments: profile.gateTags)
    func gate(tag: String) {
        #expect(profile.gateTags.count == 5)
        #expect(profile.isOpen(to: ["vip", " \(tag.uppercased()) "]))
        #expect(!profile.isOpen(to: ["vip", tag + "s"]))
    }

    @Test("a person asked for gets the object's tag, which opens the gate", arguments: CRMObject.people)
    func createTag(object: CRMObject) throws {
        #expect(profile.createTag(for: object) == "added-to-salesforce-\(object.rawValue)")
        #expect(try profile.gateTags.contains(#require(profile.createTag(for: object))))
    }

    @Test("IN-6 the waiting status is recognised, and only that")
    func waiting() {
        #expect(profile.isWaiting(profile.waitingStatus) && profile.isWaiting("waiting for next sync "))
        #expect(!profile.isWaiting(nil) && !profile.isWaiting("") && !profile.isWaiting(profile.syncedStatus))
    }

    @Test("CON-3 a secret does not show itself")
    func secret() {
        let secret = Secret("hunter2")
        #expect("\(secret) \(String(reflecting: secret)) \([secret])".contains("hunter2") == false)
        #expect(secret.reveal() == "hunter2")
    }
}
