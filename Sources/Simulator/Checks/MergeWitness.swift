import Connectors
import Contracts
import Sandbox

/// IN-6: an oracle that judges every value Tandem writes by what users did, what the CRM showed when Tandem asked, and what
/// Tandem had carried over before. It knows nothing of links, bases and queues, so it only calls wrong what no state of them
/// excuses.
///
/// Deliberately allowed, everywhere:
/// - The same value once more: a write whose answer was lost, or whose writer died before it was noted, is repeated.
/// - A process that was stopped longer than its lease lasts, between its last look and its write: nothing holds back a request
///   that is on its way, and no vendor asks for a fencing token. What it wrote is put right later, which the examinations see to.
actor MergeWitness: TrafficWitness {
    let seat: WitnessSeat
    var carriage = Carriage()
    /// Imports whose people may not have an id yet.
    private var importing: [MarketingCall.Contact] = []

    init(_ seat: WitnessSeat) { self.seat = seat }

    var now: Timestamp { seat.clock.now() }

    // MARK: The CRM

    func sees(_ call: CRMCall, from process: String) async {
        await settleImports()
        for row in call.rows where row.object == "Contact" || row.object == "Lead" {
            let values = Self.values(of: row)
            guard !values.isEmpty else { continue }
            if row.isUpsert { judgeCreation(row, values, process) } else { judgeUpdate(row, values, process) }
        }
    }

    func sees(_ answer: CRMAnswer?, to call: CRMCall, of process: String) async {
        for row in answer?.found ?? [] { carriage.note(row, shownTo: process, at: now) }
        for row in call.rows {
            let values = Self.values(of: row)
            guard !values.isEmpty, let id = await writtenID(row, answer) else { continue }
            for (field, value) in values { carriage.carried(value, field, toRecord: id, at: now) }
        }
    }

    /// The record that took the values. Where the answer was lost the CRM itself tells.
    private func writtenID(_ row: CRMCall.Row, _ answer: CRMAnswer?) async -> String? {
        if let answer {
            guard let result = answer.result(of: row), result.isSuccess else { return nil }
            return result.id
        }
        for record in await seat.salesforce.records(row.object) {
            guard let id = record["Id"]?.text,
                id == row.id || row.id == nil && CRMRow.person(in: record[CRMRow.externalID]) == row.person
            else { continue }
            return Self.values(of: row).allSatisfy { $0.field.plain(record[$0.field.crmName]) == $0.value } ? id : nil
        }
        return nil
    }

    /// The mapped values, in a fixed order.
    private static func values(of row: CRMCall.Row) -> [(field: PersonField, value: String)] {
        PersonField.allCases.compactMap { field in row.values[field.crmName].map { (field, field.plain($0)) } }
    }

    // MARK: Marketing

    func sees(_ call: MarketingCall, from process: String) async {
        await settleImports()
        for contact in call.contacts {
            let id = await contactID(contact, nil)
            let held = if let id { await seat.marketing.person(id: id) } else { ActiveCampaignSandbox.Person?.none }
            for (field, value) in values(of: contact) {
                let present = held.flatMap { seat.value(of: field, in: $0) }
                judge(value, field, over: present, of: id, contact.email ?? held?.email, process)
            }
        }
    }

    func sees(_ answer: MarketingAnswer?, to call: MarketingCall, of process: String) async {
        for contact in call.contacts {
            // One whose connection broke may have had its effect; that the value is taken for carried excuses more, not less.
            guard answer?.isSuccess ?? true else { continue }
            if let id = await contactID(contact, answer) {
                note(contact, carriedTo: id)
            } else if call.isImport {
                importing.append(contact)
            }
        }
    }

    private func note(_ contact: MarketingCall.Contact, carriedTo id: String) {
        for (field, value) in values(of: contact) { carriage.carried(value, field, toContact: id, at: now) }
    }

    private func settleImports() async {
        for contact in importing {
            guard let id = await contactID(contact, nil) else { continue }
            note(contact, carriedTo: id)
            importing.removeAll { $0.email == contact.email }
        }
    }

    private func contactID(_ contact: MarketingCall.Contact, _ answer: MarketingAnswer?) async -> String? {
        if let id = contact.id ?? answer?.contactID { return id }
        guard let email = contact.email else { return nil }
        return await seat.marketing.contactID(email: email)
    }

    private func values(of contact: MarketingCall.Contact) -> [(field: PersonField, value: String)] {
        contact.values.compactMap { key, value in seat.field(ofKey: key).map { ($0, $0.plain(value)) } }
            .sorted { $0.field.rawValue < $1.field.rawValue }
    }
}
