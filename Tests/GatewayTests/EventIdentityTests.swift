import Contracts
import Testing

@testable import Gateway

@Suite("Ids of events")
struct EventIdentityTests {
    private func id(
        _ body: [UInt8], integration: String = "acme", action: AutomationAction.Action? = nil, after: Int64 = 0
    ) throws -> String {
        let received = Timestamp(milliseconds: Payload.received.milliseconds + after)
        let translator = WebhookTranslator(integration: integration, receivedAt: received)
        let translation = try action.map { try translator.translate(form: body, as: $0) } ?? translator.translate(form: body)
        guard case .event(let event) = translation else { throw PayloadError.unprocessable("no event") }
        return event.attributes.id
    }

    @Test("GEN-6 a delivery that comes twice has the same id, however much later")
    func duplicates() throws {
        #expect(try id(Payload.update) == id(Payload.update, after: 86_400_000))
        #expect(try id(Payload.step) == id(Payload.step, after: 500))
        #expect(try id(Payload.step, action: .createLead) == id(Payload.step, action: .createLead, after: 500))
    }

    @Test("whatever differs gives another id")
    func differences() throws {
        let tagged = { Payload.form(Payload.prefix("contact_tag_added") + Payload.contact + [("tag", $0)]) }
        let ids = try [
            id(Payload.update), id(Payload.update, integration: "other"), id(tagged("a")), id(tagged("b")), id(Payload.step),
            id(Payload.step, action: .createContact), id(Payload.step, action: .createLead),
            // No time of its own: the same step an hour later is news.
            id(Payload.step, after: 3_600_000),
            id(Payload.form(Payload.prefix("update", at: "2026-05-28T07:04:14-06:00") + Payload.contact)),
        ]
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.utf8.count == 32 })
    }

    @Test(
        "the hash is FNV-1a of 128 bits, by the published vectors",
        arguments: [
            ("", "6c62272e07bb014262b821756295c58d"), ("a", "d228cb696f1a8caf78912b704e4a8964"),
            ("foobar", "343e1662793c64bf6f0d3597ba446f18"),
        ])
    func vectors(text: String, expected: String) {
        var hash = FNV1a()
        hash.mix(text.utf8)
        #expect(hash.hexadecimal == expected)
    }
}
