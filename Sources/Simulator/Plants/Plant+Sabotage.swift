import Connectors
import Contracts
import Store
import SyncCore

extension Plant {
    /// How the bug gets into a world.
    var sabotage: Sabotage {
        switch self {
        case .commitEarly: Sabotage(log: LogSabotage(commitsEarly: true))
        case .acknowledgeUnwritten: Sabotage(log: LogSabotage(hidesFailures: true))
        case .arrivalOrder: Sabotage(log: LogSabotage(received: \.datedAtArrival))
        case .forgetVersion: Sabotage(statements: [StoreSabotage.keepsVersions])
        case .lostWakeUp: Sabotage(statements: [StoreSabotage.losesNextTries])
        case .noFencing: Sabotage(statements: LeaseForgery.statements, forgesLeases: true)
        case .leaseForEver: Sabotage(statements: StoreSabotage.endlessLeases)
        case .wideWindow: Sabotage(settings: { $0.inbound.window.widen(by: 3) })
        case .skipEchoCheck: Sabotage(statements: [StoreSabotage.keepsBaseOfWritesToCRM])
        case .forgetBase: Sabotage(statements: StoreSabotage.forgetting("base", empty: "'{}'"))
        case .forgetSent: Sabotage(statements: StoreSabotage.forgetting("sent", empty: "'{}'"))
        case .forgetSeen: Sabotage(statements: StoreSabotage.forgetting("seen", empty: "'{}'"))
        case .forgetOwnWrites: Sabotage(statements: StoreSabotage.forgetting("written_at", empty: "NULL"))
        case .forgetOverruled: Sabotage(statements: StoreSabotage.forgetting("overruled", empty: "'[]'"))
        case .dropTombstone: Sabotage(statements: [StoreSabotage.dropsEnded])
        case .timeOnly: Sabotage(crm: { CRMSabotage(page: CRMSabotage.nextByTimeAlone) })
        case .noOverlap: Sabotage(settings: { $0.outbound.overlap = .zero })
        case .pollIntoFuture: Sabotage(crm: { CRMSabotage(serverTime: { $0.advanced(by: .seconds(3600)) }) })
        case .emailAsKey: Sabotage(marketing: { MarketingSabotage(write: MarketingSabotage.byEmail) })
        case .reviveDeleted: Sabotage(marketing: { MarketingSabotage(write: MarketingSabotage.again) })
        case .createUnlooked: Sabotage(settings: { $0.inbound.matching = .none })
        case .repeatCreates: Sabotage(crm: { CRMSabotage(write: CRMSabotage.creatingAgain) })
        case .ignoreMark: Sabotage(crm: { CRMSabotage(record: CRMSabotage.withoutMark) })
        case .ignoreConversion: Sabotage(crm: { CRMSabotage(record: CRMSabotage.unconverted) })
        case .ignoreMerge: Sabotage(crm: { CRMSabotage(record: CRMSabotage.unmerged) })
        case .cachedRead: PollCache().sabotage
        case .marketingWins: Sabotage(settings: { $0.mappings.letMarketingWin() })
        case .selectEverybody: Sabotage(settings: { $0.outbound.selection[.contact] = .criteria(.all([])) })
        case .unmappedField: Sabotage(crm: { CRMSabotage(write: CRMSabotage.withTitles) })
        case .forgetStatus: Sabotage(crm: { CRMSabotage(write: CRMSabotage.withoutStatus) })
        case .forgetTags: Sabotage(marketing: { MarketingSabotage(tagFailure: { _ throws(SyncError) in }) })
        case .settleWholeBatch: Sabotage(crm: { CRMSabotage(write: CRMSabotage.settlingTogether) })
        case .parkTransient: Sabotage(crm: { CRMSabotage(write: CRMSabotage.failingForGood) })
        case .ownRateCount: Sabotage(rates: { try? Store.inMemory(key: .generate()).sharing {} })
        case .ignoreQuota: Sabotage(crm: { CRMSabotage(failure: \.withoutPause) })
        case .ignoreBudget: Sabotage(settings: { $0.crm.budget = APIBudget(backfill: 100, outbound: 100, inbound: 100) })
        case .overlookDrift: Sabotage(statements: [StoreSabotage.overlooksDrift])
        case .ignoreBrake: Sabotage(settings: { $0.runs.deletionShare = 100 })
        case .settleWholeJob: Sabotage(crm: { CRMSabotage(imported: CRMSabotage.settlingJob) })
        case .recordTwice: Sabotage(log: LogSabotage(received: \.anotherActivity))
        case .misfileStrangers: Sabotage(statements: [StoreSabotage.misfilesStrangers])
        case .forgetCopies: Sabotage(statements: [StoreSabotage.forgetsCopies])
        }
    }
}

extension BatchWindow {
    fileprivate mutating func widen(by factor: Int) { self = BatchWindow(records: records * factor, interval: interval * factor) }
}

extension MappingSet {
    fileprivate mutating func letMarketingWin() {
        for index in contact.indices { contact[index].rule = .marketingWins }
        for index in lead.indices { lead[index].rule = .marketingWins }
    }
}

extension SyncError {
    /// A limit that was reached, as if it were free again at once.
    fileprivate var withoutPause: SyncError {
        guard case .rateLimited = errorClass else { return self }
        return SyncError(.rateLimited(until: .distantPast), code: code, message: message, fields: fields)
    }
}
