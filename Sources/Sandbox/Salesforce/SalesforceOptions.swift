/// How the emulated org is set up.
public struct SalesforceOptions: Sendable {
    public var clientID = "sandbox-client"
    public var clientSecret = "sandbox-secret"
    /// The only user who may be named by a JWT bearer assertion.
    public var username = "sync@acme.test"
    /// The refresh token of the grant that exists from the start.
    public var refreshToken = "sandbox-refresh-token"
    /// What token answers name as `instance_url`; `nil` takes the `Host` header of the token request, over plain HTTP.
    public var instanceURL: String?
    /// Whether each refresh yields a new refresh token and kills the old one; replaying a dead one revokes the grant.
    public var rotatesRefreshTokens = false
    /// How long access tokens live, in milliseconds. Nothing in a token answer tells.
    public var tokenLifetime: Int64 = 7_200_000
    /// API calls allowed in a rolling day.
    public var dailyLimit = 100_000
    public var objects: [SalesforceObject] = [
        .contact.adding(SalesforceField.tandem), .lead.adding(SalesforceField.tandem), .account, .opportunity,
        .opportunityContactRole, .marketingActivity,
    ]
    public var bulk = SalesforceBulkOptions()
    public var rules = SalesforceRules()
    public var faults = FaultPlan()
    /// Access and refresh tokens come from it.
    public var seed: UInt64 = 1
    /// How far the org's clock, by which it stamps rows and dates answers, is ahead of `clock`, in milliseconds.
    public var clockSkew: Int64 = 0
    /// Milliseconds since 1970.
    public var clock: @Sendable () -> Int64

    public init(clock: @escaping @Sendable () -> Int64) {
        self.clock = clock
    }
}
