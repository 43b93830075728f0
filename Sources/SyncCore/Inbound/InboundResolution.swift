public import Contracts

/// What is to be done in the CRM for one target, and how its link is stored once that is done.
public struct InboundResolution: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case create
        case update
        /// An existing record becomes the person's: one an earlier create left, or the one with the same email.
        case adopt
        /// There is nothing to write.
        case unchanged
        /// The CRM record waits for outbound; marketing's values were ignored (IN-6).
        case ignoredByConflict
        case failed(SyncError)
    }

    public var outcome: Outcome
    /// By CRM field; mapped fields only (GEN-3), as the CRM will hold them.
    public var write: [String: FieldValue]
    /// The record to be updated; `nil` for a new one.
    public var targetID: String?
    /// Whether the record does not carry the link's external ID yet and gets it along with the write. A record that is
    /// adopted by its email is stamped even when there is nothing else to write.
    public var stampsExternalID: Bool
    /// One per field that was considered and did not simply agree.
    public var decisions: [FieldDecisionRecord]
    /// The link as it is stored if the write succeeds; after a failure, as it was.
    public var link: Link
    /// The link as it is stored before the write, so that what was sent is known if the answer is lost: a create is then
    /// read back instead of repeated, and a newer edit is not taken for a conflict with Tandem's own value.
    public var intent: Link?
    /// What the record's sync status is to say along with the write (OUT-6); `nil` when it says so already, or waits for
    /// outbound.
    public var syncStatus: String?
    /// Whether outbound has to look at the record though the CRM did not change it: marketing's value lost and is to be
    /// written over, or the lead became a contact.
    public var touch = false
    /// Whether the person is to be read again: what the change said was not carried out, and the record it is for changes.
    public var touchesPerson = false
    /// The CRM fields that were frozen by this resolution.
    public var frozen: [String] = []
    /// Values that came back as Tandem had written them, but for blanks, case or a phone number's punctuation.
    public var nearMisses = 0

    /// Whether the CRM has to be called.
    public var needsWrite: Bool {
        switch outcome {
        case .create, .update: true
        case .adopt: !write.isEmpty || stampsExternalID
        case .unchanged, .ignoredByConflict, .failed: false
        }
    }

    static func failed(
        _ link: Link, _ errorClass: ErrorClass = .permanent, code: String, _ message: String, fields: [String] = []
    ) -> InboundResolution {
        let error = SyncError(errorClass, code: code, message: message, fields: fields)
        return InboundResolution(
            outcome: .failed(error), write: [:], targetID: link.crmID, stampsExternalID: false, decisions: [], link: link)
    }
}

/// One field's decision as the history keeps it (OPS-1).
public struct FieldDecisionRecord: Sendable, Hashable {
    /// The CRM field's API name.
    public var field: String
    /// The marketing field's own key.
    public var marketingField: String
    public var reason: FieldDecision.Reason
    public var winner: FieldDecision.Side?
    /// What was agreed on before; `nil` when nothing was.
    public var base: FieldValue?
    /// Marketing's value; `nil` when it was not read.
    public var marketing: FieldValue?
    /// The CRM's value before the write; `nil` when there was no record or the CRM did not show it.
    public var crm: FieldValue?

    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "field": .string(field), "marketingField": .string(marketingField), "reason": .string(reason.rawValue),
        ]
        members["winner"] = winner.map { .string($0.rawValue) }
        members["base"] = base?.json
        members["marketing"] = marketing?.json
        members["crm"] = crm?.json
        return .object(members)
    }
}
