import Connectors
import Contracts
import Playground
import Sandbox
import Synchronization

/// Sees every request to a vendor and its answer, in the order they reach the vendor.
protocol Witness: Sendable {
    /// A request reaches the vendor now.
    func arrives(_ request: HTTPRequest, at vendor: Vendor, from process: String) async
    /// The vendor did what it was asked for, or refused; whether the process hears of it is open. `answer` is `nil` when the
    /// connection broke.
    func answered(_ request: HTTPRequest, by vendor: Vendor, with answer: HTTPResponse?, to process: String) async
}

enum Vendor: String, Sendable, Hashable {
    case salesforce, activeCampaign

    var host: String {
        switch self {
        case .salesforce: "acme.my.salesforce.com"
        case .activeCampaign: "acme.api-us1.com"
        }
    }

    var url: String { "https://\(host)" }
}

/// The way from the processes to the emulated vendors and back, each way some milliseconds long.
struct VendorNetwork: Network {
    let vendors: InProcessTransport
    let witnesses: [any Witness]
    let clock: SimulatedClock
    let trace: Trace
    let dice: SharedDice

    func exchange(_ request: HTTPRequest, from process: String) async throws(TransportError) -> HTTPResponse {
        let vendor = request.url.contains(Vendor.salesforce.host) ? Vendor.salesforce : .activeCampaign
        await travel()
        var request = request
        // As a real client sends it: the emulated org's tokens lead to the host they were asked from.
        request.headers["Host"] = vendor.host
        for witness in witnesses { await witness.arrives(request, at: vendor, from: process) }
        let answer: Result<HTTPResponse, TransportError>
        do throws(TransportError) {
            answer = .success(try await vendors.send(request))
        } catch {
            answer = .failure(error)
        }
        let response = try? answer.get()
        note(request, vendor, response, process)
        for witness in witnesses { await witness.answered(request, by: vendor, with: response, to: process) }
        await travel()
        return try answer.get()
    }

    private func travel() async {
        let time = Duration.milliseconds(dice.between(5...150))
        // A caller that gave up does not hold up its request.
        try? await clock.sleep(until: clock.now().advanced(by: time))
    }

    private func note(_ request: HTTPRequest, _ vendor: Vendor, _ response: HTTPResponse?, _ process: String) {
        let path = request.url.dropFirst(vendor.url.count)
        trace.note(process, "\(vendor) \(request.method) \(path) -> \(response.map { String($0.status) } ?? "no answer")")
        guard trace.isKept else { return }
        for (arrow, body) in [(">", request.body), ("<", response?.body ?? [])] where !body.isEmpty {
            trace.note(process, "  \(arrow) \(String(decoding: body.prefix(1500), as: UTF8.self))")
        }
    }
}

/// Dice that several tasks throw; whose turn it is the scheduler's dice decide.
final class SharedDice: Sendable {
    private let dice: Mutex<Dice>

    init(_ dice: Dice) { self.dice = Mutex(dice) }

    func between(_ range: ClosedRange<Int>) -> Int { dice.withLock { $0.between(range) } }
    func chance(_ probability: Double) -> Bool { dice.withLock { $0.chance(probability) } }
    func unit() -> Double { dice.withLock { $0.unit() } }
}
