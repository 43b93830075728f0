import Connectors
import Contracts
import Sandbox

/// Judges the traffic with the vendors. What is not told of is none of its business.
protocol TrafficWitness: Sendable {
    /// Reaches the vendor now.
    func sees(_ call: CRMCall, from process: String) async
    /// `nil`: the connection broke, and whether it had an effect only the vendor knows.
    func sees(_ answer: CRMAnswer?, to call: CRMCall, of process: String) async
    func sees(_ call: MarketingCall, from process: String) async
    func sees(_ answer: MarketingAnswer?, to call: MarketingCall, of process: String) async
}

extension TrafficWitness {
    func sees(_ call: CRMCall, from process: String) async {}
    func sees(_ answer: CRMAnswer?, to call: CRMCall, of process: String) async {}
    func sees(_ call: MarketingCall, from process: String) async {}
    func sees(_ answer: MarketingAnswer?, to call: MarketingCall, of process: String) async {}
}

/// Reads every request and answer once, for all who judge them.
struct TrafficReader: Witness {
    let witnesses: [any TrafficWitness]

    func arrives(_ request: HTTPRequest, at vendor: Vendor, from process: String) async {
        switch vendor {
        case .salesforce:
            guard let call = CRMCall(request) else { return }
            for witness in witnesses { await witness.sees(call, from: process) }
        case .activeCampaign:
            let call = MarketingCall(request)
            for witness in witnesses { await witness.sees(call, from: process) }
        }
    }

    func answered(_ request: HTTPRequest, by vendor: Vendor, with answer: HTTPResponse?, to process: String) async {
        switch vendor {
        case .salesforce:
            guard let call = CRMCall(request) else { return }
            let answer = answer.map(CRMAnswer.init)
            for witness in witnesses { await witness.sees(answer, to: call, of: process) }
        case .activeCampaign:
            let call = MarketingCall(request)
            let answer = answer.map(MarketingAnswer.init)
            for witness in witnesses { await witness.sees(answer, to: call, of: process) }
        }
    }
}

extension PersonField {
    /// A value in a form in which equal ones are equal texts, whichever side holds it. Blank is empty.
    func plain(_ value: SandboxValue?) -> String { plain(value?.looseText ?? "") }

    func plain(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        switch self {
        case .email: return words.lowercased()
        case .income: return Double(words.filter { !"$, ".contains($0) }).map(\.description) ?? words
        case .firstName, .lastName, .phone, .company, .occupation: return words
        }
    }

    /// The field of that name in the CRM.
    init?(crm name: String) {
        guard let field = Self.allCases.first(where: { $0.crmName == name }) else { return nil }
        self = field
    }
}

extension WitnessSeat {
    /// The field that a key of marketing's stands for, e.g. `field:7`.
    func field(ofKey key: String) -> PersonField? {
        PersonField.allCases.first { $0.marketingKey == key || customFields[$0].map { key == "field:\($0)" } ?? false }
    }

    /// What a field of a person in marketing holds, in plain form; `nil` for a custom field without a value.
    func value(of field: PersonField, in person: ActiveCampaignSandbox.Person) -> String? {
        switch field {
        case .firstName: field.plain(person.firstName)
        case .lastName: field.plain(person.lastName)
        case .email: field.plain(person.email)
        case .phone: field.plain(person.phone)
        case .company: field.plain(person.account)
        case .income, .occupation:
            person.fields.compactMap { self.field(ofKey: "field:\($0.key)") == field ? field.plain($0.value) : nil }.first
        }
    }
}
