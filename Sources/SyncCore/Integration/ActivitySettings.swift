/// How what people did in marketing is kept (ACT-1).
public struct ActivitySettings: Sendable, Hashable, Codable {
    /// After so many days an activity is forgotten; `nil`: never.
    public var retentionDays: Int?

    public init(retentionDays: Int? = 400) { self.retentionDays = retentionDays }
}
