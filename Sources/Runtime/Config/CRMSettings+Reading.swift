import Foundation
import SyncCore

extension ConfigurationValue {
    /// How to reach the CRM. The secrets that its OAuth flow needs go into `secrets`.
    func crmSettings(_ secrets: inout [SecretName: Secret]) -> CRMSettings? {
        let keys = ["loginURL", "apiVersion", "auth", "externalIDField", "syncStatusField", "accountStatusField", "budget"]
        guard let mapping = mapping(known: keys) else { return nil }
        let loginURL = mapping.required("loginURL")?.url()
        let apiVersion = mapping["apiVersion"]?.apiVersion()
        let externalIDField = mapping["externalIDField"]?.fieldName()
        let syncStatusField = mapping["syncStatusField"]?.fieldName()
        let accountStatusField = mapping["accountStatusField"]?.fieldName()
        let budget = mapping["budget"]?.apiBudget()
        let auth = mapping.required("auth")?.crmAuth(&secrets)
        guard let loginURL, let auth else { return nil }
        var settings = CRMSettings(loginURL: loginURL, flow: auth.flow, clientID: auth.clientID, username: auth.username)
        apiVersion.assign(to: &settings.apiVersion)
        externalIDField.assign(to: &settings.externalIDField)
        syncStatusField.assign(to: &settings.syncStatusField)
        settings.accountStatusField = accountStatusField
        budget.assign(to: &settings.budget)
        return settings
    }

    /// Shares in percent; one that is not given stays as it is by default.
    private func apiBudget() -> APIBudget? {
        guard let mapping = mapping(known: APIBudget.Work.allCases.map(\.rawValue)) else { return nil }
        var budget = APIBudget()
        mapping["backfill"]?.integer(in: 1...100).assign(to: &budget.backfill)
        mapping["outbound"]?.integer(in: 1...100).assign(to: &budget.outbound)
        mapping["inbound"]?.integer(in: 1...100).assign(to: &budget.inbound)
        return budget
    }

    private func crmAuth(_ secrets: inout [SecretName: Secret]) -> (flow: CRMSettings.Flow, clientID: String, username: String?)?
    {
        let keys = ["flow", "clientID", "clientSecret", "username", "privateKey", "refreshToken"]
        guard let auth = mapping(known: keys) else { return nil }
        let flow = auth.required("flow")?.choice(of: CRMSettings.Flow.self)
        let clientID = auth.required("clientID")?.text()
        let username = auth["username"]?.text()
        secrets[.crmClientSecret] = auth["clientSecret"]?.secret()
        secrets[.crmPrivateKey] = auth["privateKey"]?.secret()
        secrets[.crmRefreshToken] = auth["refreshToken"]?.secret()
        guard let flow else { return nil }
        for key in flow.neededKeys where auth[key] == nil {
            auth.reportMissing(key, because: "the flow is \(flow.rawValue)")
        }
        for key in flow.foreignKeys {
            auth[key]?.report("has no use in the flow \(flow.rawValue)")
        }
        return clientID.map { (flow, $0, username) }
    }

    /// An address of a vendor. Credentials go there, so plain HTTP is only for emulators: a name without a dot (a
    /// container) or this machine.
    func url() -> String? {
        guard let text = text() else { return nil }
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty, let scheme = parts.scheme else {
            report("must be an address such as https://example.com, not \"\(text)\"")
            return nil
        }
        guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
            report("must be an address without user, query or fragment")
            return nil
        }
        let isLocal = host == "127.0.0.1" || host == "[::1]" || host == "::1" || !host.contains(".")
        guard scheme == "https" || (scheme == "http" && isLocal) else {
            report("must begin with https://")
            return nil
        }
        return text
    }

    private func apiVersion() -> String? {
        guard let text = text() else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = Int(parts[0]), (31...999).contains(major), parts[1] == "0" else {
            report("must be an API version such as 62.0, not \"\(text)\"")
            return nil
        }
        return text
    }

    /// The API name of a CRM field.
    func fieldName() -> String? {
        guard let text = text() else { return nil }
        guard text.isAPIName else {
            report("must be a field's API name such as Rating__c, not \"\(text)\"")
            return nil
        }
        return text
    }

    /// The API name of an object that the CRM's manager made.
    func customObjectName() -> String? {
        guard let text = text() else { return nil }
        guard text.isAPIName, text.hasSuffix("__c") else {
            report("must be a custom object's API name such as Marketing_Activity__c, not \"\(text)\"")
            return nil
        }
        return text
    }
}

extension CRMSettings.Flow {
    /// The keys besides `clientID` that the flow cannot do without.
    fileprivate var neededKeys: [String] {
        switch self {
        case .refreshToken: ["refreshToken"]
        case .jwtBearer: ["username", "privateKey"]
        case .clientCredentials: ["clientSecret"]
        }
    }

    /// The keys of other flows. A refresh token may be bound to a client secret, or not.
    fileprivate var foreignKeys: [String] {
        switch self {
        case .refreshToken: ["username", "privateKey"]
        case .jwtBearer: ["clientSecret", "refreshToken"]
        case .clientCredentials: ["username", "privateKey", "refreshToken"]
        }
    }
}

extension String {
    fileprivate var isAPIName: Bool { utf8.count <= 80 && first?.isLetter == true && utf8.allSatisfy(\.isAPINameByte) }
}

extension UInt8 {
    fileprivate var isAPINameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
