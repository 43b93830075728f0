import Connectors
import Contracts
import SyncCore

/// ActiveCampaign's many error shapes as values. Matched by code, then status; by text only where the API has nothing else.
enum ActiveCampaignErrors {
    static let notTheAPICode = "not-the-api"
    private static let longestMessage = 500

    /// - Parameter effect: what a server that broke down over the request may have done.
    static func refusal(_ response: HTTPResponse, effect: CallEffect = .repeatable) -> SyncError {
        let stated = statement(response)
        switch response.status {
        case 300..<400: return notTheAPI(response)
        case 500...:
            return SyncError(effect.lostAnswer, code: stated?.code ?? "\(response.status)", message: message(stated, response))
        case 401, 403:
            return plainRefusal(response)
                ?? SyncError(.auth, code: stated?.code ?? "\(response.status)", message: message(stated, response))
        case 404:
            // A wrong host or path answers with a page.
            guard stated != nil else { return notTheAPI(response) }
            return SyncError(.permanent, code: "not-found", message: message(stated, response))
        default:
            return SyncError(
                .permanent, code: stated?.code ?? "\(response.status)", message: message(stated, response),
                fields: stated?.fields ?? []
            )
        }
    }

    /// A 403 that has nothing to do with the key: some reads by id mean 404 by it, and an automation keeps people out with it.
    static func plainRefusal(_ response: HTTPResponse) -> SyncError? {
        guard let stated = statement(response) else { return nil }
        if stated.message.hasPrefix("No Result found") {
            return SyncError(.permanent, code: "not-found", message: stated.message)
        }
        guard stated.message.hasPrefix("Could not create SubscriberSeries") else { return nil }
        return SyncError(
            .permanent, code: "automation-refused",
            message: "\(stated.message): the automation is not active, or does not take the person again")
    }

    /// The importer's own limit is a 400 that only its text tells from other ones.
    static func saysImportLimit(_ response: HTTPResponse) -> Bool {
        response.status == 400 && response.json?["message"]?.stringValue?.hasPrefix("Rate limit exceeded") == true
    }

    /// An answer of something else than the API: a login page, a redirect, another host.
    static func notTheAPI(_ response: HTTPResponse) -> SyncError {
        SyncError(
            .auth, code: notTheAPICode,
            message: "The answer (\(response.status)) is not from ActiveCampaign's API: check the URL under Settings, Developer"
        )
    }

    private struct Statement {
        var code: String?
        var message: String
        var fields: [String] = []
    }

    private static func statement(_ response: HTTPResponse) -> Statement? {
        guard let body = response.json, body.objectValue != nil else { return nil }
        if let text = body["errors"]?.stringValue { return Statement(message: text) }
        if let first = body["errors"]?.arrayValue?.first {
            if let text = first.stringValue { return Statement(message: text) }
            let words = [first["title"], first["detail"]].compactMap { $0?.stringValue }.filter { !$0.isEmpty }
            let field = first["source"]?["pointer"]?.stringValue?.split(separator: "/").last.map(String.init)
            return Statement(
                code: first["code"]?.stringValue, message: words.joined(separator: ": "), fields: field.map { [$0] } ?? []
            )
        }
        let reasons = importReasons(body).joined(separator: "; ")
        let words = [body["message"]?.stringValue, body["error"]?.stringValue, reasons.isEmpty ? nil : reasons]
        return Statement(message: words.compactMap(\.self).joined(separator: ": "))
    }

    /// Why the importer refuses a whole call: each contact at fault by its place in the list, from 0.
    private static func importReasons(_ body: JSONValue) -> [String] {
        (body["failureReasons"]?.arrayValue ?? []).compactMap { reason in
            guard let contact = reason["contact"]?.textValue else { return reason.stringValue }
            return "contact \(contact): \(reason["failureReason"]?.stringValue ?? "refused")"
        }
    }

    private static func message(_ stated: Statement?, _ response: HTTPResponse) -> String {
        guard let text = stated?.message, !text.isEmpty else {
            return "ActiveCampaign answered \(response.status) without a reason"
        }
        return shortened(text)
    }

    /// The vendor's words, no more than an operator wants to read.
    static func shortened(_ text: String) -> String { String(text.prefix(longestMessage)) }
}
