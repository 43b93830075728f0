import Contracts
import EventLog
import Testing

@testable import Gateway

@Suite("ActiveCampaign's account payloads as events")
struct CompanyWebhookTests {
    private let translator = WebhookTranslator(integration: "acme", receivedAt: Payload.received)

    private static let account = [
        ("account[id]", "14"), ("account[name]", "Acme"), ("account[account_url]", "https://acme.test"),
        ("account[created_timestamp]", "2026-02-28 01:09:17"), ("account[updated_timestamp]", "2026-02-28 01:09:17"),
        ("account[fields][0][id]", "1"), ("account[fields][0][key]", "Description"), ("account[fields][0][value]", "Tools"),
        ("account[fields][1][key]", "Note"), ("account[fields][1][value]", ""), ("account[fields][2][id]", "9"),
        ("account[fields][2][key]", "Seats"), ("account[fields][2][value]", "18.000"), ("account[fields][10][id]", "4"),
        ("account[fields][10][value][0]", "EU"), ("account[fields][10][value][1]", "US"),
    ]

    private func change(_ pairs: [(String, String)], type: String = "account_update") throws -> RecordChange? {
        guard case .event(let event) = try translator.translate(form: Payload.form(Payload.prefix(type) + pairs)),
            case .recordChange(let change) = event.message
        else { return nil }
        return change
    }

    @Test(
        "MAP-4 an account's webhook is a change of the account, with the fields that have an id",
        arguments: ["account_add", "account_update"])
    func account(type: String) throws {
        #expect(
            try change(Self.account, type: type)
                == RecordChange(
                    key: RecordKey(integration: "acme", object: "account", recordID: "14"),
                    occurredAt: Timestamp(seconds: 1_779_973_453),
                    fields: [
                        "name": "Acme", "accountUrl": "https://acme.test", "field:1": "Tools", "field:9": "18.000",
                        "field:4": ["EU", "US"],
                    ]))
    }

    @Test("it is published with the record changes, under the account's own key")
    func published() async throws {
        let fixture = GatewayFixture()
        let body = Payload.form(Payload.prefix("account_add") + Self.account)
        #expect(await fixture.post(GatewayFixture.path, body).text == #"{"accepted":1}"#)
        let record = try #require(await fixture.log.records.first)
        #expect(record.topic == "tandem.marketing.changes" && record.message.key == Array("acme/account/14".utf8))
    }

    @Test("an account without an id that can be a key is refused by name", arguments: ["", "a/b"])
    func badID(id: String) {
        #expect(throws: PayloadError.self) { try change([("account[id]", id), ("account[name]", "Acme")]) }
    }

    @Test(
        "keys that only look like fields are left out",
        arguments: ["account[fields][][value]", "account[fields][0][values]", "account[fields][0]", "account[fields][value]"])
    func oddKeys(key: String) throws {
        #expect(try change([("account[id]", "14"), ("account[fields][0][id]", "1"), (key, "x")])?.fields == [:])
    }

    @Test(
        "a contact that joins an account is news of the contact where the account is named, and else ignored with 200",
        arguments: ["account_contact_add", "account_contact_update"])
    func membership(type: String) async throws {
        let ids = [("accountContact[id]", "3"), ("accountContact[account]", "14"), ("accountContact[contact]", "10")]
        #expect(
            try change(ids + [("customer_acct_name", "Acme")], type: type)
                == RecordChange(
                    key: RecordKey(integration: "acme", object: "contact", recordID: "10"),
                    occurredAt: Timestamp(seconds: 1_779_973_453), fields: ["accountName": "Acme"]))
        #expect(try change(ids + [("customer_acct_name", "")], type: type) == nil)
        let fixture = GatewayFixture()
        let response = await fixture.post(GatewayFixture.path, Payload.form(Payload.prefix(type) + ids))
        #expect(response.status == 200 && response.text == #"{"accepted":0}"#)
        #expect(fixture.count(.ignored) == 1)
    }
}
