public import Contracts

/// A person about to be made known to marketing: what is kept until the answer is, which may get lost (GEN-6).
public struct CreationIntent: Sendable, Hashable {
    /// `integration/object/id` of the CRM record.
    public var key: RecordKey
    /// What the person is found by.
    public var email: String
    public var sentAt: Timestamp

    public init(key: RecordKey, email: String, sentAt: Timestamp) {
        self.key = key
        self.email = email
        self.sentAt = sentAt
    }
}

extension OutboundRules {
    /// How far marketing's clock may be behind.
    private static let tolerance = Duration.seconds(60)

    /// What is kept of the person marketing has by an intent's email, as if the answer had come: the link, on which nothing but
    /// the email is agreed on, and the tag. Who was linked to the record by inbound meanwhile gets the tag. `nil` when the person
    /// or the record is another's by now, or the person was not written since.
    /// - Parameters:
    ///   - updatedAt: When the person was changed last, by marketing's clock.
    ///   - links: Those of the person and of the record, of the record's object.
    public static func recovered(
        _ intent: CreationIntent, as marketingID: String, updatedAt: Timestamp?, links: [Link], in context: OutboundContext,
        now: Timestamp
    ) -> OutboundResolution? {
        if let updatedAt, intent.sentAt.since(updatedAt) > tolerance { return nil }
        let live = links.filter { $0.state != .ended }
        guard let object = CRMObject(rawValue: intent.key.object),
            live.allSatisfy({ $0.marketingID == marketingID && $0.crmID == intent.key.recordID })
        else { return nil }
        var resolution = OutboundResolution(.create)
        var link =
            live.first
            ?? Link(
                integration: context.integration, object: object, marketingID: marketingID, crmID: intent.key.recordID,
                externalID: Link.externalID(integration: context.integration, marketingID: marketingID), state: .linked,
                base: [context.profile.crmEmailField: .text(intent.email)])
        link.writtenAt = max(link.writtenAt ?? .distantPast, intent.sentAt)
        if let tag = context.profile.createdFromTag(for: object) {
            resolution.tags = [TagChange(.add, tag)]
            link.addTag(tag, stamp: Stamp(at: now, sequence: 0))
        }
        resolution.link = link
        return resolution
    }
}
