import Connectors
import Contracts
import SyncCore

/// What the Bulk API's refusals mean, and the failures of its jobs.
enum BulkErrors {
    static let gone = SyncError(.permanent, code: SyncError.bulkGone, message: "Salesforce does not have the bulk job any more")

    private static let quotas: Set = ["LIMIT_EXCEEDED", "ExceededQuota", "TooManyBatches"]

    /// A call about a job, refused.
    static func refusal(_ response: HTTPResponse, effect: CallEffect, now: Timestamp) -> SyncError {
        // What a conflict tells is that the job was made by another version of the API.
        if response.status == 404 || response.status == 409 { return gone }
        return naming(VendorErrors.refusal(response, effect: effect, now: now))
    }

    /// A refusal by the name under which others know it.
    static func naming(_ refusal: SyncError) -> SyncError {
        guard quotas.contains(refusal.code) else { return refusal }
        return SyncError(.permanent, code: SyncError.bulkQuota, message: "\(refusal.code): \(refusal.message)")
    }

    /// Why a job failed as a whole: its message begins with a code.
    static func failure(_ message: String?, now: Timestamp) -> SyncError {
        let text = message ?? "the bulk job failed without a reason"
        guard let match = text.prefixMatch(of: /([A-Za-z_]+)\s*:/) else {
            return SyncError(.transient, code: "bulk-failed", message: text)
        }
        let code = String(match.1)
        if code == "InvalidBatch" { return SyncError(.schema, code: code, message: text) }
        // Salesforce tried often by itself, yet a later job meets other circumstances.
        let known = VendorErrors.errorClass(code: code, message: text, now: now)
        return naming(SyncError(known == .permanent ? .transient : known, code: code, message: text))
    }
}
