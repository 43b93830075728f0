/// How what people did in marketing is kept (ACT-1).
public struct ActivitySettings: Sendable, Hashable, Codable {
    /// After so many days an activity is forgotten; `nil`: never.
    public var retentionDays: Int?
    /// The API name of the custom object that activities are copied to in the CRM; `nil`: none.
    public var mirrorObject: String?

    public init(retentionDays: Int? = 400, mirrorObject: String? = nil) {
        self.retentionDays = retentionDays
        self.mirrorObject = mirrorObject
    }
}
