import Sandbox
import SyncCore

/// What happens in a run, in order of time. Steps name people by number, so that a script with some of its steps left out still
/// makes sense: what cannot be done is skipped.
struct Script: Sendable, Hashable {
    var setting: Setting
    var steps: [Step]
}

struct Step: Sendable, Hashable {
    /// Since the run began.
    var at: Duration
    var action: Action
}

/// What a person, a manager, or fate does.
enum Action: Sendable, Hashable, Codable {
    /// In the marketing account.
    case signUp(person: Int)
    case editContact(person: Int, field: PersonField, value: String)
    case changeContactEmail(person: Int)
    /// The automation actions "create a contact" and "create a lead" (IN-4).
    case askForRecord(person: Int, CRMObject)
    case deleteContact(person: Int)
    /// No webhook tells of it.
    case editContactSilently(person: Int, field: PersonField, value: String)
    /// A page of the company's site, of which a step of an automation tells.
    case visitPage(person: Int, page: Int)

    /// In the CRM. A late transaction commits some time after its stamp.
    case insertRecord(person: Int, CRMObject, isSelected: Bool)
    case editRecord(person: Int, field: PersonField, value: String, late: Duration?)
    /// No stamp tells of it.
    case editRecordSilently(person: Int, field: PersonField, value: String)
    case changeRecordEmail(person: Int)
    case markRecord(person: Int)
    case deleteRecord(person: Int)
    case undeleteRecord(person: Int)
    case convertLead(person: Int)
    /// A second record of the person is merged into the first, or the other way round.
    case mergeRecords(person: Int, with: Int)

    /// By the integration's manager.
    case changeMapping(MappingVariant)
    case pollNow
    case pause
    case resume
    case beginRun(RunKind)
    case steerRun(RunControl)

    /// Faults. They end by themselves after a while, all of them when the run calms down.
    case salesforceFaults(Fault, chance: Double, for: Duration)
    case marketingFaults(Fault, chance: Double, for: Duration)
    case expireSessions
    case exhaustQuota(for: Duration)
    /// The org's other software uses the day's calls up to that share.
    case spendQuota(percent: Int, for: Duration)
    case kill(process: String, downFor: Duration)
    case killAtPassage(process: String, at: Passage?, number: Int, downFor: Duration)
    case freeze(process: String, for: Duration)
    case freezeAtPassage(process: String, at: Passage, number: Int, for: Duration)
    case join(Role, for: Duration)
    case rebalance
    case duplicatePublished(Int)
    case redeliver(Int)
    case failPublishing(Int, appended: Bool)
    case disturbWebhooks(delay: Duration, duplicates: Double, for: Duration)

    /// All faults end, and once nothing is on its way any more everything is compared.
    case calm
}
