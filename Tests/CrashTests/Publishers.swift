import Connectors
import Contracts
import EventLog
import SyncCore

/// How a round's changes get into the log.
protocol Publisher: Sendable {
    /// Returns once every change is durable; `accepted` hears of each.
    func publish(_ changes: [CrowdChange], accepted: @escaping @Sendable () async -> Void) async throws

    /// As ``publish(_:accepted:)``, of activities; `accepted` hears of each delivery.
    func tell(_ activities: [Activity], accepted: @escaping @Sendable () async -> Void) async throws
}

/// As marketing does it: webhooks and automation steps posted to the gateway. What is not answered 200 is posted again,
/// so a gateway that dies after the log has the event is told twice.
struct GatewayPublisher: Publisher {
    private static let lanes = 8

    let transport: any HTTPTransport
    /// With the integration's name and secret.
    let hookURL: String

    func publish(_ changes: [CrowdChange], accepted: @escaping @Sendable () async -> Void) async throws {
        try await inLanes(changes.count) { index in
            try await post(changes[index])
            await accepted()
        }
    }

    func tell(_ activities: [Activity], accepted: @escaping @Sendable () async -> Void) async throws {
        try await inLanes(activities.count) { index in
            try await post(activities[index])
            await accepted()
        }
    }

    private func inLanes(_ count: Int, _ work: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    for index in stride(from: lane, to: count, by: Self.lanes) { try await work(index) }
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
        var path = ""
        switch change.kind {
        case .create: path = "/actions/create-\(person.object.rawValue)"
        case .edit: pairs += [("type", "update"), ("date_time", change.at.iso8601), ("initiated_from", "admin")]
        }
        try await post(
            Array(URLText.form(pairs).utf8), to: path, type: "application/x-www-form-urlencoded", "a change of \(person.id)")
    }

    private func post(_ activity: Activity) async throws {
        let data: [String: JSONValue] = [
            "contact_id": .string(activity.key.recordID), "activity_id": .string(activity.activityID),
            "occurred_at": .string(activity.occurredAt.iso8601), "url": .string(activity.details[.url] ?? ""),
        ]
        try await post(
            JSONValue.object(["data": .object(data)]).serialized(), to: "/activities/\(activity.kind.rawValue)",
            type: "application/json", "activity \(activity.activityID)")
    }

    private func post(_ body: [UInt8], to path: String, type: String, _ what: String) async throws {
        let request = HTTPRequest(
            method: "POST", url: hookURL + path, headers: ["Content-Type": type], body: body, timeout: .seconds(10))
        try await eventually("the gateway accepts \(what)") { (try? await transport.send(request))?.status == 200 }
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

extension LogPublisher {
    /// One large delivery, which takes its time to be recorded, and many small ones meanwhile.
    func tell(_ activities: [Activity], accepted: @escaping @Sendable () async -> Void) async throws {
        let (large, small) = (activities.count / 2, 5)
        for start in [0] + Array(stride(from: large, to: activities.count, by: small)) {
            let group = activities[start..<(start == 0 ? large : min(start + small, activities.count))]
            try await log.publish(group.map { record($0.activityID, .activity($0), on: topics.activities) })
            await accepted()
        }
    }

    func record(_ id: String, _ message: Message, on topic: String) -> OutgoingRecord {
        let event = Event(attributes: EventAttributes(id: id, source: "/crash-tests"), message: message)
        return OutgoingRecord(topic: topic, message: EventCodec.encode(event))
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
