import SyncCore

@testable import Runtime

/// Files, directories and variables that exist in a test only.
struct ConfigurationFixture {
    var files: [String: String] = [:]
    var variables: [String: String] = [:]

    var loader: ConfigurationLoader {
        let (files, variables) = (files, variables)
        return ConfigurationLoader(
            environment: ConfigurationEnvironment(
                variable: { variables[$0] },
                read: { files[$0].map { Array($0.utf8) } },
                list: { path in
                    let names = files.keys.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }
                    return names.isEmpty ? nil : names
                }))
    }

    /// The lines of everything wrong with one file of integrations.
    func integrationProblems(_ yaml: String) -> [String] {
        problems(of: ["acme.yaml": yaml]) { _ = try $0.integrations(at: ["acme.yaml"]) }
    }

    func clusterProblems(_ yaml: String) -> [String] {
        problems(of: ["tandem.yaml": yaml]) { _ = try $0.cluster(at: "tandem.yaml") }
    }

    private func problems(of files: [String: String], _ load: (ConfigurationLoader) throws -> Void) -> [String] {
        var fixture = self
        fixture.files.merge(files) { $1 }
        do {
            try load(fixture.loader)
            return []
        } catch {
            return (error as? ConfigurationError)?.problems.map(\.description) ?? ["\(error)"]
        }
    }

    /// The variables a complete integration needs.
    static let secrets = ConfigurationFixture(
        variables: ["CRM_SECRET": "crm-secret", "API_KEY": "api-key", "HOOK_SECRET": "0123456789abcdef"])

    static let integration = """
        apiVersion: tandem.dev/v1
        kind: Integration
        metadata: {name: acme}
        spec:
          profile: activecampaign-salesforce
          crm:
            loginURL: https://acme.my.salesforce.com
            auth: {flow: client-credentials, clientID: client, clientSecret: {env: CRM_SECRET}}
          marketing: {url: https://acme.api-us1.com, apiKey: {env: API_KEY}}
          webhook: {secret: {env: HOOK_SECRET}}
        """
}
