/// What an admin of the emulated org has set up.
public struct SalesforceRules: Sendable {
    /// A row about to be saved, or just saved.
    public struct Record: Sendable {
        public var object: String
        /// By field name; blank fields are absent.
        public var values: [String: SandboxValue]
        public var isNew: Bool
    }

    /// A validation rule's refusal; the text is the admin's own.
    public struct Refusal: Sendable, Hashable {
        public var message: String
        public var field: String?

        public init(_ message: String, field: String? = nil) {
            self.message = message
            self.field = field
        }
    }

    public enum DuplicateRule: Sendable, Hashable {
        case off
        /// Saves only with `allowSave=true`.
        case alert
        /// Never saves.
        case block
    }

    /// Two records of one object with the same email; judged on create and when the email changes.
    public var duplicates = DuplicateRule.off
    /// Returns why a record may not be saved, or `nil`.
    public var validation: (@Sendable (Record) -> Refusal?)?
    /// Returns fields that the org's own flow changes after each save, to be stamped and signed by another user.
    public var automation: (@Sendable (Record) -> [String: SandboxValue])?
    /// The field a flow sets to "Waiting for next sync" when a person edits a record; `nil` when there is no such flow.
    public var syncStatusField: String?
    /// Whether that flow also runs when a person creates a record.
    public var marksNewRecords = false

    public init() {}
}
