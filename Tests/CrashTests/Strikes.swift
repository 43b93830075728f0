import Sandbox

/// Where the worker process is killed.
enum Strike: Sendable, Equatable {
    enum Moment: Sendable, CaseIterable {
        /// The vendor never sees the request.
        case beforeEffect
        /// The request has its effect, but nobody is left to hear the answer.
        case afterEffect
    }

    /// After so many events of the round were accepted.
    case accepted(Int)
    /// As soon as a new row is in the queue: the offsets of what brought it are hardly committed yet.
    case queued
    /// As soon as more of a run is kept as read: what was found there must be in the log by then.
    case kept
    /// At the CRM's request of that number from now on.
    case request(Int, Moment)
    /// At the next write to the CRM.
    case write(Moment)
    /// At marketing's request of that number from now on.
    case tag(Int, Moment)
    /// At the request of that number of that kind from now on.
    case call(Call, Moment, number: Int = 1)

    /// The requests that the outbound path and runs consist of.
    enum Call: Sendable {
        case poll, contactSync, contactUpdate, contactCheck, bulkImport, importInfo
        case count, recordPage, exportStart, exportState, exportPage, exportEnd, people

        init?(_ request: SandboxRequest) {
            switch (request.method, request.path) {
            // Queries travel within composite calls.
            case ("POST", _) where request.asks("SELECT%20COUNT"): self = .count
            case ("POST", _) where request.asks("ORDER%20BY%20SystemModstamp"): self = .poll
            case ("POST", _) where request.asks("ORDER%20BY%20Id"): self = .recordPage
            case ("POST", let path) where path.hasSuffix("/jobs/query"): self = .exportStart
            case ("GET", let path) where path.contains("/jobs/query/"):
                self = path.hasSuffix("/results") ? .exportPage : .exportState
            case ("DELETE", let path) where path.contains("/jobs/query/"): self = .exportEnd
            case ("POST", let path) where path.hasSuffix("/contact/sync"): self = .contactSync
            case ("PUT", let path) where path.contains("/contacts/"): self = .contactUpdate
            case ("GET", let path) where path.hasSuffix("/contacts"):
                self = request.query.contains("id_greater") ? .people : .contactCheck
            case ("POST", let path) where path.hasSuffix("/import/bulk_import"): self = .bulkImport
            case ("GET", let path) where path.hasSuffix("/import/info"): self = .importInfo
            default: return nil
            }
        }
    }
}

extension SandboxRequest {
    fileprivate func asks(_ words: String) -> Bool { body.firstRange(of: Array(words.utf8)) != nil }
}

/// Kills the worker where the armed strike says.
actor Striker {
    enum Vendor: Sendable { case crm, marketing }

    private let worker: WorkerProcess
    private var armed: Strike?
    private var counted = 0
    /// The kinds of requests that were struck.
    private(set) var struck: Set<Strike.Call> = []
    private(set) var writesStruck = 0

    init(worker: WorkerProcess) { self.worker = worker }

    func arm(_ strike: Strike) {
        armed = strike
        counted = 0
    }

    /// Kills the worker wherever it is.
    func strike() async {
        armed = nil
        await worker.killAndRestart()
    }

    /// An event was accepted by the log.
    func accepted() async {
        guard case .accepted(let number) = armed else { return }
        counted += 1
        if counted == number { await strike() }
    }

    /// When to strike at this request, if at all.
    func moment(of vendor: Vendor, isWrite: Bool, call: Strike.Call?) -> Strike.Moment? {
        switch (armed, vendor) {
        case (.call(let wanted, let moment, let number), _) where wanted == call:
            counted += 1
            guard counted == number else { return nil }
            struck.insert(wanted)
            armed = nil
            return moment
        case (.request(let number, let moment), .crm), (.tag(let number, let moment), .marketing):
            counted += 1
            guard counted == number else { return nil }
            armed = nil
            return moment
        case (.write(let moment), .crm) where isWrite:
            writesStruck += 1
            armed = nil
            return moment
        default: return nil
        }
    }

    /// Carries out what ``moment(of:isWrite:)`` decided.
    func kill() async { await worker.killAndRestart() }
}

/// An emulated vendor whose client may die in the middle of a request.
struct DeadlyVendor: SandboxHandler {
    let vendor: any SandboxHandler
    let kind: Striker.Vendor
    let striker: Striker
    /// Looks at the vendor's data after each write.
    var watch: @Sendable () async -> Void = {}

    func reply(to request: SandboxRequest) async -> SandboxReply {
        let isWrite = request.method == "PATCH" || request.body.firstRange(of: Array("\"PATCH\"".utf8)) != nil
        let moment = await striker.moment(of: kind, isWrite: isWrite, call: Strike.Call(request))
        if moment == .beforeEffect {
            await striker.kill()
            return .hangUp
        }
        let reply = await vendor.reply(to: request)
        if isWrite { await watch() }
        if moment == .afterEffect { await striker.kill() }
        return reply
    }
}
