import Contracts
import EventLog
import Testing

@testable import Gateway

@Suite("ACT-1 Webhooks and steps as activities")
struct ActivityWebhookTests {
    private let translator = WebhookTranslator(integration: "acme", receivedAt: Payload.received)
    private let key = RecordKey(integration: "acme", object: "contact", recordID: "10")
    private static let campaign = [
        ("campaign[id]", "12"), ("campaign[name]", "Spring news"), ("campaign[status]", "5"), ("campaign[type]", "single"),
        ("campaign[message][id]", "30"), ("campaign[message][subject]", "Spring is here"),
        ("campaign[webcopy_url]", "https://acme.test/copy/12"),
    ]
    private static let ofCampaign: [Activity.Detail: String] = [
        .campaignID: "12", .campaignName: "Spring news", .subject: "Spring is here", .webCopyURL: "https://acme.test/copy/12",
    ]

    private func webhook(_ type: String, _ more: [(String, String)] = [], at time: String = "2026-05-28T07:04:13-06:00")
        -> [UInt8]
    {
        Payload.form(Payload.prefix(type, at: time) + Payload.contact + Self.campaign + more)
    }

    private func activity(_ translation: WebhookTranslator.Translation) throws -> Activity {
        guard case .event(let event) = translation, case .activity(let activity) = event.message else {
            throw PayloadError.unprocessable("no activity")
        }
        #expect(event.attributes.id == activity.activityID && event.attributes.time == translator.receivedAt)
        return activity
    }

    @Test(
        "a campaign that was sent, opened, clicked or replied to, with all that is told of it, at the vendor's time",
        arguments: [
            ("sent", Activity.Kind.campaignSent, [], [:]), ("open", .campaignOpened, [], [:]),
            (
                "click", .linkClicked, [("link[id]", "5"), ("link[url]", "https://acme.test/offer?a=b&c=d")],
                [.url: "https://acme.test/offer?a=b&c=d"]
            ),
            ("reply", .campaignReplied, [("message", "Call me,\nplease ✓")], [.text: "Call me,\nplease ✓"]),
        ] as [(String, Activity.Kind, [(String, String)], [Activity.Detail: String])])
    func campaigns(
        type: String, kind: Activity.Kind, more: [(String, String)], details: [Activity.Detail: String]
    ) throws {
        let activity = try activity(translator.translate(form: webhook(type, more)))
        #expect(activity.key == key && activity.kind == kind && activity.occurredAt == Timestamp(seconds: 1_779_973_453))
        #expect(activity.details == Self.ofCampaign.merging(details) { $1 })
    }

    @Test("ACT-4 a webhook delivered twice gives one id, though the person's tags changed in between and time passed")
    func twice() throws {
        let first = try activity(translator.translate(form: webhook("open")))
        var later = translator
        later.receivedAt = Payload.received.advanced(by: .seconds(3600))
        let again = webhook("open", [("contact[tags]", "other"), ("contact[fields][7]", "Silver")])
        guard case .event(let event) = try later.translate(form: again) else { return #expect(Bool(false)) }
        #expect(event.attributes.id == first.activityID)
    }

    @Test("what differs in kind, person, time, campaign, link or words is another activity")
    func differs() throws {
        let link = [("link[id]", "5"), ("link[url]", "https://acme.test/offer")]
        let bodies = [
            webhook("click", link), webhook("open", link), webhook("click", link, at: "2026-05-28T07:04:14-06:00"),
            webhook("click", [("link[id]", "6"), ("link[url]", "https://acme.test/offer")]),
            webhook("click", link + [("contact[id]", "11")]), webhook("click", link + [("campaign[id]", "13")]),
            webhook("reply", [("message", "yes")]), webhook("reply", [("message", "no")]),
        ]
        let ids = try bodies.map { try activity(translator.translate(form: $0)).activityID }
        #expect(Set(ids).count == bodies.count)
    }

    @Test("a webhook without time, or with one from the future, counts from its arrival")
    func undated() throws {
        for time in ["", "2026-05-28 07:04:13", "2099-01-01T00:00:00Z"] {
            #expect(try activity(translator.translate(form: webhook("open", at: time))).occurredAt == Payload.received)
        }
    }

    @Test("long texts are cut, blank ones left out")
    func limits() throws {
        let long = webhook("reply", [("message", String(repeating: "ä", count: 9000)), ("campaign[name]", " ")])
        let details = try activity(translator.translate(form: long)).details
        #expect(details[.text]?.unicodeScalars.count == 8000)
        #expect(details[.campaignName] == nil && details[.campaignID] == "12")
    }

    @Test(
        "bounces, forwards, shares and unsubscriptions are no activities",
        arguments: ["bounce", "forward", "share", "unsubscribe"])
    func ignored(type: String) throws {
        #expect(try translator.translate(form: webhook(type)) == .ignored)
    }

    @Test("a webhook without the person's id is refused, naming it")
    func noPerson() {
        let body = Payload.form(Payload.prefix("open") + Self.campaign)
        #expect(throws: PayloadError.unprocessable("contact[id] is missing")) { try translator.translate(form: body) }
    }

    // MARK: Steps

    @Test("a step tells who and which automation; the query of its address tells the rest")
    func step() throws {
        func step(_ kind: Activity.Kind, _ query: String) throws -> [Activity.Detail: String] {
            let activity = try activity(translator.translate(Payload.step, .form, query: query, as: kind))
            #expect(activity.key == key && activity.kind == kind && activity.occurredAt == Payload.received)
            return activity.details
        }
        #expect(try step(.automationEntered, "") == [.automationID: "44"])
        #expect(
            try step(.automationCompleted, "name=Welcome+series&url=https%3A%2F%2Facme.test%2Fseries%2F44")
                == [.automationID: "44", .automationName: "Welcome series", .url: "https://acme.test/series/44"])
        #expect(
            try step(.pageVisited, "url=https://acme.test/pricing") == [.automationID: "44", .url: "https://acme.test/pricing"])
        #expect(
            try step(.eventTracked, "name=Renewed&value=gold")
                == [.automationID: "44", .eventName: "Renewed", .eventValue: "gold"])
    }

    @Test("a page without address and an event without name are refused, naming what is missing")
    func missing() {
        #expect(throws: PayloadError.unprocessable("url is missing: …/page-visited?url=…")) {
            try translator.translate(Payload.step, .form, query: "name=a", as: .pageVisited)
        }
        #expect(throws: PayloadError.unprocessable("name is missing: …/event-tracked?name=…")) {
            try translator.translate(Payload.step, .form, query: "name=", as: .eventTracked)
        }
        #expect(throws: PayloadError.self, "an account's webhook is no step") {
            try translator.translate(Payload.update, .form, query: "", as: .automationEntered)
        }
    }

    @Test("ACT-4 a step delivered twice at once gives one id; another query, kind, or time of arrival gives another")
    func stepTwice() throws {
        var later = translator
        later.receivedAt = Payload.received.advanced(by: .seconds(60))
        func id(_ translator: WebhookTranslator, _ query: String = "name=a", _ kind: Activity.Kind = .eventTracked) throws
            -> String
        {
            guard case .event(let event) = try translator.translate(Payload.step, .form, query: query, as: kind) else {
                return ""
            }
            return event.attributes.id
        }
        #expect(try id(translator) == id(translator))
        #expect(
            try Set([id(translator), id(later), id(translator, "name=b"), id(translator, "name=a", .automationEntered)]).count
                == 4)
    }

    @Test("an app's step says it in JSON, with a time and an id if it knows them")
    func json() throws {
        func translate(_ text: String, _ kind: Activity.Kind = .eventTracked) throws -> Activity {
            try activity(translator.translate(Array(text.utf8), .json, query: "", as: kind))
        }
        let told = try translate(
            """
            {"data":{"contact_id":10,"name":"Renewed","value":3,"automation_id":44,"occurred_at":"2026-05-28T05:03:51Z",
            "activity_id":"e-1"}}
            """)
        let details: [Activity.Detail: String] = [.eventName: "Renewed", .eventValue: "3", .automationID: "44"]
        #expect(
            told
                == Activity(
                    key: key, activityID: "e-1", kind: .eventTracked, occurredAt: Timestamp(seconds: 1_779_944_631),
                    details: details))

        let dated = #"{"data":{"contact_id":10,"url":"https://acme.test/a","occurred_at":"2026-05-28T05:03:51Z","#
        #expect(
            try translate(dated + #""x":1}}"#, .pageVisited).activityID == translate(dated + #""x":2}}"#, .pageVisited).activityID
        )
        #expect(throws: PayloadError.unprocessable("data.contact_id is missing")) { try translate(#"{"data":{"name":"a"}}"#) }
        #expect(throws: PayloadError.unprocessable("data.activity_id is not an id")) {
            try translate(#"{"data":{"contact_id":10,"name":"a","activity_id":"a/b"}}"#)
        }
        #expect(throws: PayloadError.self) { try translate(#"{"data":{"contact_id":10,"name":"a","occurred_at":"today"}}"#) }
    }

    // MARK: Requests

    @Test("activities are put on their own topic, keyed by the person")
    func published() async throws {
        let fixture = GatewayFixture()
        #expect(await fixture.post(GatewayFixture.path, webhook("open")).status == 200)
        let path = "\(GatewayFixture.path)/activities/automation-entered"
        #expect(await fixture.post(path, Payload.step).text == #"{"accepted":1}"#)
        let records = await fixture.log.records
        #expect(records.map(\.topic) == ["tandem.activities", "tandem.activities"])
        #expect(records.allSatisfy { $0.message.key == Array("acme/contact/10".utf8) })
    }

    @Test("the query of a step's address is read, and only kinds that steps tell of have a path")
    func paths() async throws {
        let fixture = GatewayFixture()
        let request = GatewayRequest(
            method: "POST", path: "\(GatewayFixture.path)/activities/page-visited", query: "url=https%3A%2F%2Facme.test",
            contentType: GatewayFixture.form, body: .complete(Payload.step))
        #expect(await fixture.gateway.respond(to: request).status == 200)
        let record = try #require(await fixture.log.records.first)
        guard case .activity(let activity) = try EventCodec.decode(record.message).message else { return #expect(Bool(false)) }
        #expect(activity.details[.url] == "https://acme.test")

        let unknown = await fixture.post("\(GatewayFixture.path)/activities/campaign-sent", Payload.step)
        #expect(unknown.status == 404 && unknown.text.contains("automation-entered, automation-completed"))
        #expect(
            await fixture.post("/hooks/acme/wrong/activities/page-visited", Payload.step).text.contains("there is nothing here"))
    }
}
