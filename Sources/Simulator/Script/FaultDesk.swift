import Contracts
import Sandbox
import SyncCore

/// Makes things go wrong, and right again. A fault that begins replaces one of its kind that still lasts.
actor FaultDesk {
    /// How long a process is given to come to the passage at which it is to stand still.
    private static let patience = Duration.seconds(900)

    private let world: SimulatedWorld
    private let cluster: SimulatedCluster
    private var rules: [Diary.Disturbance.Kind: FaultPlan.Rule] = [:]
    /// How many faults of each kind began; only the last one's end counts.
    private var begun: [Diary.Disturbance.Kind: Int] = [:]
    /// How often each process was killed, or will be at a passage to come, and not started again since.
    private var doomed: [String: Int] = [:]
    private var extras: [String] = []
    private var frozenUntil = Timestamp.distantPast
    private var transactions: [(token: LateCommit, edit: Diary.Edit)] = []
    private var dice: Dice

    init(world: SimulatedWorld, cluster: SimulatedCluster) {
        self.world = world
        self.cluster = cluster
        dice = Dice(seed: world.seed, purpose: "faults")
    }

    // MARK: What goes wrong

    /// Lets it begin; what ends it by itself.
    func perform(_ action: Action) async -> Player.Sequel? {
        switch action {
        case .salesforceFaults(let fault, let chance, let duration):
            rules[.salesforce] = FaultPlan.Rule(fault, when: .probability(chance))
            return await begin(.salesforce, for: duration)
        case .marketingFaults(let fault, let chance, let duration):
            rules[.marketing] = FaultPlan.Rule(fault, when: .probability(chance))
            return await begin(.marketing, for: duration)
        case .exhaustQuota(let duration):
            rules[.quota] = FaultPlan.Rule(.quotaExceeded, path: "/services/data/*")
            return await begin(.quota, for: duration)
        case .spendQuota(let percent, let duration):
            await world.salesforce.letOthersUse(world.setting.dailyLimit * percent / 100)
            return await begin(.budget, for: duration)
        case .disturbWebhooks(let delay, let duplicates, let duration):
            world.post.disturb(delay: delay, duplicates: duplicates)
            return await begin(.webhooks, for: duration)
        case .expireSessions:
            await world.salesforce.expireSessions()
            note(.sessions, for: .zero)
        case .kill(let process, let duration): return await kill(process, downFor: duration)
        case .killAtPassage(let process, let passage, let number, let duration):
            return await doom(process, at: passage, number, downFor: duration)
        case .freeze(let process, let duration): await freeze(process, for: duration)
        case .freezeAtPassage(let process, let passage, let number, let duration):
            return await freeze(process, at: passage, number, for: duration)
        case .join(let role, let duration): return await join(role, for: duration)
        case .rebalance: await rebalance()
        case .redeliver(let count):
            for group in world.setting.groups { await world.log.rewind(group: group, by: count) }
            await rebalance()
        case .duplicatePublished(let count):
            note(.log, for: .zero)
            await world.log.duplicateNext(count)
        case .failPublishing(let count, let appended):
            note(.log, for: .zero)
            await world.log.failNextPublishes(count, appended: appended)
        default: break
        }
        return nil
    }

    private func rebalance() async {
        note(.membership, for: .zero)
        for group in world.setting.groups { await world.log.rebalance(group: group) }
    }

    private func begin(_ kind: Diary.Disturbance.Kind, for duration: Duration) async -> Player.Sequel {
        begun[kind, default: 0] += 1
        let number = begun[kind]
        note(kind, for: duration)
        await play()
        return Player.Sequel(after: duration) {
            guard await self.begun[kind] == number else { return }
            await self.end(kind)
            await self.fetchManager()
        }
    }

    /// Credentials are good again: whoever waits for the integration's manager is let go on, once all that was under way is over.
    private func fetchManager() async {
        guard await wait(.seconds(90)) else { return }
        try? await world.releaseHolds(on: "the manager")
    }

    private func end(_ kind: Diary.Disturbance.Kind) async {
        rules[kind] = nil
        if kind == .webhooks { world.post.disturb(delay: .seconds(1), duplicates: 0) }
        if kind == .budget { await world.salesforce.letOthersUse(0) }
        world.diary.noteEnd(of: kind, at: world.clock.now())
        await play()
    }

    /// Lets the vendors play the rules in force.
    private func play() async {
        await world.salesforce.play(FaultPlan(seed: dice.next(), rules: [rules[.quota], rules[.salesforce]].compactMap(\.self)))
        await world.marketing.play(FaultPlan(seed: dice.next(), rules: [rules[.marketing]].compactMap(\.self)))
    }

    private func note(_ kind: Diary.Disturbance.Kind, for duration: Duration) {
        let now = world.clock.now()
        world.diary.note(Diary.Disturbance(kind: kind, from: now, until: now.advanced(by: duration)))
    }

    // MARK: Processes

    private func kill(_ process: String, downFor duration: Duration) async -> Player.Sequel {
        note(.process, for: duration)
        doomed[process, default: 0] += 1
        await cluster.kill(process)
        return Player.Sequel(after: duration) { await self.restart(process) }
    }

    /// Kills a process in the midst of its work; `duration` counts from now, or from its death if that comes later.
    private func doom(_ process: String, at passage: Passage?, _ number: Int, downFor duration: Duration) async -> Player.Sequel {
        note(.process, for: .seconds(3600))
        doomed[process, default: 0] += 1
        await cluster.kill(process, at: passage, number: number)
        return Player.Sequel(after: duration) {
            while await self.cluster.isAlive(process) { guard await self.wait(.seconds(10)) else { return } }
            await self.restart(process)
        }
    }

    private func freeze(_ process: String, for duration: Duration) async {
        note(.process, for: duration)
        frozenUntil = max(frozenUntil, world.clock.now().advanced(by: duration))
        await cluster.freeze(process, for: duration)
    }

    /// Stops a process at a passage, if it comes there soon: it believes in its lease when it goes on.
    private func freeze(_ process: String, at passage: Passage, _ number: Int, for duration: Duration) async -> Player.Sequel {
        note(.process, for: Self.patience + duration)
        frozenUntil = max(frozenUntil, world.clock.now().advanced(by: Self.patience + duration))
        await cluster.freeze(process, at: (passage, number, duration))
        return Player.Sequel(after: Self.patience) { await self.cluster.freeze(process, at: nil) }
    }

    /// Another process joins, and is killed in the end.
    private func join(_ role: Role, for duration: Duration) async -> Player.Sequel {
        note(.process, for: duration)
        let name = "\(role.rawValue)-\(91 + extras.count)"
        extras.append(name)
        await cluster.start(name, as: role)
        return Player.Sequel(after: duration) { await self.cluster.kill(name) }
    }

    private func restart(_ process: String) async {
        guard let role = process.split(separator: "-").first.flatMap({ Role(rawValue: String($0)) }) else { return }
        repeat {
            await cluster.start(process, as: role)
            if await cluster.isAlive(process) { break }
        } while await wait(.seconds(1))
        doomed[process] = doomed[process].map { max($0 - 1, 0) }
    }

    private func wait(_ duration: Duration) async -> Bool {
        (try? await world.clock.sleep(until: world.clock.now().advanced(by: duration))) != nil
    }

    // MARK: Transactions

    /// A transaction that was not committed yet, and the edit it holds.
    func opened(_ token: LateCommit, _ edit: Diary.Edit) { transactions.append((token, edit)) }

    func commit(_ token: LateCommit) async {
        guard let place = transactions.firstIndex(where: { $0.token == token }) else { return }
        var edit = transactions.remove(at: place).edit
        guard await world.salesforce.commit(token) else { return }
        edit.seen = world.clock.now()
        world.diary.note(edit)
    }

    // MARK: Right again

    /// Ends all faults, commits what is open, and waits until every process of the setting works.
    func endAll() async {
        for kind in [Diary.Disturbance.Kind.salesforce, .quota, .budget, .marketing, .webhooks] { await end(kind) }
        await world.log.duplicateNext(0)
        await world.log.failNextPublishes(0, appended: false)
        for transaction in transactions { await commit(transaction.token) }
        for name in extras { await cluster.kill(name) }
        for (name, deaths) in doomed.sorted(by: { $0.key < $1.key }) where deaths > 0 {
            await cluster.kill(name)
            await restart(name)
        }
        if frozenUntil > world.clock.now() { try? await world.clock.sleep(until: frozenUntil) }
        for kind in [Diary.Disturbance.Kind.process, .membership, .log] { world.diary.noteEnd(of: kind, at: world.clock.now()) }
    }
}
