import Connectors
import Contracts
import EventLog
import Gateway
import Logging
import Store
import SyncCore
import Vendors
import Workers

/// What a process of the cluster does.
public enum Role: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    case gateway, inbound, outbound, runner, recorder
}

/// One process of the cluster, from its start to its death: the real workers on ports of its own.
struct SimulatedProcess: Sendable {
    /// e.g. `inbound-2`; a process that is started again keeps it.
    let name: String
    let role: Role
    /// How often it was started; part of the name it holds leases by.
    let start: Int
    let lifeline: Lifeline
    /// This start of it, as the log and the leases know it.
    var identity: String { "\(name)/\(start)" }
    private let gateway: Gateway
    private let inbound: InboundBatcher
    private let outbound: OutboundPoller
    private let runner: SyncRunner
    private let recorder: ActivityRecorder

    init(name: String, role: Role, start: Int, in world: SimulatedWorld) {
        self.name = name
        self.role = role
        self.start = start
        let purpose = "\(name)/\(start)"
        let lifeline = Lifeline(clock: world.clock, dice: Dice(seed: world.seed, purpose: purpose))
        self.lifeline = lifeline
        let clock = ProcessClock(clock: world.clock, lifeline: lifeline, skew: world.setting.skews[name] ?? .zero)
        let store = Self.store(of: purpose, lifeline, in: world)
        let log = world.sabotage.log(ProcessLog(log: world.log.client(of: purpose), lifeline: lifeline))
        let logger = world.trace.logger(of: purpose)
        let transport = ProcessTransport(network: world.network, process: name, lifeline: lifeline)
        let connections = world.sabotage.connections(
            VendorConnections(
                store: store, rates: world.sabotage.rates(), transport: transport, clock: clock, logger: logger))
        let dice = SharedDice(Dice(seed: world.seed, purpose: "\(purpose) jitter"))
        let jitter: @Sendable () -> Double = { dice.unit() }
        gateway = Gateway(
            log: log, directory: IntegrationDirectory(store: store, clock: clock), clock: clock, logger: logger)
        inbound = InboundBatcher(
            log: log, store: store, connections: connections, topics: Topics(), clock: clock, settings: world.setting.drains,
            holder: purpose, logger: logger, jitter: jitter)
        outbound = OutboundPoller(
            log: log, store: store, connections: connections, topics: Topics(), clock: clock, settings: world.setting.drains,
            holder: purpose, logger: logger, jitter: jitter)
        runner = SyncRunner(
            log: log, store: store, connections: connections, topics: Topics(), clock: clock, settings: world.setting.drains,
            holder: purpose, logger: logger, jitter: jitter)
        recorder = ActivityRecorder(
            log: log, store: store, connections: connections, topics: Topics(), clock: clock, settings: world.setting.drains,
            holder: purpose, logger: logger, jitter: jitter)
    }

    private static func store(of purpose: String, _ lifeline: Lifeline, in world: SimulatedWorld) -> Store {
        guard world.sabotage.forgesLeases else { return lifeline.view(of: world.store) }
        return lifeline.view(of: world.store) { () async throws(StoreError) in
            let end = world.clock.now().advanced(by: world.setting.lease)
            try await LeaseForgery.forge(for: purpose, in: world.store, until: end)
        }
    }

    /// Works until it dies or `run` is cancelled. Returns the error a worker gave up with, which none should.
    func run() async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    switch role {
                    case .gateway: await lifeline.death()
                    case .inbound: try await inbound.run()
                    case .outbound: try await outbound.run()
                    case .runner: try await runner.run()
                    case .recorder: try await recorder.run()
                    }
                    return lifeline.isDead || Task.isCancelled ? nil : "\(name) ended by itself"
                } catch {
                    return lifeline.isDead || Task.isCancelled ? nil : "\(name) gave up: \(error)"
                }
            }
            group.addTask {
                await lifeline.death()
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// Answers a webhook; `nil` when the process died over it.
    func respond(to request: GatewayRequest) async -> GatewayResponse? {
        let response = await gateway.respond(to: request)
        return lifeline.isDead ? nil : response
    }
}
