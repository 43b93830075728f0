import Connectors
import Contracts
import EventLog
import SyncCore

/// How a round's changes get into the log.
protocol Publisher: Sendable {
    /// Returns once every change is durable; `accepted` hears of each.
    func publish(_ changes: [CrowdChange], accepted: @escaping @Sendable () async -> Void) async throws
}

/// As marketing does it: webhooks and automation steps posted to the gateway. What is not answered 200 is posted again,
/// so a gateway that dies after the log has the event is told twice.
struct GatewayPublisher: Publisher {
    private static let lanes = 8

    let transport: any HTTPTransport
    /// With the integration's name and secret.
    let hookURL: String

    func publish(_ changes: [CrowdChange], accepted: @escaping @Sendable () async -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    for index in stride(from: lane, to: changes.count, by: Self.lanes) {
                        try await post(changes[index])
                        await accepted()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func post(_ change: CrowdChange) async throws {
        let person = change.person
        var pairs = [
            ("contact[id]", person.id), ("contact[email]", person.email), ("contact[first_name]", person.firstName),
            ("contact[last_name]", person.lastName), ("contact[phone]", person.phone), ("contact[orgname]", person.company),
            ("contact[tags]", person.tag),
        ]
        var url = hookURL
        switch change.kind {
        case .create: url += "/actions/create-\(person.object.rawValue)"
        case .edit: pairs += [("type", "update"), ("date_time", change.at.iso8601), ("initiated_from", "admin")]
        }
        let request = HTTPRequest(
            method: "POST", url: url, headers: ["Content-Type": "application/x-www-form-urlencoded"],
            body: Array(URLText.form(pairs).utf8),
            timeout: .seconds(10))
        try await eventually("the gateway accepts a change of \(person.id)") {
            (try? await transport.send(request))?.status == 200
        }
    }
}

/// As any producer does it: the messages of the contract published to the topics, edits with nothing but what changed.
struct LogPublisher: Publisher {
    let log: any EventLog
    let topics: Topics
    let integration: String

    func publish(_ changes: [CrowdChange], accepted: @escaping @Sendable () async -> Void) async throws {
        for (index, change) in changes.enumerated() {
            let key = RecordKey(integration: integration, object: "contact", recordID: change.person.id)
            let attributes = EventAttributes(id: "\(change.at.milliseconds)-\(index)", source: "/crash-tests")
            let all = change.person.fields
            let (topic, message): (String, Message) =
                switch change.kind {
                case .create:
                    (
                        topics.automationEvents,
                        .automationAction(
                            AutomationAction(
                                key: key, action: change.person.object == .contact ? .createContact : .createLead,
                                occurredAt: change.at, fields: all))
                    )
                case .edit(let names):
                    (
                        topics.marketingChanges,
                        .recordChange(
                            RecordChange(key: key, occurredAt: change.at, fields: all.filter { names.contains($0.key) }))
                    )
                }
            let event = Event(attributes: attributes, message: message)
            try await log.publish([OutgoingRecord(topic: topic, message: EventCodec.encode(event))])
            await accepted()
        }
    }
}

extension CrowdPerson {
    fileprivate var fields: [String: JSONValue] {
        [
            "email": .string(email), "firstName": .string(firstName), "lastName": .string(lastName), "phone": .string(phone),
            "accountName": .string(company),
        ]
    }
}
