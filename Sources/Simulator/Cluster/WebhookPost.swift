import Connectors
import Contracts
import Gateway
import Sandbox
import Synchronization

/// The way of the account's webhooks to the gateway: some take longer than others, some come twice. One the gateway could not
/// take is sent again, for the account's own sender would not and nothing but a full run could win it back.
final class WebhookPost: Sendable {
    struct Delivery: Sendable {
        var url: String
        var body: [UInt8]
        var contentType: String
    }

    private struct State {
        var gateway: (@Sendable () async -> SimulatedProcess?)?
        /// How long a delivery takes at most, and how many of a hundred come twice.
        var delay = Duration.seconds(1)
        var duplicates = 0.0
        var underWay = 0
        /// What others than the account have to say.
        var outbox: [Delivery] = []
    }

    private let clock: SimulatedClock
    private let dice: SharedDice
    private let trace: Trace
    private let state = Mutex(State())

    init(clock: SimulatedClock, dice: SharedDice, trace: Trace) {
        self.clock = clock
        self.dice = dice
        self.trace = trace
    }

    /// Where deliveries go from now on.
    func connect(_ gateway: @escaping @Sendable () async -> SimulatedProcess?) { state.withLock { $0.gateway = gateway } }

    /// How late deliveries may come, and how likely each comes twice.
    func disturb(delay: Duration, duplicates: Double) {
        state.withLock {
            $0.delay = delay
            $0.duplicates = duplicates
        }
    }

    /// Delivers it before long.
    func send(_ delivery: Delivery) { state.withLock { $0.outbox.append(delivery) } }

    /// Sends what the account and others have to say, for ever; out of order, as real ones come.
    func run(_ account: ActiveCampaignSandbox) async {
        while !Task.isCancelled {
            if !(await account.pendingWebhooks().isEmpty) { _ = await account.deliverPending(concurrency: 16) }
            await deliverOthers()
            guard (try? await clock.sleep(until: clock.now().advanced(by: .seconds(5)))) != nil else { return }
        }
    }

    private func deliverOthers() async {
        let outbox = state.withLock { state in
            defer { (state.underWay, state.outbox) = (state.underWay + state.outbox.count, []) }
            return state.outbox
        }
        await withTaskGroup(of: Void.self) { group in
            for delivery in outbox {
                group.addTask {
                    _ = await self.deliver(delivery.url, delivery.body, delivery.contentType)
                    self.state.withLock { $0.underWay -= 1 }
                }
            }
        }
    }

    /// Whether something was sent that the gateway does not have yet.
    var isBusy: Bool { state.withLock { $0.underWay > 0 || !$0.outbox.isEmpty } }

    /// Delivers one webhook; the status that the account gets.
    func deliver(_ url: String, _ body: [UInt8], _ contentType: String) async -> Int {
        state.withLock { $0.underWay += 1 }
        defer { state.withLock { $0.underWay -= 1 } }
        let (delay, duplicates) = state.withLock { ($0.delay, $0.duplicates) }
        let copies = dice.chance(duplicates) ? 2 : 1
        for _ in 0..<copies {
            guard await wait(delay * dice.unit()) else { return 503 }
            while await !post(url, body, contentType) { guard await wait(.seconds(10)) else { return 503 } }
        }
        return 200
    }

    private func wait(_ duration: Duration) async -> Bool {
        (try? await clock.sleep(until: clock.now().advanced(by: duration))) != nil
    }

    private func post(_ url: String, _ body: [UInt8], _ contentType: String) async -> Bool {
        guard let gateway = await state.withLock(\.gateway)?() else { return false }
        let path = "/" + url.split(separator: "/").dropFirst(2).joined(separator: "/")
        let response = await gateway.respond(
            to: GatewayRequest(method: "POST", path: path, contentType: contentType, body: .complete(body)))
        trace.note("webhook", "\(body.count) bytes -> \(response.map { String($0.status) } ?? "nobody")")
        if trace.isKept { trace.note("webhook", "  > \(String(decoding: body, as: UTF8.self))") }
        return response.map { (200..<300).contains($0.status) } ?? false
    }
}
