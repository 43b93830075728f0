package import SyncCore

import struct Foundation.URLComponents

/// The base URL of a vendor's account as people type it.
package enum VendorURL {
    /// Scheme, host and port of `text`, and its path without slashes at either end. A missing scheme means HTTPS.
    ///
    /// Refuses what would send credentials in the clear: plain HTTP is for the loopback only.
    package static func parse(_ text: String, setting: String) throws(SyncError) -> (base: String, path: String) {
        let trimmed = text.trimmingPrefix(while: \.isWhitespace)
        let absolute = trimmed.contains("://") ? String(trimmed) : "https://\(trimmed)"
        guard
            let components = URLComponents(string: absolute.replacing(/\s+$/, with: "")), let host = components.host,
            !host.isEmpty,
            let scheme = components.scheme?.lowercased(), ["https", "http"].contains(scheme), components.user == nil,
            components.password == nil, components.query == nil, components.fragment == nil
        else {
            throw SyncError(.auth, code: "invalid-url", message: "\(setting) is not the URL of a web service")
        }
        guard scheme == "https" || isLoopback(host) else {
            throw SyncError(.auth, code: "insecure-url", message: "\(setting) must start with https://")
        }
        let port = components.port.map { ":\($0)" } ?? ""
        let path = components.path.split(separator: "/").joined(separator: "/")
        return ("\(scheme)://\(host.lowercased())\(port)", path)
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "[::1]" || host == "::1" || host.wholeMatch(of: /127\.\d+\.\d+\.\d+/) != nil
    }
}
