public import SyncCore

/// What proves to Salesforce who Tandem is; which parts are needed follows from the flow.
public struct SalesforceCredentials: Sendable {
    /// Optional for the refresh-token flow, needed for client-credentials.
    public var clientSecret: Secret?
    /// The PEM of the RSA key that signs JWT bearer assertions.
    public var privateKey: Secret?

    public init(clientSecret: Secret? = nil, privateKey: Secret? = nil) {
        self.clientSecret = clientSecret
        self.privateKey = privateKey
    }
}
