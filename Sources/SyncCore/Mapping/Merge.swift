public import Contracts

/// What was decided for one field, and why (IN-6, MAP-10).
public struct FieldDecision: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        case writeToCRM(FieldValue)
        case keepCRM
        /// Both sides have the same: nothing to write, and a new base.
        case agree
        /// Nothing is written; a person decides.
        case review
    }

    public enum Side: String, Sendable, Hashable, CaseIterable {
        case marketing, crm
    }

    /// Stable: kept in the history and shown by `tandem why`.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        case equal
        case onlyMarketingChanged = "only-marketing-changed"
        case onlyCRMChanged = "only-crm-changed"
        case conflictCRMWins = "conflict-crm-wins"
        case conflictMarketingWins = "conflict-marketing-wins"
        case conflictCRMNewer = "conflict-crm-newer"
        case conflictMarketingNewer = "conflict-marketing-newer"
        /// The CRM does not say when the record changed, so it is taken as the newer.
        case conflictCRMTimeUnknown = "conflict-crm-time-unknown"
        case conflictCRMBlank = "conflict-crm-blank"
        case conflictMarketingBlank = "conflict-marketing-blank"
        case conflictForReview = "conflict-for-review"
        case filledEmpty = "filled-empty"
        case notEmpty = "not-empty"
        /// Written with a new record.
        case created
        /// The CRM record waits for outbound: its values stand (IN-6).
        case crmWaiting = "crm-waiting"
        /// Marketing has no value where the CRM insists on one.
        case requiredByCRM = "required-by-crm"
        /// The CRM does not let the field be written on this kind of write.
        case notWritable = "not-writable"
        /// The CRM does not show the field: it was deleted, renamed or hidden from the integration's user.
        case fieldMissing = "field-missing"
        /// Marketing's value lost before; the CRM's is written over it.
        case overruled
        /// Marketing has no form of the CRM's value that would read back as the same.
        case notRepresentable = "not-representable"
        /// The value kept changing to and fro between the sides: neither is written any more.
        case frozen
    }

    /// The value the CRM holds once the action is done.
    public var value: FieldValue
    public var action: Action
    /// Whose value stands; `nil` when both are equal or a person has to decide.
    public var winner: Side?
    public var reason: Reason
}

/// Merges one field three ways: what both sides last agreed on, what marketing has, what the CRM has.
///
/// A field that was never agreed on counts as blank before, so that a value is never lost to a side that has none:
/// adopting a record fills its empty fields, and empties none.
///
/// | marketing | CRM | decision |
/// |---|---|---|
/// | equal values | | agree |
/// | as the base | changed | keep the CRM's, whatever the rule |
/// | changed, also to blank | as the base | write marketing's; *fill empty only* writes only where the CRM is blank |
/// | changed | changed otherwise | a conflict: the rule decides |
///
/// | rule in a conflict | marketing's is written |
/// |---|---|
/// | CRM wins | never |
/// | marketing wins | always, a blank too |
/// | newest wins | when strictly newer than the CRM record's last change; not when that is unknown |
/// | CRM unless blank, fill empty only | when the CRM's is blank |
/// | marketing unless blank | unless marketing's is blank |
/// | review | never; the field is listed |
public func merge(
    base: FieldValue?, marketing: FieldValue, crm: FieldValue, type: FieldType, rule: ConflictRule, marketingAt: Timestamp,
    crmAt: Timestamp?
) -> FieldDecision {
    let base = base ?? .blank
    func write(_ reason: FieldDecision.Reason) -> FieldDecision {
        FieldDecision(value: marketing, action: .writeToCRM(marketing), winner: .marketing, reason: reason)
    }
    func keep(_ reason: FieldDecision.Reason) -> FieldDecision {
        FieldDecision(value: crm, action: .keepCRM, winner: .crm, reason: reason)
    }

    if type.areEqual(marketing, crm) { return FieldDecision(value: crm, action: .agree, winner: nil, reason: .equal) }
    if type.areEqual(marketing, base) { return keep(.onlyCRMChanged) }
    if rule != .fillEmptyOnly, type.areEqual(crm, base) { return write(.onlyMarketingChanged) }

    switch rule {
    case .crmWins: return keep(.conflictCRMWins)
    case .marketingWins: return write(.conflictMarketingWins)
    case .newestWins:
        guard let crmAt else { return keep(.conflictCRMTimeUnknown) }
        return marketingAt > crmAt ? write(.conflictMarketingNewer) : keep(.conflictCRMNewer)
    case .crmUnlessBlank: return crm.isBlank ? write(.conflictCRMBlank) : keep(.conflictCRMWins)
    case .marketingUnlessBlank:
        return marketing.isBlank ? keep(.conflictMarketingBlank) : write(.conflictMarketingWins)
    case .review: return FieldDecision(value: crm, action: .review, winner: nil, reason: .conflictForReview)
    case .fillEmptyOnly: return crm.isBlank ? write(.filledEmpty) : keep(.notEmpty)
    }
}
