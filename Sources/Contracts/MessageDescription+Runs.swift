// The messages of runs, as documents describe them.

extension MessageDescription {
    static let syncCommand = MessageDescription(
        name: "syncCommand", title: "Sync command",
        summary: "Begins a run of an integration, steers one, or tells runners that a chunk of one waits.",
        eventType: SyncCommand.eventType,
        members: [
            integration,
            Member(
                name: "command", isRequired: true,
                schema: ["type": "string", "enum": .array(SyncCommand.Command.allCases.map { .string($0.rawValue) })],
                summary: "What to do."),
            Member(
                name: "requestId", isRequired: true, schema: ["type": "string"],
                summary: "The same for an order that is delivered twice: it begins one run."),
            Member(
                name: "run", isRequired: false, schema: optionalCount,
                summary: "The run that is meant; the one under way if absent."),
            Member(name: "chunk", isRequired: false, schema: optionalCount, summary: "The number of a chunk of the run."),
            occurredAt,
            Member(
                name: "fields", isRequired: false, schema: ["type": ["object", "null"]],
                summary: "What a backfill is about: lists of CRM fields by object."),
        ],
        example: .syncCommand(
            SyncCommand(
                integration: "acme", command: .chunk, requestID: "0190f3c2-6f7a", run: 7, chunk: 3,
                fields: ["contact": ["Tier__c"]], occurredAt: Timestamp(milliseconds: 1_779_944_631_250))))

    static let runNotification = MessageDescription(
        name: "runNotification", title: "Run notification",
        summary: "A run began, went on, waits or ended.",
        eventType: RunNotification.eventType,
        members: [
            integration,
            Member(name: "run", isRequired: true, schema: count, summary: "The run's number."),
            Member(
                name: "kind", isRequired: true, schema: ["type": "string"],
                summary: "initial, full, incremental or backfill."),
            Member(name: "state", isRequired: true, schema: ["type": "string"], summary: "The run's state by now."),
            Member(name: "read", isRequired: true, schema: count, summary: "Records read so far."),
            Member(name: "written", isRequired: true, schema: count, summary: "Of these, handed over to be written."),
            Member(name: "skipped", isRequired: true, schema: count, summary: "Of these, those with nothing to be written."),
            Member(name: "failed", isRequired: true, schema: count, summary: "Of these, those that could not be worked on."),
            Member(
                name: "expected", isRequired: false, schema: optionalCount,
                summary: "How many there are to read, as far as is known."),
            Member(
                name: "reason", isRequired: false, schema: ["type": ["string", "null"]],
                summary: "Why the run waits or failed, for people."),
            occurredAt,
        ],
        example: .runNotification(
            RunNotification(
                integration: "acme", run: 7, kind: "full", state: "finished", read: 120_408, written: 31, skipped: 120_377,
                failed: 0, expected: 120_408,
                reason: "asked for", occurredAt: Timestamp(milliseconds: 1_779_944_631_250))))

    private static let count: [String: JSONValue] = ["type": "integer", "minimum": 0]
    private static let optionalCount: [String: JSONValue] = ["type": ["integer", "null"], "minimum": 0]
    private static let occurredAt = Member(
        name: "occurredAt", isRequired: false, schema: moment,
        summary: "When it was so, ISO 8601 with offset. If absent, the event's time counts, so one of them must be there.")
}
