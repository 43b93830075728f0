import Connectors
import Contracts
import Store
import SyncCore
import Workers

/// Does what a script says, when it says so.
struct Player: Sendable {
    /// Something that a step does later: the end of a fault, the commit of a transaction.
    struct Sequel: Sendable {
        var after: Duration
        var act: @Sendable () async -> Void
    }

    let world: SimulatedWorld
    let cluster: SimulatedCluster
    let faults: FaultDesk

    init(world: SimulatedWorld, cluster: SimulatedCluster) {
        self.world = world
        self.cluster = cluster
        faults = FaultDesk(world: world, cluster: cluster)
    }

    var diary: Diary { world.diary }
    var now: Timestamp { world.clock.now() }

    /// Plays every step, or up to the first violation. What comes after a calm keeps its distance from it, however long it takes.
    func play(_ script: Script) async {
        var rest = script.steps[...]
        var start = SimulatedWorld.beginning
        while !rest.isEmpty {
            let stretch = rest.prefix { $0.action != .calm }
            rest = rest.dropFirst(stretch.count)
            await play(stretch, from: start, to: (rest.first ?? stretch.last)?.at ?? .zero)
            guard world.referee.violation == nil, let calm = rest.popFirst() else { return }
            await Calm(player: self).run()
            guard world.referee.violation == nil else { return }
            start = now.advanced(by: .zero - calm.at)
        }
    }

    /// Plays steps without a calm among them. Sequels that did not come about by the end are left out.
    private func play(_ stretch: ArraySlice<Step>, from start: Timestamp, to end: Duration) async {
        await withTaskGroup(of: Void.self) { sequels in
            for step in stretch {
                try? await world.clock.sleep(until: start.advanced(by: step.at))
                guard world.referee.violation == nil else { break }
                world.trace.note("player", "\(step.action)")
                guard let sequel = await perform(step.action) else { continue }
                let moment = now.advanced(by: sequel.after)
                sequels.addTask {
                    guard (try? await world.clock.sleep(until: moment)) != nil else { return }
                    await sequel.act()
                }
            }
            if world.referee.violation == nil { try? await world.clock.sleep(until: start.advanced(by: end)) }
            sequels.cancelAll()
        }
    }

    private func perform(_ action: Action) async -> Sequel? {
        switch action {
        case .signUp(let person): await signUp(person)
        case .editContact(let person, let field, let value): await editContact(person, field, value)
        case .changeContactEmail(let person): await editContact(person, .email, newEmail(of: person))
        case .askForRecord(let person, let object): await ask(for: object, of: person)
        case .deleteContact(let person): await deleteContact(person)
        case .editContactSilently(let person, let field, let value): await editContact(person, field, value, silently: true)
        case .visitPage(let person, let page): await visit(page, person)
        case .insertRecord(let person, let object, let isSelected): await insert(object, of: person, isSelected: isSelected)
        case .editRecord(let person, let field, let value, nil): await editRecord(person, field, value)
        case .editRecord(let person, let field, let value, let late?): return await editRecord(person, field, value, late: late)
        case .editRecordSilently(let person, let field, let value): await editRecord(person, field, value, silently: true)
        case .changeRecordEmail(let person): await editRecord(person, .email, newEmail(of: person))
        case .markRecord(let person): await mark(person)
        case .deleteRecord(let person): await deleteRecord(person)
        case .undeleteRecord(let person): await undeleteRecord(person)
        case .convertLead(let person): await convertLead(person)
        case .mergeRecords(let person, let other): await merge(other, into: person)
        case .changeMapping(let variant): await manage { try await world.apply(variant) }
        case .pollNow: await manage { _ = try await world.store.makeDue(SimulatedWorld.integration, now: now) }
        case .pause: await pause()
        case .resume: await resume()
        case .beginRun(let kind): await manageRun { try await beginRun(kind) }
        case .steerRun(let order): await manageRun { try await steerRun(order) }
        default: return await faults.perform(action)
        }
        return nil
    }

    // MARK: The manager

    func pause() async {
        await manage { try await world.store.setState(SimulatedWorld.integration, .paused, now: now) }
        diary.note(Diary.Disturbance(kind: .pause, from: now, until: nil))
    }

    func resume() async {
        await manage { try await world.store.setState(SimulatedWorld.integration, .active, now: now) }
        diary.noteEnd(of: .pause, at: now)
    }

    /// Without a runner nobody would ever carry it out.
    func beginRun(_ kind: RunKind) async throws {
        guard world.setting.hasRunners else { return }
        _ = try await RunDesk(store: world.store).begin(
            kind, of: SimulatedWorld.integration, requestID: "script \(now.milliseconds)", now: now)
    }

    func steerRun(_ order: RunControl) async throws {
        _ = try await RunDesk(store: world.store).steer(order, of: SimulatedWorld.integration, now: now)
    }

    /// Lets the drift that was reported be repaired; how many fields that were, `nil` when the workers did not give way in time.
    func repairDrift() async throws -> Int? {
        guard let integration = try await world.store.integration(SimulatedWorld.integration) else { return nil }
        let desk = DriftDesk(
            integration: integration, store: world.store, connections: world.managersConnections, clock: world.clock)
        return try await desk.repair(holder: "manager", patience: .seconds(600))
    }

    /// That a run cannot be begun or steered now is an answer like any other.
    private func manageRun(_ deed: () async throws -> Void) async {
        await manage {
            do { try await deed() } catch let refusal as RunRefusal { world.trace.note("manager", refusal.reason) }
        }
    }

    /// The manager's view of the store is never interrupted: what it refuses is a fault of the simulation.
    private func manage(_ deed: () async throws -> Void) async {
        do { try await deed() } catch { world.referee.fail(.workersGoOn, "the manager could not work: \(error)") }
    }
}
