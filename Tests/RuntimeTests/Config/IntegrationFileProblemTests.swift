import Testing

@testable import Runtime

@Suite("What is wrong with a file of integrations")
struct IntegrationFileProblemTests {
    private let fixture = ConfigurationFixture.secrets

    /// The complete integration with one text replaced.
    private func problems(_ text: String, _ replacement: String) -> [String] {
        let yaml = ConfigurationFixture.integration
        #expect(yaml.contains(text))
        return fixture.integrationProblems(yaml.replacing(text, with: replacement))
    }

    @Test(
        "each problem names file, line, key path and reason",
        arguments: [
            ("tandem.dev/v1", "tandem.dev/v2", #"acme.yaml:1: apiVersion: must be tandem.dev/v1, not "tandem.dev/v2""#),
            ("kind: Integration", "kind: Pod", #"acme.yaml:2: kind: must be Integration, not "Pod""#),
            (
                "name: acme", "name: Acme",
                #"acme.yaml:3: metadata.name: may only have lower-case letters, digits and hyphens, at most 63, not "Acme""#
            ),
            ("profile:", "profil:", "acme.yaml:5: spec.profil: unknown key; did you mean profile?"),
            (
                "profile: activecampaign-salesforce", "profile: hubspot",
                #"acme.yaml:5: spec.profile: must be activecampaign-salesforce, not "hubspot""#
            ),
            ("https://acme.my", "http://acme.my", "acme.yaml:7: spec.crm.loginURL: must begin with https://"),
            (
                "https://acme.my", "https://user:pass@acme.my",
                "acme.yaml:7: spec.crm.loginURL: must be an address without user, query or fragment"
            ),
            (
                "flow: client-credentials", "flow: password",
                #"acme.yaml:8: spec.crm.auth.flow: must be one of refresh-token, jwt-bearer, client-credentials, not "password""#
            ),
            (
                "{env: CRM_SECRET}", "{env: UNSET}",
                "acme.yaml:8: spec.crm.auth.clientSecret.env: the environment variable UNSET is not set"
            ),
            (
                "{env: CRM_SECRET}", "{file: none.txt}",
                "acme.yaml:8: spec.crm.auth.clientSecret.file: the file none.txt cannot be read"
            ),
            ("{env: CRM_SECRET}", "{}", "acme.yaml:8: spec.crm.auth.clientSecret: needs either env or file"),
            (
                "{env: CRM_SECRET}", "{env: CRM_SECRET, file: x}",
                "acme.yaml:8: spec.crm.auth.clientSecret: needs either env or file"
            ),
            (
                ", clientSecret: {env: CRM_SECRET}", "",
                "acme.yaml:8: spec.crm.auth.clientSecret: is missing: the flow is client-credentials"
            ),
            (
                "clientID: client,", "clientID: client, username: a,",
                "acme.yaml:8: spec.crm.auth.username: has no use in the flow client-credentials"
            ),
            (
                "{env: HOOK_SECRET}", "{env: API_KEY}",
                "acme.yaml:10: spec.webhook.secret: must be 16 to 128 letters, digits, '-' and '_', "
                    + "as `openssl rand -hex 24` makes them"
            ),
            ("marketing: {url: https://acme.api-us1.com, ", "marketing: {", "acme.yaml:9: spec.marketing.url: is missing"),
            (
                "marketing: {", "marketing: {requestsPerSecond: many, ",
                #"acme.yaml:9: spec.marketing.requestsPerSecond: must be a whole number from 1 to 1000, not "many""#
            ),
            (
                "metadata: {name: acme}", "metadata: acme",
                "acme.yaml:3: metadata: must be a mapping of keys to values, not a single value"
            ),
        ])
    func oneProblem(text: String, replacement: String, expected: String) {
        #expect(problems(text, replacement).contains(expected))
    }

    @Test("CON-3 a secret written in the file is refused, and not repeated in the problem")
    func plainSecret() {
        let found = problems("{env: API_KEY}", "hunter2-hunter2")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("acme.yaml:9: spec.marketing.apiKey: a secret may not be written here") == true)
        #expect(!found.joined().contains("hunter2"))
    }

    @Test(
        "an address without TLS is for emulators only",
        arguments: ["http://localhost:9", "http://127.0.0.1:9", "http://sandbox:9"])
    func plainHTTP(address: String) {
        #expect(problems("https://acme.api-us1.com", address) == [])
    }

    @Test("mapping problems name the element")
    func mappingProblems() {
        let found = fixture.integrationProblems(
            ConfigurationFixture.integration + """

                  inbound: {window: {records: 0, interval: ten minutes}}
                  mapping:
                    contact:
                      - {marketing: email, crm: Email, ruel: crm-wins}
                      - {marketing: phone, crm: email}
                      - {crm: "Not a name", rule: always}
                      - marketing: field:7
                        crm: A__c
                        transforms: [trimm, split, {split: {separator: ","}}, {join: a, default: b}]
                """)
        #expect(
            found == [
                #"acme.yaml:11: spec.inbound.window.records: must be a whole number from 1 to 10000, not "0""#,
                "acme.yaml:11: spec.inbound.window.interval: "
                    + #"must be a duration such as 500ms, 30s, 10m or 1h30m, not "ten minutes""#,
                "acme.yaml:14: spec.mapping.contact[0].ruel: unknown key; did you mean rule?",
                "acme.yaml:15: spec.mapping.contact[1]: email is mapped twice, first in line 14",
                "acme.yaml:16: spec.mapping.contact[2].marketing: is missing",
                #"acme.yaml:16: spec.mapping.contact[2].crm: must be a field's API name such as Rating__c, not "Not a name""#,
                "acme.yaml:16: spec.mapping.contact[2].rule: must be one of crm-wins, marketing-wins, newest-wins, "
                    + #"crm-unless-blank, marketing-unless-blank, fill-empty-only, review, not "always""#,
                "acme.yaml:19: spec.mapping.contact[3].transforms[0]: must be one of lowercase, titlecase, trim, uppercase, "
                    + #"split, join, lookup, dateFormat, numberFormat, default, not "trimm""#,
                "acme.yaml:19: spec.mapping.contact[3].transforms[1]: split needs a value, as in split: …",
                "acme.yaml:19: spec.mapping.contact[3].transforms[2].split.index: is missing",
                "acme.yaml:19: spec.mapping.contact[3].transforms[3]: must have exactly one step",
            ])
    }

    @Test("an empty integration says all that is missing")
    func empty() {
        #expect(
            fixture.integrationProblems("kind: Integration\nspec: {}\n") == [
                "acme.yaml:1: apiVersion: is missing", "acme.yaml:1: metadata: is missing",
                "acme.yaml:2: spec.profile: is missing",
                "acme.yaml:2: spec.crm: is missing", "acme.yaml:2: spec.marketing: is missing",
            ])
    }

    @Test(
        "what is no YAML, no text or no file is said with its line where there is one",
        arguments: [
            ("a: [1, 2\nb: 3\n", "acme.yaml:2: is not YAML: "), ("kind: a\nkind: b\n", "acme.yaml:1: is written twice: kind"),
            ("kind: \"a\u{7}\"\n", "acme.yaml: is not YAML: "), ("- a\n", "acme.yaml:1: must be a mapping"),
        ])
    func noYAML(text: String, prefix: String) {
        let found = fixture.integrationProblems(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(prefix) == true, "\(found)")
    }

    @Test("a file that is not there is a problem, and the error lists every problem on its own line")
    func missingFile() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try fixture.loader.integrations(at: ["one.yaml", "two.yaml"])
        }
        #expect("\(error)" == "the configuration has 2 problems:\n  one.yaml: cannot be read\n  two.yaml: cannot be read")
    }
}
