/// A bulk import on its way.
struct ActiveCampaignImport: Sendable {
    let id: String
    /// Let go of when it is done.
    var contacts: [SandboxValue]
    let count: Int
    let runsAutomations: Bool
    let queued: Int64
    var isDone = false
    /// Contact ids.
    var succeeded: [String] = []
    /// Addresses.
    var failed: [String] = []
}

/// The account's bulk imports.
struct ActiveCampaignImports: Sendable {
    static let maximumContacts = 250
    static let maximumBytes = 399_999
    /// Calls in any minute.
    static let maximumCalls = 100
    /// Calls with one contact in any minute.
    static let maximumSingleCalls = 20

    var byID: [String: ActiveCampaignImport] = [:]
    /// Not done yet, oldest first.
    var waiting: [String] = []
    /// Addresses on the account's exclusion list.
    var excluded: Set<String> = []
    var ids = ActiveCampaignIDs()
    /// When the calls of the last minute were let in, in ms.
    private var calls: [Int64] = []
    private var singleCalls: [Int64] = []

    /// Whether one more call of so many contacts is within the importer's own limit.
    mutating func letIn(contacts: Int, at now: Int64) -> Bool {
        calls.removeAll { $0 <= now - 60_000 }
        singleCalls.removeAll { $0 <= now - 60_000 }
        guard contacts == 1 ? singleCalls.count < Self.maximumSingleCalls : calls.count < Self.maximumCalls else { return false }
        if contacts == 1 { singleCalls.append(now) } else { calls.append(now) }
        return true
    }
}

/// The bulk importer: asynchronous, an upsert by email, and silent — no webhook tells of it.
extension ActiveCampaignSandbox {
    func bulkImport(_ call: ActiveCampaignCall) -> SandboxResponse {
        switch (call.method, call.path.dropFirst().first) {
        case ("POST", "bulk_import"): queueImport(call)
        case ("GET", "bulk_import"): listImports()
        case ("GET", "info"): importInfo(call)
        default: ActiveCampaignError.noRoute
        }
    }

    /// The whole call is refused when a part of it is malformed; what the importer thinks of a contact comes later.
    private func queueImport(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let contacts = call.body["contacts"]?.array, !contacts.isEmpty else {
            return Self.refused("contacts is a required field.")
        }
        guard contacts.count <= ActiveCampaignImports.maximumContacts else {
            return Self.refused("More than \(ActiveCampaignImports.maximumContacts) contacts.")
        }
        guard call.bodySize <= ActiveCampaignImports.maximumBytes else {
            return Self.refused("The payload is larger than \(ActiveCampaignImports.maximumBytes) bytes.")
        }
        let faults = contacts.enumerated().compactMap { index, contact in
            Self.fault(of: contact).map {
                SandboxValue.object(["contact": .integer(Int64(index)), "failureReason": .string($0)])
            }
        }
        guard faults.isEmpty else {
            return Self.refused("JSON payload did not pass validation. No contacts were imported.", reasons: faults)
        }
        guard imports.letIn(contacts: contacts.count, at: now) else {
            tally.throttled += 1
            return Self.refused("Rate limit exceeded.", reasons: ["The limit of calls in a minute is used up."])
        }
        let queued = ActiveCampaignImport(
            id: imports.ids.nextUUID("batch"), contacts: contacts, count: contacts.count,
            runsAutomations: call.body["exclude_automations"] != true, queued: now)
        imports.byID[queued.id] = queued
        imports.waiting.append(queued.id)
        let accepted = contacts.count { !imports.excluded.contains(Self.address($0)) }
        return .json(
            200,
            [
                "Success": 1, "queued_contacts": .integer(Int64(accepted)), "batchId": .string(queued.id),
                "message": "Contact import queued",
            ])
    }

    private static func refused(_ message: String, reasons: [SandboxValue] = []) -> SandboxResponse {
        .json(400, ["success": 0, "message": .string(message), "failureReasons": .array(reasons)])
    }

    /// What is wrong with the form of a contact, as opposed to its address.
    private static func fault(of contact: SandboxValue) -> String? {
        guard contact.object != nil else { return "A contact is not an object." }
        if let tags = contact["tags"], tags.array?.allSatisfy({ $0.text != nil }) != true {
            return "tags is not a list of names."
        }
        if let fields = contact["fields"] {
            let isWellFormed = fields.array?.allSatisfy { field in
                if case .integer? = field["id"] { field["value"]?.looseText != nil } else { false }
            }
            guard isWellFormed == true else { return "fields is not a list of ids and values." }
        }
        return nil
    }

    private static func address(_ contact: SandboxValue) -> String {
        contact["email"]?.text?.lowercased() ?? ""
    }

    private func importInfo(_ call: ActiveCampaignCall) -> SandboxResponse {
        guard let id = call.parameters["batchId"], !id.isEmpty else {
            return .json(400, ["success": 0, "message": "'batchId' is a required field."])
        }
        guard let batch = imports.byID[id] else { return .json(400, ["success": 0, "message": "The batch is unknown."]) }
        return .json(
            200,
            [
                "status": batch.isDone ? "completed" : "waiting", "success": .array(batch.succeeded.map { .string($0) }),
                "failure": .array(batch.failed.map { .string($0) }),
            ])
    }

    /// Batches and contacts by day; the counts are text.
    private func listImports() -> SandboxResponse {
        func days(_ batches: [ActiveCampaignImport]) -> SandboxValue {
            let byDay = Dictionary(grouping: batches) { String(date($0.queued).prefix(10)) }
            return .array(
                byDay.sorted { $0.key < $1.key }.map { day, batches in
                    [
                        "forDate": .string(day), "batches": .string(String(batches.count)),
                        "contacts": .string(String(batches.reduce(0) { $0 + $1.count })),
                    ]
                })
        }
        let all = Array(imports.byID.values)
        return .json(
            200, ["outstanding": days(all.filter { !$0.isDone }), "recentlyCompleted": days(all.filter(\.isDone))])
    }

    // MARK: Working them off

    /// Works off the imports that wait. Returns how many contacts were taken over.
    @discardableResult
    public func processImports() -> Int {
        let waiting = imports.waiting
        imports.waiting = []
        return waiting.reduce(0) { $0 + process($1) }
    }

    /// Works off what has waited for as long as the account takes.
    func processDueImports() {
        guard let delay = options.importDelay else { return }
        while let next = imports.waiting.first, let batch = imports.byID[next], batch.queued + delay <= now {
            imports.waiting.removeFirst()
            _ = process(next)
        }
    }

    private func process(_ id: String) -> Int {
        guard var batch = imports.byID[id] else { return 0 }
        for contact in batch.contacts {
            let email = Self.address(contact)
            if EmailAddress.isPlausible(email), !imports.excluded.contains(email) {
                let id = take(contact, email: email)
                batch.succeeded.append(String(id))
                if batch.runsAutomations { automate(id) }
            } else {
                batch.failed.append(email)
                tally.rowsRefused += 1
            }
        }
        batch.isDone = true
        batch.contacts = []
        imports.byID[id] = batch
        return batch.succeeded.count
    }

    /// Creates or changes a contact without a word to the hooks; returns its id.
    private func take(_ item: SandboxValue, email: String) -> Int {
        let known = account.contact(email: email)
        var contact = known ?? account.addContact(email: email, at: now)
        if let text = item["first_name"]?.looseText { contact.firstName = text }
        if let text = item["last_name"]?.looseText { contact.lastName = text }
        if let text = item["phone"]?.looseText { contact.phone = text }
        for field in item["fields"]?.array ?? [] {
            guard let id = field["id"]?.looseText.flatMap({ Int($0) }), account.fields[id] != nil else { continue }
            account.setValue(field["value"]?.looseText ?? "", of: id, on: &contact, at: now)
        }
        contact.updated = now
        account.replace(contact)
        if let name = item["customer_acct_name"]?.looseText, !name.isEmpty { assign(contact.id, toCompany: name, from: nil) }
        for name in item["tags"]?.array?.compactMap(\.text) ?? [] {
            _ = account.attach(tag: tagID(name), to: contact.id, at: now)
        }
        tally.rowsWritten += 1
        if known == nil { tally.rowsCreated += 1 }
        return contact.id
    }

    /// Puts an address on the account's exclusion list, as an unsubscription does: the importer refuses it.
    public func exclude(email: String) {
        imports.excluded.insert(email.lowercased())
    }
}
