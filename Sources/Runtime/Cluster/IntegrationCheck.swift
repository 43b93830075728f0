import Connectors
import Contracts
import Store
import SyncCore
import Vendors

/// What both vendors say to an integration's settings (CON-1, MAP-2).
struct IntegrationCheck: Sendable, Equatable {
    /// How one side's connection test went.
    enum Connection: Sendable, Equatable {
        case connected
        /// The vendor said no, in its own words.
        case refused(SyncError)
        /// Nobody can say now.
        case unreachable(SyncError)

        init(_ error: SyncError) {
            switch error.errorClass {
            case .transient, .rateLimited, .lock, .inDoubt: self = .unreachable(error)
            case .permanent, .auth, .schema: self = .refused(error)
            }
        }
    }

    /// A field of the settings that the CRM does not have.
    struct MissingField: Sendable, Equatable {
        var object: CRMObject
        var setting: String
        var field: String
    }

    /// A setting that the vendors' fields do not allow, by its path in a file.
    struct SettingProblem: Sendable, Equatable {
        var setting: String
        var reason: String
    }

    var name: String
    var crm = Connection.connected
    var marketing = Connection.connected
    /// Empty unless both sides could be asked.
    var problems: [MappingProblem] = []
    var missingFields: [MissingField] = []
    var settingProblems: [SettingProblem] = []

    /// Whether the integration cannot work as it is described.
    var isFailed: Bool {
        for case .refused in [crm, marketing] { return true }
        return !missingFields.isEmpty || !settingProblems.isEmpty || problems.contains { !$0.isWarning }
    }
}

extension IntegrationCheck {
    /// Asks both vendors.
    init(of integration: StoredIntegration, through connections: VendorConnections) async {
        name = integration.settings.name
        let settings = integration.settings
        var schemas = VendorSchemas()
        do throws(SyncError) {
            let vendor = try await connections.crm(of: integration)
            try await vendor.probe()
            for object in CRMObject.people where settings.uses(object) {
                schemas.crm[object] = try await vendor.describe(object)
            }
            for object in [CRMObject.account, .opportunity] where settings.uses(object) {
                schemas.crm[object] = try await described("outbound.\(object.plural)") { () async throws(SyncError) in
                    try await vendor.describe(object)
                }
            }
            if let object = settings.activities.mirrorObject {
                try await checkMirror(object, of: try await connections.activityMirror(of: integration))
            }
        } catch {
            crm = Connection(error)
        }
        do throws(SyncError) {
            let vendor = try await connections.marketing(of: integration)
            try await vendor.probe()
            schemas.contacts = try await vendor.describeContacts()
            if settings.uses(.account) {
                schemas.accounts = try await described("outbound.accounts") { () async throws(SyncError) in
                    try await vendor.describeAccounts()
                }
            }
        } catch {
            marketing = Connection(error)
        }
        check(settings, against: schemas)
    }

    /// An object that people can do without: that it is not to be seen is a problem of the setting that wants it, not of the
    /// connection.
    private mutating func described<Description>(
        _ setting: String, by describe: () async throws(SyncError) -> Description
    ) async throws(SyncError) -> Description? {
        do throws(SyncError) {
            return try await describe()
        } catch {
            guard error.errorClass == .permanent || error.errorClass == .schema else { throw error }
            settingProblems.append(SettingProblem(setting: setting, reason: "\(error.code): \(error.message)"))
            return nil
        }
    }

    private mutating func checkMirror(_ object: String, of mirror: any CRMActivityMirror) async throws(SyncError) {
        let setting = "activities.mirror"
        let missing = try await described(setting) { () async throws(SyncError) in
            try await mirror.missingFields(ofMirror: object)
        }
        guard let missing, !missing.isEmpty else { return }
        let fields = missing.joined(separator: ", ")
        settingProblems.append(SettingProblem(setting: setting, reason: "\(object) of the CRM has no \(fields)"))
    }
}

extension IntegrationCheck {
    /// Asks the vendors before anything of `files` is stored: what is checked lives in a store of its own, with the secrets
    /// that are stored already filling in for those a file does not name.
    ///
    /// Integrations with refresh tokens are left out: using such a token may end it, so its successor must have a place.
    static func beforeStoring(
        _ files: [IntegrationFile], over store: Store, _ open: (Store) -> VendorConnections, now: Timestamp
    ) async throws(StoreError) -> [IntegrationCheck] {
        let scratch = try Store.inMemory(key: .generate())
        let connections = open(scratch)
        var checks: [IntegrationCheck] = []
        for file in files where file.settings.crm.flow != .refreshToken {
            let name = file.settings.name
            var secrets = file.secrets
            for secret in SecretName.allCases where secrets[secret] == nil {
                secrets[secret] = try await store.secret(secret, of: name)
            }
            _ = try await scratch.apply(file.settings, secrets: secrets, now: now)
            guard let integration = try await scratch.integration(name) else { continue }
            checks.append(await IntegrationCheck(of: integration, through: connections))
        }
        try scratch.close()
        return checks
    }

    /// Asks the vendors of those that ``beforeStoring(_:over:_:now:)`` leaves out, once they are stored.
    static func afterStoring(
        _ files: [IntegrationFile], in store: Store, _ open: (Store) -> VendorConnections
    ) async throws(StoreError) -> [IntegrationCheck] {
        let connections = open(store)
        var checks: [IntegrationCheck] = []
        for file in files where file.settings.crm.flow == .refreshToken {
            guard let integration = try await store.integration(file.settings.name) else { continue }
            checks.append(await IntegrationCheck(of: integration, through: connections))
        }
        return checks
    }
}

extension IntegrationCheck {
    /// As an operator reads it, a line per finding.
    var lines: [String] {
        [Self.line("Salesforce", crm), Self.line("ActiveCampaign", marketing)].map { "\(name): \($0)" }
            + missingFields.map {
                "\(name): error: crm.\($0.setting): the CRM's \($0.object.rawValue) has no field \($0.field), "
                    + "or the user may not see it"
            }
            + settingProblems.map { "\(name): error: \($0.setting): \($0.reason)" }
            + problems.map { problem in
                let place = problem.index.map { "mapping \($0 + 1) of" } ?? "mappings of"
                let severity = problem.isWarning ? "warning" : "error"
                return "\(name): \(severity): \(place) \(problem.object.rawValue), \(problem.field): \(problem.reason) "
                    + "(\(problem.kind.rawValue))"
            }
    }

    private static func line(_ vendor: String, _ connection: Connection) -> String {
        switch connection {
        case .connected: "\(vendor) connected"
        case .refused(let error): "error: \(vendor): \(error.code): \(error.message)"
        case .unreachable(let error): "warning: \(vendor) not reached: \(error.code): \(error.message)"
        }
    }
}
