public import Contracts

/// All that is known about one CRM record whose turn it is.
public struct OutboundInput: Sendable {
    /// `integration/object/id` of the CRM record.
    public var key: RecordKey
    public var object: CRMObject
    /// The record as the CRM has it now, perhaps deleted; `nil` when it is not to be seen.
    public var record: CRMRecord?
    /// The record's link, a live one before one that ended.
    public var link: Link?
    /// Every link of the person that ``link`` or the record's external ID names.
    public var personLinks: [CRMObject: Link]
    /// Live links of other records of the object whose base has the record's email.
    public var sameEmail: [Link]
    /// What waits inbound for the person.
    public var pending: PendingChange?
    /// The live link of the record this one was merged into, or of the contact this lead became.
    public var successorLink: Link?
    /// Whether the contact this lead became has or had a link.
    public var isSuccessorKnown = false
    /// When the object's selection was set (``Selection/newFromNowOn``).
    public var selectedSince: Timestamp?
    /// Whether the record has waited so long that it is decided about without what marketing would be asked for.
    public var isOverdue = false
    /// Of an account: whether a syncing person belongs to it (MAP-4).
    public var isRelated = false

    public init(
        key: RecordKey, object: CRMObject, record: CRMRecord?, link: Link? = nil, personLinks: [CRMObject: Link] = [:],
        sameEmail: [Link] = [], pending: PendingChange? = nil, successorLink: Link? = nil, selectedSince: Timestamp? = nil
    ) {
        self.key = key
        self.object = object
        self.record = record
        self.link = link
        self.personLinks = personLinks
        self.sameEmail = sameEmail
        self.pending = pending
        self.successorLink = successorLink
        self.selectedSince = selectedSince
    }
}

/// A tag to be put on a person or taken off.
public struct TagChange: Sendable, Hashable {
    public enum Action: String, Sendable, Hashable, CaseIterable { case add, remove }

    public var action: Action
    public var tag: String

    public init(_ action: Action, _ tag: String) {
        self.action = action
        self.tag = tag
    }
}

/// What is to be done in marketing for one CRM record, and how its links are stored once that is done.
public struct OutboundResolution: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        /// The person is found by email or created, and linked.
        case create
        /// The linked person is written.
        case update
        /// Nothing to write; the CRM record may still be due to show that it is in step.
        case unchanged
        /// The record does not sync.
        case skip(OutboundSkip)
        /// The link ends; marketing keeps the person (OUT-8).
        case end(Link.EndReason)
        /// The link goes over to the record this one was merged into (OUT-8) or the contact the lead became (OUT-5).
        case move(to: CRMObject, id: String)
        /// An inbound creation is under way: its turn comes first.
        case wait
        case failed(SyncError)
    }

    public var outcome: Outcome
    /// By marketing key, in marketing's own form.
    public var write: [String: JSONValue] = [:]
    /// The person's email as the CRM has it.
    public var email: String?
    public var decisions: [FieldDecisionRecord] = []
    /// The record's link once the write succeeded; of a new person without ``Link/marketingID``, see
    /// ``OutboundRules/linked(_:as:integration:)``.
    public var link: Link?
    /// Further links that change along with it.
    public var otherLinks: [Link] = []
    public var tags: [TagChange] = []
    /// What the CRM record is to show afterwards (OUT-6); `nil` when it shows it already or can not be written.
    public var writeBack: WriteBack?
    /// CRM records to be looked at next, because their link is new to them.
    public var touches: [RecordKey] = []
    /// Whether inbound has to look at the person next: the record that marketing's changes went to is another one now, or none.
    public var touchesPerson = false
    /// Whether a field waits for what inbound is about to read in marketing: the record is looked at again.
    public var isUndecided = false
    /// The live link of another record for whose sake this one, which has none, is passed over.
    public var rival: Link?
    /// The CRM fields that were frozen by this resolution.
    public var frozen: [String] = []
    /// Values that came back as Tandem had written them, but for blanks, case or a phone number's punctuation.
    public var nearMisses = 0

    /// What is written to a CRM record to show that it is in step.
    public struct WriteBack: Sendable, Hashable {
        public var object: CRMObject
        public var id: String
        /// `nil`: it carries it already.
        public var externalID: String?
        public var syncStatus: String?

        public init(object: CRMObject, id: String, externalID: String? = nil, syncStatus: String? = nil) {
            self.object = object
            self.id = id
            self.externalID = externalID
            self.syncStatus = syncStatus
        }
    }

    public init(_ outcome: Outcome) { self.outcome = outcome }

    /// Whether marketing has to be called.
    public var needsWrite: Bool {
        switch outcome {
        case .create: true
        case .update: !write.isEmpty
        case .unchanged, .skip, .end, .move, .wait, .failed: false
        }
    }
}

extension OutboundResolution {
    /// Takes back what was decided about marketing fields that were not written after all: nothing was agreed on, and the
    /// record's next turn sends them again. Until then the CRM shows whose the record is, but not that it is in step.
    public mutating func takeBack(_ fields: [String]) {
        for decision in decisions where decision.winner == .crm && fields.contains(decision.marketingField) {
            link?.base[decision.field] = decision.base
            // What was not written went neither to nor fro.
            link?.trails[decision.field] = nil
            // The CRM's value may be the one of the base: then it was sent because marketing's had lost.
            if outcome == .update { link?.overruled.insert(decision.field) }
        }
        decisions.removeAll { $0.winner == .crm && fields.contains($0.marketingField) }
        for field in fields { write[field] = nil }
        writeBack?.syncStatus = nil
        if writeBack?.externalID == nil { writeBack = nil }
    }
}

/// Why a CRM record does not sync; listed for the operator.
public enum OutboundSkip: String, Sendable, Hashable, CaseIterable {
    /// Not linked, and the selection does not have it (OUT-1).
    case notSelected = "not-selected"
    /// GEN-2.
    case noEmail = "no-email"
    /// Another record of the object with this email is linked already.
    case duplicateEmail = "duplicate-email"
    /// The person is a contact as well; the contact's values are the ones that flow.
    case contactGoesFirst = "contact-goes-first"
    /// The record is deleted or not to be seen, and was never linked.
    case gone
    /// The person was deleted in marketing: not brought back.
    case deletedInMarketing = "deleted-in-marketing"
    /// A converted lead or one of an ended link.
    case ended = "link-ended"
    /// Accounts or opportunities do not sync, or no syncing person belongs to this one.
    case notRelated = "not-related"
}
