import Contracts
import Testing

@testable import Gateway

@Suite("ActiveCampaign's payloads as events")
struct WebhookTranslatorTests {
    private let translator = WebhookTranslator(integration: "acme", receivedAt: Payload.received)
    private let key = RecordKey(integration: "acme", object: "contact", recordID: "10")

    private func change(_ body: [UInt8]) throws -> RecordChange {
        guard case .event(let event) = try translator.translate(form: body), case .recordChange(let change) = event.message else {
            throw PayloadError.unprocessable("no record change")
        }
        return change
    }

    private func action(_ translation: WebhookTranslator.Translation) throws -> AutomationAction {
        guard case .event(let event) = translation, case .automationAction(let action) = event.message else {
            throw PayloadError.unprocessable("no action")
        }
        return action
    }

    @Test("a contact's webhook is the whole record at the vendor's time", arguments: ["update", "subscribe"])
    func update(type: String) throws {
        let change = try change(Payload.form(Payload.prefix(type) + Payload.contact + Payload.fields))
        #expect(
            change
                == RecordChange(
                    key: key, kind: .upserted, occurredAt: Timestamp(seconds: 1_779_973_453),
                    fields: [
                        "email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee", "phone": "", "accountName": "",
                        "field:7": "Gold", "field:9": "||Red||Blue||",
                    ],
                    tags: ["vip", "crm"]))
    }

    @Test("the event says where it comes from and when it arrived")
    func attributes() throws {
        guard case .event(let event) = try translator.translate(form: Payload.update) else { return #expect(Bool(false)) }
        #expect(event.attributes.source == "/tandem/gateway")
        #expect(event.attributes.time == Payload.received)
    }

    @Test(
        "a tag webhook carries the whole set with the tag put in or taken out, whatever case the list has it in",
        arguments: [
            ("contact_tag_added", "new", ["vip", "crm", "new"]), ("contact_tag_added", "VIP", ["crm", "VIP"]),
            ("contact_tag_removed", "vip", ["crm"]), ("contact_tag_removed", "CRM", ["vip"]),
            ("contact_tag_removed", "gone already", ["vip", "crm"]),
        ])
    func tags(type: String, tag: String, expected: [String]) throws {
        let change = try change(Payload.form(Payload.prefix(type) + Payload.contact + [("tag", tag)]))
        #expect(change.tags == expected)
        #expect(change.fields["email"] == "ann@acme.test" && change.fields.keys.allSatisfy { !$0.hasPrefix("field:") })
    }

    @Test("tags are unknown where the payload has none, and an empty list where it has an empty one")
    func unknownTags() throws {
        let without = Payload.contact.filter { $0.0 != "contact[tags]" }
        #expect(try change(Payload.form(Payload.prefix("contact_tag_added") + without + [("tag", "a")])).tags == nil)
        #expect(try change(Payload.form(Payload.prefix("update") + without + [("contact[tags]", "")])).tags == [])
    }

    @Test("a field that the payload does not have is not in the event")
    func missingFields() throws {
        let change = try change(Payload.form(Payload.prefix("update") + [("contact[id]", "10"), ("contact[phone]", "1")]))
        #expect(change.fields == ["phone": "1"])
    }

    @Test(
        "the account's name is the first key that has one",
        arguments: [
            ([("contact[customer_acct_name]", "A"), ("contact[orgname]", "B")], "A"),
            ([("contact[customer_acct_name]", ""), ("contact[orgname]", "B")], "B"), ([("orgname", "C")], "C"),
        ])
    func accountName(pairs: [(String, String)], expected: String) throws {
        let change = try change(Payload.form(Payload.prefix("update") + [("contact[id]", "10")] + pairs))
        #expect(change.fields["accountName"] == .string(expected))
    }

    @Test("text in any script arrives whole")
    func nonASCII() throws {
        let pairs = [("contact[id]", "10"), ("contact[first_name]", "Zoë 😀"), ("contact[fields][2]", "你好 & Übung=1+1")]
        let change = try change(Payload.form(Payload.prefix("update") + pairs))
        #expect(change.fields == ["firstName": "Zoë 😀", "field:2": "你好 & Übung=1+1"])
    }

    @Test(
        "a time that names no moment, or one ahead of this clock, is the time of arrival",
        arguments: ["2026-05-28T07:04:13", "2026-05-28 07:04:13", "yesterday", "", "2099-01-01T00:00:00Z"])
    func time(text: String) throws {
        let change = try change(Payload.form(Payload.prefix("update", at: text) + Payload.contact))
        #expect(change.occurredAt == Payload.received)
    }

    @Test("of all types only these change a contact", arguments: WebhookType.allCases)
    func types(type: WebhookType) throws {
        let body = Payload.form(Payload.prefix(type.rawValue) + Payload.contact + [("tag", "a")])
        let translation = try translator.translate(form: body)
        let changes = ["subscribe", "update", "contact_tag_added", "contact_tag_removed"].contains(type.rawValue)
        let activities = ["sent", "open", "click", "reply"].contains(type.rawValue)
        if case .event(let event) = translation {
            #expect(event.message.isRecordChange == changes && activities == !changes)
        } else {
            #expect(!changes && !activities && translation == .ignored)
        }
    }

    @Test(
        "a webhook that says nothing of a contact is acknowledged without one",
        arguments: [Payload.listAdd, Payload.unsubscribe])
    func ignored(body: [UInt8]) throws {
        #expect(try translator.translate(form: body) == .ignored)
    }

    @Test("an unknown type is told from one that is ignored", arguments: ["", "Update", "contact_deleted"])
    func unknownType(type: String) throws {
        #expect(try translator.translate(form: Payload.form(Payload.prefix(type) + Payload.contact)) == .unknownType)
    }

    @Test("a payload without type is an automation's step: fields by personalisation tag, no time of its own")
    func step() throws {
        #expect(
            try change(Payload.step)
                == RecordChange(
                    key: key, occurredAt: Payload.received, isDated: false,
                    fields: [
                        "email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee", "phone": "+1 555",
                        "accountName": "Acme Inc.", "perstag:INCOME": "$1,234.50",
                    ],
                    tags: ["vip"]))
    }

    @Test("IN-4 the same step on an action's path asks for the action", arguments: AutomationAction.Action.creations)
    func stepAction(wanted: AutomationAction.Action) throws {
        let action = try action(translator.translate(form: Payload.step, as: wanted))
        #expect(action.key == key && action.action == wanted && action.occurredAt == Payload.received)
        #expect(action.automationID == "44" && action.tags == ["vip"])
        #expect(action.fields["perstag:INCOME"] == "$1,234.50")
    }

    @Test("IN-4 an app's action step asks with JSON")
    func jsonAction() throws {
        #expect(
            try action(translator.translate(json: Payload.json, as: .createLead))
                == AutomationAction(
                    key: key, action: .createLead, occurredAt: Payload.received, isDated: false,
                    fields: [
                        "email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee", "accountName": "Acme", "field:7": "Gold",
                        "perstag:INCOME": 1234.5, "perstag:CITY": nil,
                    ],
                    tags: ["vip", "crm"], automationID: "44"))
    }

    @Test("an account's webhook on an action's path would create everybody: refused")
    func webhookAsAction() {
        #expect(throws: PayloadError.self) { try translator.translate(form: Payload.update, as: .createContact) }
    }

    @Test(
        "what lacks its contact's id says so",
        arguments: [
            (#"{"data":{"email":"a@b.test"}}"#, "data.contact_id is missing"),
            (#"{"data":{"id":""}}"#, "data.contact_id is missing"), (#"{"data":{"id":"a/b"}}"#, "data.contact_id is not an id"),
            (#"{"data":[]}"#, "data is missing or not an object"),
            ("[]", "the body is not a JSON object"),
            (#"{"data":{"id":1},"action":"create-contact"}"#, "action differs from the path's, create-lead"),
            (#"{"data":{"id":1,"tags":[1]}}"#, "data.tags holds something that is not text"),
            (#"{"data":{"id":1,"tags":{}}}"#, "data.tags is neither text nor a list"),
        ])
    func unprocessableJSON(text: String, reason: String) {
        #expect(throws: PayloadError.unprocessable(reason)) {
            try translator.translate(json: Array(text.utf8), as: .createLead)
        }
    }

    @Test("JSON that is none is malformed, with the place")
    func malformedJSON() throws {
        let error = try #require(throws: PayloadError.self) {
            try translator.translate(json: Array(#"{"data":"#.utf8), as: .createLead)
        }
        #expect(error.kind == .malformed && error.reason.contains("byte 8"))
    }

    @Test(
        "forms that lack what they need are refused by name",
        arguments: [
            (Payload.form(Payload.prefix("update")), "contact[id] is missing"),
            (Payload.form([("contact[id]", "a b")]), "contact[id] is not an id"),
            (Payload.form([("contact[id]", String(repeating: "1", count: 256))]), "contact[id] is not an id"),
            (Payload.form(Payload.prefix("contact_tag_added") + Payload.contact), "tag is missing"),
            (Payload.form(Payload.prefix("contact_tag_removed") + Payload.contact + [("tag", " ")]), "tag is missing"),
            ([], "contact[id] is missing"),
        ])
    func unprocessableForm(body: [UInt8], reason: String) {
        #expect(throws: PayloadError.unprocessable(reason)) { try translator.translate(form: body) }
    }

    @Test("what comes out can be encoded and read back", arguments: [Payload.update, Payload.step])
    func roundTrip(body: [UInt8]) throws {
        guard case .event(let event) = try translator.translate(form: body) else { return #expect(Bool(false)) }
        #expect(try EventCodec.decode(EventCodec.encode(event)) == event)
    }
}
