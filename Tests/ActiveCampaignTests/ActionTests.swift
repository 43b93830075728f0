import Connectors
import Contracts
import Sandbox
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Actions")
struct ActionTests {
    private static let sent: HTTPResponse = .json(200, ["result_code": 1, "result_message": "Message sent"])
    private static let person: HTTPResponse = .json(200, ["contact": ["id": "7", "email": "ann@acme.test"]])

    @Test(
        "ACT-3 everything labelled Salesforce in any case is offered, whether the filter minds the case or not",
        arguments: [false, true])
    func offers(matchCase: Bool) async throws {
        try await withSandbox({ $0.labelsMatchCase = matchCase }) { connection in
            let account = connection.account
            for label in ["Salesforce", "salesforce", "SALESFORCE"] {
                _ = await account.addCampaign("C \(label)", labels: [label])
                _ = await account.addAutomation("A \(label)", labels: ["other", label])
            }
            for number in 0..<120 { _ = await account.addCampaign("D\(number)", labels: ["salesforce"]) }
            _ = await account.addCampaign("Plain")
            _ = await account.addAutomation("Other", labels: ["Sales"])
            let campaigns = try await connection.marketing.offers(.sendCampaign, labelled: "Salesforce")
            #expect(campaigns.count == 123)
            #expect(campaigns.map(\.name) == campaigns.map(\.name).sorted())
            let automations = try await connection.marketing.offers(.enterAutomation, labelled: "Salesforce")
            #expect(automations.map(\.name) == ["A SALESFORCE", "A Salesforce", "A salesforce"])
        }
    }

    @Test("ACT-3 offers are read again after a minute, not before")
    func remembered() async throws {
        try await withSandbox { connection in
            var counts = [try await connection.marketing.offers(.sendCampaign, labelled: "Salesforce").count]
            _ = await connection.account.addCampaign("New", labels: ["Salesforce"])
            for pause in [Duration.zero, .seconds(60)] {
                await connection.clock.advance(by: pause)
                counts.append(try await connection.marketing.offers(.sendCampaign, labelled: "Salesforce").count)
            }
            #expect(counts == [0, 0, 1])
        }
    }

    @Test("ACT-3 where the server ignores the filter nothing is offered, rather than everything")
    func ignoredFilter() async throws {
        let connection = try Connection { _ throws(TransportError) in
            .json(200, ["campaigns": [["id": "1", "name": "Secret"]], "meta": ["total": "1"]])
        }
        let error = await #expect(throws: SyncError.self) {
            try await connection.marketing.offers(.sendCampaign, labelled: "Salesforce")
        }
        #expect(error?.code == "label-filter-ignored" && error?.errorClass == .permanent)
    }

    @Test("ACT-3 a campaign goes to the person's present address by one call of v1, the key in its query")
    func sends() async throws {
        let connection = try Connection { call throws(TransportError) in
            call.line == "GET contacts/7" ? Self.person : Self.sent
        }
        try await connection.marketing.sendCampaign("12", toContact: "7")
        let query =
            "api_action=campaign_send&api_key=key&api_output=json&email=ann%40acme.test&campaignid=12&messageid=0&type=mime"
            + "&action=send"
        #expect(
            await connection.account.lines == [
                "GET contacts/7", "GET https://acme.api-us1.com/admin/api.php?\(query)",
            ])
        #expect(await connection.account.calls.last?.request.headers["Api-Token"] == nil)
    }

    /// What v1 answers, and what becomes of it.
    struct Failure: Sendable {
        var answer: HTTPResponse
        var errorClass: ErrorClass
        var code: String
    }

    @Test(
        "ACT-3 a refusal in v1's 200 is a failure; an answer nobody can read leaves it open",
        arguments: [
            Failure(
                answer: .json(200, ["result_code": 0, "result_message": "No"]), errorClass: .permanent, code: "campaign-refused"),
            Failure(answer: .json(200, ["x": 1]), errorClass: .inDoubt, code: "unusable-answer"),
            Failure(
                answer: HTTPResponse(status: 200, body: Array("<html>".utf8)), errorClass: .inDoubt, code: "unusable-answer"),
            Failure(answer: HTTPResponse(status: 200), errorClass: .inDoubt, code: "empty-answer"),
            Failure(answer: .json(500, [:]), errorClass: .inDoubt, code: "500"),
            Failure(answer: HTTPResponse(status: 301), errorClass: .permanent, code: "v1-not-available"),
        ])
    func v1Answers(failure: Failure) async throws {
        let connection = try Connection { call throws(TransportError) in
            call.line == "GET contacts/7" ? Self.person : failure.answer
        }
        let error = await #expect(throws: SyncError.self) {
            try await connection.marketing.sendCampaign("12", toContact: "7")
        }
        #expect(error?.errorClass == failure.errorClass && error?.code == failure.code)
        #expect(error?.message.contains("key") == false)
    }

    @Test("ACT-3 nothing is sent to a person who is gone, and what fails before the sending is no doubt")
    func beforeSending() async throws {
        let gone = try Connection { _ throws(TransportError) in
            .json(404, ["message": "No Result found for Subscriber with id 7"])
        }
        let unknown = await #expect(throws: SyncError.self) { try await gone.marketing.sendCampaign("12", toContact: "7") }
        #expect(unknown?.code == "not-found" && unknown?.errorClass == .permanent)
        let lost = try Connection { _ throws(TransportError) in throw .inDoubt("broken") }
        let error = await #expect(throws: SyncError.self) { try await lost.marketing.sendCampaign("12", toContact: "7") }
        #expect(error?.errorClass == .transient)
        #expect(await lost.account.calls.count == 1)
    }

    @Test("ACT-3 a person enters an automation, and the entry is found; the refusal of a second one is no matter of the key")
    func enters() async throws {
        try await withSandbox { connection in
            let ann = try #require(await connection.account.createContact(.init(email: "ann@acme.test")))
            let automation = await connection.account.addAutomation("Nurture")
            let other = await connection.account.addAutomation("Other")
            #expect(try await connection.marketing.entries(ofContact: ann, inAutomation: automation).isEmpty)
            try await connection.marketing.enterAutomation(automation, contact: ann)
            #expect(try await connection.marketing.entries(ofContact: ann, inAutomation: automation).count == 1)
            #expect(try await connection.marketing.entries(ofContact: ann, inAutomation: other).isEmpty)
            let error = await #expect(throws: SyncError.self) {
                try await connection.marketing.enterAutomation(automation, contact: ann)
            }
            #expect(error?.code == "automation-refused" && error?.errorClass == .permanent)
            #expect(await connection.account.counters().calls["POST /contactAutomations"] == 2)
            let gone = await #expect(throws: SyncError.self) {
                try await connection.marketing.entries(ofContact: "99", inAutomation: automation)
            }
            #expect(gone?.code == "not-found")
        }
    }
}
