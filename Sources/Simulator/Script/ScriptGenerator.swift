import Sandbox
import SyncCore

/// Throws the script of a seed. Dice of their own decide each thing, so that what is added here changes as little as can be
/// elsewhere.
struct ScriptGenerator: Sendable {
    /// What kind of run a seed gives.
    struct Mood: Sendable, Hashable {
        /// How many of the steps are faults, in a hundred.
        var faults: Int
        var people: ClosedRange<Int>
        /// How often several things happen one soon after the other, where most races are.
        var bursts: ClosedRange<Int>
        /// How long the steps go on, in minutes.
        var length: ClosedRange<Int>
    }

    let seed: UInt64

    func script() -> Script {
        let mood = mood()
        let setting = setting(mood)
        return Script(setting: setting, steps: steps(mood, setting))
    }

    private func dice(_ purpose: String) -> Dice { Dice(seed: seed, purpose: "script \(purpose)") }

    private func mood() -> Mood {
        var dice = dice("mood")
        return switch dice.below(10) {
        case 0, 1: Mood(faults: 0, people: 4...10, bursts: 6...14, length: 40...180)
        case 2: Mood(faults: 8, people: 8...12, bursts: 14...16, length: 40...90)
        case 3, 4, 5: Mood(faults: 40, people: 3...7, bursts: 8...16, length: 40...120)
        default: Mood(faults: 20, people: 4...9, bursts: 5...13, length: 40...150)
        }
    }

    // MARK: The setting

    private func setting(_ mood: Mood) -> Setting {
        var dice = dice("setting")
        var setting = Setting()
        setting.processes = [.gateway: 1, .inbound: dice.between(1...2), .outbound: dice.between(1...2)]
        setting.window = BatchWindow(
            records: dice.pick([1, 3, 10, 100]) ?? 100, interval: .seconds(60 * (dice.pick([1, 1, 2, 3, 5, 10]) ?? 10)))
        setting.order = dice.pick([.any, .any, .oldest, .newest]) ?? .any
        setting.marksEdits = dice.chance(0.6)
        setting.contactSelection =
            dice.chance(0.3) ? .marked : .criteria(.rule(FieldRule(field: "LeadSource", .equals, ["Web"])))
        setRuns(&setting)
        setActivities(&setting)
        if mood.faults > 0 {
            setting.crmSkew = .seconds(dice.between(-120...120))
            setting.skews = skews(of: setting)
        }
        return setting
    }

    /// A third of all seeds have runners.
    private func setRuns(_ setting: inout Setting) {
        var dice = dice("runners")
        guard dice.chance(0.35) else { return }
        setting.processes[.runner] = dice.between(1...2)
        setting.runs.bulkFrom = dice.pick([0, 0, 20_000]) ?? 0
        setting.runs.repairsDrift = dice.chance(0.5)
        (setting.runs.deletionFloor, setting.runs.deletionShare) = (0, dice.pick([0, 30, 100]) ?? 30)
    }

    /// A third of all seeds record activities, and half of these copy them; a tenth writes to the CRM by bulk jobs.
    private func setActivities(_ setting: inout Setting) {
        var dice = dice("recorders")
        if dice.chance(0.1) { setting.inboundBulkFrom = dice.between(1...3) }
        guard dice.chance(0.33) else { return }
        setting.processes[.recorder] = dice.between(1...2)
        setting.mirrorsActivities = dice.chance(0.5)
    }

    /// The processes of one machine have one clock, which is off; those of several each have their own.
    private func skews(of setting: Setting) -> [String: Duration] {
        var dice = dice("clocks")
        let ofMachine = dice.chance(0.5) ? dice.between(-3000...3000) : nil
        var skews: [String: Duration] = [:]
        for (name, _) in setting.names { skews[name] = .milliseconds(ofMachine ?? dice.between(-3000...3000)) }
        return skews
    }

    // MARK: The steps

    private func steps(_ mood: Mood, _ setting: Setting) -> [Step] {
        var dice = dice("steps")
        let length = dice.between(mood.length) * 60_000
        let people = dice.between(mood.people)
        let bursts = dice.between(mood.bursts)
        var steps = (1...people).flatMap { arrival(of: $0, within: length) }
        if setting.hasRunners { steps += runs(within: length, mood) + silentEdits(people: people, within: length) }
        if mood.faults > 0 { steps += thrift(within: length) + jobTrouble(within: length, setting) }
        if setting.hasRecorders { steps += visits(people: people, within: length) }
        for number in 0..<bursts { steps += burst(number, people: people, within: length, mood, setting) }
        // Those of one moment keep the order they were thrown in.
        let order = steps.indices.sorted { (steps[$0].at, $0) < (steps[$1].at, $1) }
        steps = order.map { steps[$0] }
        let middle = steps[steps.count / 2]
        steps.insert(Step(at: middle.at, action: .calm), at: steps.count / 2 + 1)
        return steps + [Step(at: .milliseconds(length) + .seconds(600), action: .calm)]
    }

    /// Runs that somebody begins, some of which are disturbed, and steered.
    private func runs(within length: Int, _ mood: Mood) -> [Step] {
        var dice = dice("runs")
        return (0..<dice.between(1...4)).flatMap { _ in
            let moment = dice.below(length)
            func step(_ after: Int, _ action: Action) -> Step { Step(at: .milliseconds(moment + after), action: action) }
            var steps = [step(0, .beginRun(dice.pick([.full, .full, .full, .initial, .incremental]) ?? .full))]
            if mood.faults > 0, dice.chance(0.4) {
                let fault: Fault = dice.chance(0.5) ? .loseJob : .failJob(afterRows: dice.below(6))
                steps.append(step(-1000, .salesforceFaults(fault, chance: 0.5, for: .seconds(60 * dice.between(1...10)))))
            }
            if mood.faults > 0, dice.chance(0.5) {
                let passage: Passage? = dice.pick([Passage?.none, .store, .log, .vendor]) ?? nil
                steps.append(
                    step(
                        100,
                        .killAtPassage(
                            process: "runner-1", at: passage, number: dice.between(1...15),
                            downFor: .seconds(dice.between(1...120)))))
            }
            if dice.chance(0.3) {
                steps.append(step(dice.between(100...20_000), .steerRun(.pause)))
                steps.append(step(dice.between(30_000...600_000), .steerRun(dice.chance(0.7) ? .resume : .cancel)))
            }
            return steps
        }
    }

    /// What only a full run finds.
    private func silentEdits(people: Int, within length: Int) -> [Step] {
        var dice = dice("silence")
        return (0..<dice.below(4)).map { number in
            let isMarketing = dice.chance(0.5)
            let work = WorkThrow(number: 900 + number, person: dice.between(1...people), people: people)
            let moment = dice.below(length)
            let edit = work.edit(isMarketing: isMarketing, &dice)
            let action: Action =
                switch edit {
                case .editContact(let person, let field, let value):
                    .editContactSilently(person: person, field: field, value: value)
                case .editRecord(let person, let field, let value, _):
                    .editRecordSilently(person: person, field: field, value: value)
                default: edit
                }
            return Step(at: .milliseconds(moment), action: action)
        }
    }

    /// In a tenth of all seeds the CRM's calls become scarce for a while.
    private func thrift(within length: Int) -> [Step] {
        var dice = dice("thrift")
        guard dice.chance(0.1) else { return [] }
        let share = dice.pick([70, 85, 97]) ?? 85
        let action = Action.spendQuota(percent: share, for: .seconds(60 * dice.between(20...90)))
        return [Step(at: .milliseconds(dice.below(length)), action: action)]
    }

    /// Bulk jobs that write fail halfway, or are gone.
    private func jobTrouble(within length: Int, _ setting: Setting) -> [Step] {
        var dice = dice("jobs")
        guard setting.inboundBulkFrom < InboundSettings().bulkFrom else { return [] }
        return (0..<dice.between(1...3)).map { _ in
            let fault: Fault = dice.chance(0.3) ? .loseJob : .failJob(afterRows: dice.below(2))
            let action = Action.salesforceFaults(fault, chance: 0.7, for: .seconds(60 * dice.between(5...20)))
            return Step(at: .milliseconds(dice.below(length)), action: action)
        }
    }

    /// Pages that people look at, some more than once, many of them before they are linked.
    private func visits(people: Int, within length: Int) -> [Step] {
        var dice = dice("visits")
        return (0..<dice.between(3...20)).flatMap { _ in
            let (person, page, moment) = (dice.between(1...people), dice.below(5), dice.below(length))
            return (0..<dice.between(1...3)).map { again in
                Step(at: .milliseconds(moment + again * dice.below(3000)), action: .visitPage(person: person, page: page))
            }
        }
    }

    /// How a person first becomes known, mostly early.
    private func arrival(of person: Int, within length: Int) -> [Step] {
        var dice = dice("person \(person)")
        let moment = dice.below(dice.chance(0.75) ? length / 4 : length)
        let object: CRMObject = dice.chance(0.5) ? .contact : .lead
        let soon = dice.below(dice.chance(0.5) ? 5_000 : 600_000)
        let actions: [Action] =
            switch dice.below(10) {
            case ..<4: [.signUp(person: person), .askForRecord(person: person, object)]
            case ..<5: [.signUp(person: person), .insertRecord(person: person, object, isSelected: dice.chance(0.5))]
            case ..<6: [.insertRecord(person: person, object, isSelected: false), .signUp(person: person)]
            default: [.insertRecord(person: person, object, isSelected: true)]
            }
        return actions.enumerated().map { Step(at: .milliseconds(moment + $0.offset * soon), action: $0.element) }
    }

    /// Some things that happen one soon after the other, most of them to one person.
    private func burst(_ number: Int, people: Int, within length: Int, _ mood: Mood, _ setting: Setting) -> [Step] {
        var dice = dice("burst \(number)")
        var moment = dice.below(length)
        let focus = dice.between(1...people)
        var steps: [Step] = []
        for place in 0..<dice.between(1...5) {
            let person = dice.chance(0.6) ? focus : dice.between(1...people)
            let isFault = dice.below(100) < mood.faults
            let work = WorkThrow(number: 10 * number + place, person: person, people: people)
            let action = isFault ? FaultThrow(setting: setting).action(&dice) : work.action(&dice)
            steps.append(Step(at: .milliseconds(moment), action: action))
            // Trouble meets nobody where nothing is done.
            if isFault, dice.chance(0.7) {
                let edit = WorkThrow(number: 10 * number + place + 5, person: focus, people: people)
                let meeting = dice.chance(0.5) ? .pollNow : edit.edit(isMarketing: dice.chance(0.7), &dice)
                steps.append(Step(at: .milliseconds(moment + 500), action: meeting))
            }
            steps += aftermath(of: action, of: focus, people: people, number: 10 * number + place, at: moment, setting, &dice)
            // Nor does a transaction that no poll passes by.
            if case .editRecord(_, _, _, let late?) = action, dice.chance(0.5) {
                steps.append(Step(at: .milliseconds(moment) + late / 2, action: .pollNow))
            }
            moment += dice.below(dice.chance(0.6) ? 4_000 : 150_000)
        }
        return steps
    }
}

extension ScriptGenerator {
    /// What makes some trouble matter: somebody goes on editing while it lasts.
    private func aftermath(
        of action: Action, of focus: Int, people: Int, number: Int, at moment: Int, _ setting: Setting, _ dice: inout Dice
    ) -> [Step] {
        func edit(_ count: Int, of person: Int, isMarketing: Bool) -> Action {
            WorkThrow(number: 10_000 * count + number, person: person, people: people).edit(isMarketing: isMarketing, &dice)
        }
        let interval = Int(setting.window.interval.wholeMilliseconds)
        func sameField(_ delays: [Int]) -> [Step] {
            guard case .editContact(_, let field, _) = edit(0, of: focus, isMarketing: true) else { return [] }
            return delays.enumerated().map { count, delay in
                let value = "\(field == .income ? "" : "\(field.rawValue) ")\(70_000 + 10_000 * count + number)"
                let action = Action.editContact(person: focus, field: field, value: value)
                return Step(at: .milliseconds(moment + delay), action: action)
            }
        }
        switch action {
        case .salesforceFaults(.lockRow, _, _):
            // Some of a batch are refused, others are not.
            return (1...people).map { Step(at: .milliseconds(moment + 500), action: edit($0, of: $0, isMarketing: true)) }
        case .editRecord(let person, _, _, nil) where dice.chance(0.15):
            // A mass update: many records of one moment.
            return (1...people).filter { $0 != person }.map {
                Step(at: .milliseconds(moment), action: edit($0, of: $0, isMarketing: false))
            }
        case .salesforceFaults(.hangUpAfter, let chance, _) where chance < 1:
            // The answer to one is lost, and others come before it is tried again.
            return sameField((0..<12).map { 500 + 25_000 * $0 + dice.below(20_000) })
        case .freezeAtPassage(let process, _, _, let length):
            // One is under way, one is another worker's, one comes when both are awake.
            let role = process.split(separator: "-").first.flatMap { Role(rawValue: String($0)) } ?? .inbound
            let thaw = 2 * interval + Int(length.wholeMilliseconds)
            return [Step(at: .milliseconds(moment), action: .join(role, for: .seconds(1800)))]
                + sameField([500, interval + dice.between(5_000...40_000), thaw + dice.between(5_000...90_000)])
        default: return []
        }
    }
}

/// Throws what users do to a person.
private struct WorkThrow {
    /// Makes what they type unlike anything else in the run.
    var number: Int
    var person: Int
    var people: Int

    func action(_ dice: inout Dice) -> Action {
        switch dice.below(100) {
        case ..<26: edit(isMarketing: true, &dice)
        case ..<50: edit(isMarketing: false, &dice)
        case ..<58: .askForRecord(person: person, dice.chance(0.6) ? .contact : .lead)
        case ..<62: .changeContactEmail(person: person)
        case ..<66: .changeRecordEmail(person: person)
        case ..<69: .markRecord(person: person)
        case ..<77: .convertLead(person: person)
        case ..<81: .deleteRecord(person: person)
        case ..<83: .undeleteRecord(person: person)
        case ..<85: .deleteContact(person: person)
        case ..<86: .signUp(person: person)
        case ..<89: .mergeRecords(person: person, with: 1 + (person + dice.below(people - 1)) % people)
        case ..<91: .changeMapping(dice.pick(MappingVariant.allCases) ?? .standard)
        case ..<92: .pause
        case ..<93: .resume
        default: .pollNow
        }
    }

    func edit(isMarketing: Bool, _ dice: inout Dice) -> Action {
        let field = dice.pick(PersonField.allCases.filter { $0 != .email }) ?? .phone
        let value: String =
            switch field {
            case .income: String(50_000 + number)
            case .phone where dice.chance(0.08): ""
            case .phone: "+1 555 \(2000 + number)"
            default: "v\(number)-\(field.rawValue)"
            }
        if isMarketing { return .editContact(person: person, field: field, value: value) }
        let late: Duration? = dice.chance(0.12) ? .seconds(dice.between(1...240)) : nil
        return .editRecord(person: person, field: field, value: value, late: late)
    }
}

/// Throws what goes wrong.
private struct FaultThrow {
    var setting: Setting

    func action(_ dice: inout Dice) -> Action {
        let process = process(&dice)
        switch dice.below(100) {
        case ..<14:
            return .salesforceFaults(vendorFault(&dice), chance: dice.pick([0.1, 0.3, 1]) ?? 0.3, for: minutes(&dice, 1...15))
        case ..<17: return .salesforceFaults(.lockRow(0), chance: 0.5, for: minutes(&dice, 1...10))
        case ..<18: return .salesforceFaults(.hangUpAfter, chance: 0.5, for: minutes(&dice, 5...12))
        case ..<28:
            let (fault, chance) = (vendorFault(&dice), dice.pick([0.1, 0.3, 1]) ?? 0.3)
            // Two refusals in a row beside calls that work say that the plan lacks something.
            return .marketingFaults(fault, chance: fault == .unauthorized ? 1 : chance, for: minutes(&dice, 1...15))
        case ..<30: return .marketingFaults(.emptyBody, chance: 0.3, for: minutes(&dice, 1...10))
        case ..<33: return .expireSessions
        case ..<37: return .exhaustQuota(for: minutes(&dice, 2...40))
        case ..<43: return .kill(process: process, downFor: .seconds(dice.between(1...300)))
        case ..<66:
            // Where a process spends its time is not where its death hurts most.
            let (passage, last): (Passage?, Int) = dice.pick(Self.deaths) ?? (nil, 120)
            return .killAtPassage(
                process: process, at: passage, number: dice.between(1...last), downFor: .seconds(dice.between(1...120)))
        case ..<70: return .freeze(process: process, for: .seconds(dice.between(2...240)))
        case ..<75:
            return .freezeAtPassage(
                process: process, at: dice.chance(0.7) ? .vendor : .store,
                number: dice.chance(0.5) ? dice.between(1...12) : dice.pick([4, 10]) ?? 4,
                for: .seconds(dice.between(60...400)))
        case ..<80: return .join(dice.chance(0.5) ? .inbound : .outbound, for: minutes(&dice, 1...20))
        case ..<85: return .rebalance
        case ..<89: return .redeliver(dice.between(1...20))
        case ..<93: return .duplicatePublished(dice.between(1...10))
        case ..<96: return .failPublishing(dice.between(1...6), appended: dice.chance(0.5))
        default:
            return .disturbWebhooks(
                delay: .seconds(dice.pick([2, 30, 300]) ?? 30), duplicates: dice.pick([0, 0.2, 0.6]) ?? 0.2,
                for: minutes(&dice, 5...40))
        }
    }

    private static let deaths: [(Passage?, Int)] = [(nil, 120), (.store, 30), (.log, 4), (.log, 4), (.vendor, 10), (.vendor, 10)]

    private func process(_ dice: inout Dice) -> String { dice.pick(setting.names.map(\.name)) ?? "inbound-1" }

    private func minutes(_ dice: inout Dice, _ range: ClosedRange<Int>) -> Duration { .seconds(60 * dice.between(range)) }

    /// One of the faults that both vendors know.
    private func vendorFault(_ dice: inout Dice) -> Fault {
        let faults: [Fault] = [
            .hangUpBefore, .hangUpAfter, .hangUpAfter, .unavailable, .internalError, .throttled, .unauthorized,
            .slow(.seconds(dice.between(1...40))), .cut(afterBytes: dice.between(0...200)),
        ]
        return dice.pick(faults) ?? .hangUpAfter
    }
}
