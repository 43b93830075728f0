import Foundation
public import SyncCore

extension CRMSettings {
    /// Hosts that serve every org: there the user or the client tells orgs apart.
    private static let sharedHosts: Set<String> = ["login.salesforce.com", "test.salesforce.com"]

    /// What two settings of one org have in common (GEN-1).
    var orgIdentity: String {
        let host = normalizedHost(loginURL)
        return Self.sharedHosts.contains(host) ? "\(host)/\(username?.lowercased() ?? clientID)" : host
    }
}

extension MarketingSettings {
    /// What two settings of one account have in common (GEN-1).
    public var accountIdentity: String { normalizedHost(url) }
}

/// The host of `url` in lower case, with its port unless that is the scheme's own; scheme, user, path and final dot do not
/// count. Takes a bare host as well.
private func normalizedHost(_ url: String) -> String {
    var rest = url.lowercased()[...]
    var defaultPort = ":443"
    if let scheme = rest.range(of: "://") {
        if rest[..<scheme.lowerBound] == "http" { defaultPort = ":80" }
        rest = rest[scheme.upperBound...]
    }
    rest = rest.prefix { !"/?#".contains($0) }
    if let user = rest.lastIndex(of: "@") { rest = rest[rest.index(after: user)...] }
    if rest.hasSuffix(defaultPort) { rest = rest.dropLast(defaultPort.count) }
    if rest.hasSuffix(".") { rest = rest.dropLast() }
    return String(rest)
}
