/// A bug that somebody could have written: one rule broken, in one place. The drill plants each of them and wants to see it
/// found.
public enum Plant: String, Sendable, Hashable, Codable, CaseIterable {
    // The log
    case commitEarly = "commit-early"
    case acknowledgeUnwritten = "acknowledge-unwritten"
    case arrivalOrder = "arrival-order"
    // The queue and the leases
    case forgetVersion = "forget-version"
    case lostWakeUp = "lost-wake-up"
    case noFencing = "no-fencing"
    case leaseForEver = "lease-for-ever"
    case wideWindow = "wide-window"
    // Links
    case skipEchoCheck = "skip-echo-check"
    case forgetBase = "forget-base"
    case forgetSent = "forget-sent"
    case forgetSeen = "forget-seen"
    case forgetOwnWrites = "forget-own-writes"
    case forgetOverruled = "forget-overruled"
    case dropTombstone = "drop-tombstone"
    // Polls
    case timeOnly = "watermark-time-only"
    case noOverlap = "no-overlap"
    case pollIntoFuture = "poll-into-future"
    // Records and decisions
    case emailAsKey = "email-as-key"
    case reviveDeleted = "revive-deleted"
    case createUnlooked = "create-unlooked"
    case repeatCreates = "repeat-creates"
    case ignoreMark = "ignore-waiting-mark"
    case ignoreConversion = "ignore-conversion"
    case ignoreMerge = "ignore-merge"
    case cachedRead = "cached-read"
    case marketingWins = "marketing-wins"
    case selectEverybody = "select-everybody"
    case unmappedField = "unmapped-field"
    case forgetStatus = "forget-status"
    case forgetTags = "forget-tags"
    // Failures and limits
    case settleWholeBatch = "settle-whole-batch"
    case parkTransient = "park-transient"
    case ownRateCount = "own-rate-count"
    case ignoreQuota = "ignore-quota"
    case ignoreBudget = "ignore-budget"
    // Runs
    case overlookDrift = "overlook-drift"
    case ignoreBrake = "ignore-brake"
    case settleWholeJob = "settle-whole-job"
    // Activities
    case recordTwice = "record-twice"
    case misfileStrangers = "misfile-strangers"
    case forgetCopies = "forget-copies"

    /// What is wrong, in a line.
    public var summary: String {
        switch self {
        case .commitEarly: "offsets are committed before the batch is in the queue"
        case .acknowledgeUnwritten: "what the log did not take counts as published"
        case .arrivalOrder: "the change that arrives last counts as the newest"
        case .forgetVersion: "a row is settled although a newer change was merged into it meanwhile"
        case .lostWakeUp: "a row that waits for its next try is never looked at again"
        case .noFencing: "who lost the lease while standing still commits all the same"
        case .leaseForEver: "the lease of a dead worker does not run out"
        case .wideWindow: "a flush waits for three times as many records, three times as long"
        case .skipEchoCheck: "what was written to the CRM does not become the base, and comes back as the CRM's change"
        case .forgetBase: "fields are merged two ways, for nobody knows what both sides had before"
        case .forgetSent: "nobody remembers what was being written when the answer was lost"
        case .forgetSeen: "an old change that comes late is applied again"
        case .forgetOwnWrites: "what a webhook saw before Tandem's own write counts as an edit"
        case .forgetOverruled: "a marketing value that lost is not written over"
        case .dropTombstone: "nothing is left of a link that ended"
        case .timeOnly: "a poll's next page begins after the last row's time, whoever else has it"
        case .noOverlap: "a poll does not look back for transactions that committed late"
        case .pollIntoFuture: "the server's time is read in the wrong zone, an hour ahead"
        case .emailAsKey: "people in marketing are found by their email, not by their link"
        case .reviveDeleted: "a person who is gone from marketing is created again"
        case .createUnlooked: "a record is created without a look for the person's email"
        case .repeatCreates: "a create whose answer was lost is sent again under another external ID"
        case .ignoreMark: "a CRM record that waits for its sync is written over"
        case .ignoreConversion: "a converted lead is taken for any other"
        case .ignoreMerge: "a merged record is taken for a deleted one"
        case .cachedRead: "a CRM record is merged as the last poll saw it"
        case .marketingWins: "marketing wins every conflict"
        case .selectEverybody: "every CRM contact becomes known to marketing"
        case .unmappedField: "a field nobody mapped is written along"
        case .forgetStatus: "the CRM record does not show that it was synced"
        case .forgetTags: "a tag that could not be put on is forgotten"
        case .settleWholeBatch: "all updates of a batch count as done when one is"
        case .parkTransient: "a failure that would pass is taken for good"
        case .ownRateCount: "every process counts its requests to marketing for itself"
        case .ignoreQuota: "a quota that is used up is asked again and again"
        case .ignoreBudget: "the share of the day's calls that is for others is used as well"
        case .overlookDrift: "values that differ without an event are not reported"
        case .ignoreBrake: "a run ends as many links as it likes"
        case .settleWholeJob: "all rows of a bulk job count as done when the job is"
        case .recordTwice: "an activity that is delivered again is another one"
        case .misfileStrangers: "an activity of somebody who is not linked yet is kept for nobody"
        case .forgetCopies: "an activity of somebody who is not linked yet is never copied to the CRM"
        }
    }

    /// Who may notice first.
    public var expected: Set<Invariant> {
        let loses: Set<Invariant> = [.changesAppliedOrExplained, .sidesEqual]
        return switch self {
        case .commitEarly, .acknowledgeUnwritten, .timeOnly, .noOverlap: loses
        case .pollIntoFuture, .settleWholeBatch: loses.union([.mergesAgree, .onlyDueWrites])
        case .arrivalOrder, .forgetVersion, .forgetSent, .forgetSeen, .forgetOwnWrites: loses.union([.mergesAgree])
        case .forgetOverruled, .cachedRead, .marketingWins, .ignoreMark: loses.union([.mergesAgree])
        case .skipEchoCheck, .forgetBase: loses.union([.mergesAgree, .noEcho])
        case .noFencing: loses.union([.mergesAgree, .noEcho, .nothingWaitsForever])
        case .lostWakeUp, .leaseForEver: [.nothingWaitsForever, .windowKept]
        case .wideWindow: [.windowKept]
        case .dropTombstone, .reviveDeleted: [.noResurrection, .nothingTwice, .onlyDueWrites]
        case .emailAsKey, .createUnlooked, .repeatCreates: loses.union([.nothingTwice, .onlyDueWrites])
        case .ignoreConversion, .ignoreMerge: loses.union([.onlyDueWrites, .nothingTwice, .noResurrection])
        case .selectEverybody: [.onlyDueWrites]
        case .unmappedField: [.onlyMappedFields]
        case .forgetStatus, .forgetTags: [.marksShown]
        case .parkTransient: loses
        case .ownRateCount: [.rateKept]
        case .ignoreQuota, .ignoreBudget: [.quotaKept]
        case .overlookDrift, .settleWholeJob: loses.union([.mergesAgree])
        case .ignoreBrake: [.deletionsApproved]
        case .recordTwice, .misfileStrangers, .forgetCopies: [.activitiesKept]
        }
    }
}
