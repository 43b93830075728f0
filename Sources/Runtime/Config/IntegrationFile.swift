import SyncCore

/// One integration as a document of a file describes it.
struct IntegrationFile: Sendable, Equatable {
    var settings: IntegrationSettings
    var secrets: [SecretName: Secret]
    /// Where it stands.
    var file: String
    var line: Int?
}

extension IntegrationFile {
    private enum Version: String, CaseIterable { case v1 = "tandem.dev/v1" }
    private enum Kind: String, CaseIterable { case integration = "Integration" }

    /// Reads a document. `nil` when a part without a default cannot be read; everything wrong is reported.
    init?(_ document: ConfigurationValue) {
        guard let root = document.mapping(known: ["apiVersion", "kind", "metadata", "spec"]) else { return nil }
        _ = root.required("apiVersion")?.choice(of: Version.self)
        _ = root.required("kind")?.choice(of: Kind.self)
        let name = root.required("metadata")?.mapping(known: ["name"])?.required("name")?.integrationName()
        let keys = [
            "profile", "crm", "marketing", "webhook", "api", "inbound", "outbound", "runs", "activities", "mapping",
        ]
        guard let spec = root.required("spec")?.mapping(known: keys) else { return nil }
        var secrets: [SecretName: Secret] = [:]
        let profile = spec.required("profile")?.choice(of: ProfileName.self)
        let crm = spec.required("crm")?.crmSettings(&secrets)
        let marketing = spec.required("marketing")?.marketingSettings(&secrets)
        if let webhook = spec["webhook"]?.mapping(known: ["secret"]) {
            secrets[.webhookSecret] = webhook.required("secret")?.token()
        }
        if let api = spec["api"]?.mapping(known: ["panelToken", "managerToken"]) { api.apiTokens(&secrets) }
        let inbound = spec["inbound"]?.inboundSettings() ?? InboundSettings()
        let outbound = spec["outbound"]?.outboundSettings() ?? OutboundSettings()
        let runs = spec["runs"]?.runSettings() ?? RunSettings()
        let activities = spec["activities"]?.activitySettings() ?? ActivitySettings()
        let mappings = spec["mapping"]?.mappingSet() ?? .defaults
        guard let name, let profile, let crm, let marketing else { return nil }
        settings = IntegrationSettings(
            name: name, profile: profile, crm: crm, marketing: marketing, inbound: inbound, outbound: outbound, runs: runs,
            activities: activities, mappings: mappings)
        self.secrets = secrets
        file = document.problems.file
        line = document.line
    }
}

extension ConfigurationValue {
    /// A name that can be part of topic keys and webhook paths.
    fileprivate func integrationName() -> String? {
        guard let text = text() else { return nil }
        let isName =
            (1...63).contains(text.utf8.count) && text.first != "-"
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
                default: false
                }
            }
        guard isName else {
            report("may only have lower-case letters, digits and hyphens, at most 63, not \"\(text)\"")
            return nil
        }
        return text
    }

    /// The random part of the webhook path, or a token of the API: long enough not to be guessed, and needing no escapes.
    fileprivate func token() -> Secret? {
        guard let secret = secret() else { return nil }
        let bytes = Array(secret.reveal().utf8)
        let isPlain = bytes.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, (16...128).contains(bytes.count) else {
            report("must be 16 to 128 letters, digits, '-' and '_', as `openssl rand -hex 24` makes them")
            return nil
        }
        return secret
    }

    fileprivate func marketingSettings(_ secrets: inout [SecretName: Secret]) -> MarketingSettings? {
        guard let mapping = mapping(known: ["url", "apiKey", "requestsPerSecond"]) else { return nil }
        let url = mapping.required("url")?.url()
        secrets[.marketingAPIKey] = mapping.required("apiKey")?.secret()
        let rate = mapping["requestsPerSecond"]?.integer(in: 1...1000)
        guard let url else { return nil }
        var settings = MarketingSettings(url: url)
        rate.assign(to: &settings.requestsPerSecond)
        return settings
    }

    fileprivate func activitySettings() -> ActivitySettings {
        var settings = ActivitySettings()
        guard let mapping = mapping(known: ["retention", "mirror"]) else { return settings }
        settings.mirrorObject = mapping["mirror"]?.customObjectName()
        if let retention = mapping["retention"] { settings.retentionDays = retention.days(in: 1...36_500) }
        return settings
    }

    fileprivate func inboundSettings() -> InboundSettings {
        var settings = InboundSettings()
        guard let mapping = mapping(known: ["window", "matching", "bulkFrom"]) else { return settings }
        mapping["matching"]?.choice(of: InboundSettings.Matching.self).assign(to: &settings.matching)
        mapping["bulkFrom"]?.integer(in: 1000...10_000_000).assign(to: &settings.bulkFrom)
        if let window = mapping["window"]?.mapping(known: ["records", "interval"]) {
            window["records"]?.integer(in: 1...10_000).assign(to: &settings.window.records)
            window["interval"]?.duration(in: .seconds(1)...(.seconds(86_400))).assign(to: &settings.window.interval)
        }
        return settings
    }
}

extension ConfigurationMapping {
    /// The tokens of the two roles (PERM-1). They must differ: who has one is told by it.
    fileprivate func apiTokens(_ secrets: inout [SecretName: Secret]) {
        secrets[.panelToken] = self["panelToken"]?.token()
        secrets[.managerToken] = self["managerToken"]?.token()
        if let token = secrets[.panelToken], token == secrets[.managerToken] {
            self["managerToken"]?.report("must not be the panelToken")
        }
    }
}
