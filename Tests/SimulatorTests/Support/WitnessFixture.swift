import Connectors
import Contracts
import Playground
import Sandbox
import Store
import SyncCore

@testable import Simulator

/// Everyone who watches the traffic, shown requests made by hand. Contact 1 and a CRM contact of the same person are linked.
struct WitnessFixture {
    let clock = VirtualClock(now: SimulatedWorld.beginning)
    let referee: Referee
    let diary = Diary()
    let salesforce: SalesforceSandbox
    let marketing: ActiveCampaignSandbox
    private let witnesses: [any Witness]

    init(_ setting: Setting = Setting()) throws {
        let clock = clock
        let still = SimulatedClock(now: SimulatedWorld.beginning)
        let trace = Trace(clock: still, isKept: false)
        referee = Referee(clock: still, trace: trace)
        var org = SalesforceOptions { clock.now().milliseconds }
        org.objects = org.objects.map(Playground.withCustomFields)
        salesforce = SalesforceSandbox(options: org)
        marketing = ActiveCampaignSandbox(options: ActiveCampaignOptions(clock: { clock.now().milliseconds }))
        let seat = WitnessSeat(
            clock: clock, trace: trace, referee: referee, setting: setting, salesforce: salesforce, marketing: marketing,
            store: try Store.inMemory(key: .generate()), diary: diary, customFields: [.occupation: "7"])
        witnesses = Witnesses.all(seat)
    }

    var broken: Invariant? { referee.violation?.invariant }

    // MARK: Traffic

    func crm(
        _ method: String, _ path: String, _ body: SandboxValue, answer: SandboxValue = [], status: Int = 200,
        by process: String = "inbound-1"
    ) async {
        let request = HTTPRequest(method: method, url: "\(Vendor.salesforce.url)/services/data/v62.0/\(path)", body: body.json())
        for witness in witnesses {
            await witness.arrives(request, at: .salesforce, from: process)
            await witness.answered(request, by: .salesforce, with: HTTPResponse(status: status, body: answer.json()), to: process)
        }
    }

    func marketing(
        _ method: String, _ path: String, _ body: SandboxValue = [:], answer: SandboxValue = [:], status: Int = 200,
        by process: String = "outbound-1"
    ) async {
        let request = HTTPRequest(
            method: method, url: "\(Vendor.activeCampaign.url)/api/3/\(path)", body: method == "GET" ? [] : body.json())
        for witness in witnesses {
            await witness.arrives(request, at: .activeCampaign, from: process)
            await witness.answered(
                request, by: .activeCampaign, with: HTTPResponse(status: status, body: answer.json()), to: process)
        }
    }

    /// The process looks at a CRM contact.
    func shows(_ id: String, _ values: [String: SandboxValue], to process: String = "inbound-1") async {
        let row: SandboxValue = .object(values.merging(["Id": .string(id), "attributes": ["type": "Contact"]]) { $1 })
        await crm("GET", "query?q=SELECT", .null, answer: ["records": [row], "done": true], by: process)
    }

    /// The process changes a CRM contact.
    func writes(_ values: [String: SandboxValue], to id: String, by process: String = "inbound-1") async {
        let row = values.merging(["id": .string(id), "attributes": ["type": "Contact"]]) { $1 }
        await crm(
            "PATCH", "composite/sobjects", ["records": [.object(row)]], answer: [["id": .string(id), "success": true]],
            by: process)
    }

    func writes(_ values: [String: SandboxValue], toContact id: String, by process: String = "outbound-1") async {
        await marketing(
            "PUT", "contacts/\(id)", ["contact": .object(values)], answer: ["contact": ["id": .string(id)]], by: process)
    }

    // MARK: What users do

    /// A contact and a CRM contact, linked, first name Ann on both sides; the ids.
    func pair(_ email: String = "ann@acme.test") async throws -> (contact: String, record: String) {
        let person = ActiveCampaignSandbox.Person(
            email: email, firstName: "Ann", lastName: "Lee", tags: ["added-to-salesforce-contact"])
        guard let contact = await marketing.createContact(person) else { throw Missing() }
        note(.marketing, contact, .firstName, "Ann")
        let values: [String: SandboxValue] = [
            "FirstName": "Ann", "LastName": "Lee", "Email": .string(email), CRMRow.externalID: .string("demo:\(contact)"),
        ]
        guard let record = await salesforce.insert("Contact", values) else { throw Missing() }
        await clock.advance(by: .seconds(60))
        return (contact, record)
    }

    struct Missing: Error {}

    func note(_ side: Side, _ id: String, _ field: PersonField, _ value: String) {
        diary.note(
            Diary.Edit(
                moment: clock.now(), person: 1, side: side, recordID: id, object: side == .crm ? .contact : nil, field: field,
                value: value, seen: clock.now()))
    }

    /// A user gives the contact that first name.
    func renames(contact id: String, _ name: String) async {
        await marketing.editContact(id) { $0.firstName = name }
        note(.marketing, id, .firstName, name)
        await clock.advance(by: .seconds(60))
    }

    func renames(record id: String, _ name: String) async {
        await salesforce.edit("Contact", id: id, ["FirstName": .string(name)])
        note(.crm, id, .firstName, name)
        await clock.advance(by: .seconds(60))
    }

    func note(_ kind: Diary.Event.Kind) { diary.note(Diary.Event(moment: clock.now(), person: 1, kind: kind)) }
}
