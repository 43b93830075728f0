import Sandbox
import SyncCore

/// Throws the script of a seed. Dice of their own decide each thing, so that what is added here changes as little as can be elsewhere.
struct ScriptGenerator: Sendable {
    /// What kind of run a seed gives.
    struct Mood: Sendable, Hashable {
        /// How many of the steps are faults, in a hundred.
        var faults: Int
        var steps: ClosedRange<Int>
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
        case 0, 1: Mood(faults: 0, steps: 30...60, length: 90...240)
        case 2: Mood(faults: 8, steps: 50...60, length: 60...120)
        case 3, 4, 5: Mood(faults: 45, steps: 40...60, length: 60...180)
        default: Mood(faults: 25, steps: 20...50, length: 90...240)
        }
    }

    // MARK: The setting

    private func setting(_ mood: Mood) -> Setting {
        var dice = dice("setting")
        var setting = Setting()
        setting.processes = [.gateway: 1, .inbound: dice.between(1...2), .outbound: dice.between(1...2)]
        setting.window = BatchWindow(records: dice.pick([3, 10, 30, 100]) ?? 100, interval: .seconds(60 * dice.between(1...10)))
        setting.order = dice.pick([.any, .any, .oldest, .newest]) ?? .any
        setting.marksEdits = dice.chance(0.6)
        setting.contactSelection =
            dice.chance(0.3) ? .marked : .criteria(.rule(FieldRule(field: "LeadSource", .equals, ["Web"])))
        if mood.faults > 0 {
            setting.crmSkew = .seconds(dice.between(-120...120))
            for (name, _) in setting.names { setting.skews[name] = .milliseconds(dice.between(-3000...3000)) }
        }
        return setting
    }

    // MARK: The steps

    private func steps(_ mood: Mood, _ setting: Setting) -> [Step] {
        var dice = dice("steps")
        let count = dice.between(mood.steps)
        let length = dice.between(mood.length) * 60_000
        let people = dice.between(5...12)
        var moments = (0..<count).map { _ in dice.below(length) }
        // Some things happen one right after the other, where most races are.
        for index in moments.indices.dropFirst() where dice.chance(0.35) {
            moments[index] = moments[index - 1] + dice.below(dice.chance(0.5) ? 3000 : 90_000)
        }
        moments.sort()
        var steps: [Step] = []
        for (index, moment) in moments.enumerated() {
            var dice = self.dice("step \(index)")
            let work = WorkThrow(number: index, people: people, progress: Double(index) / Double(count))
            let action = dice.below(100) < mood.faults ? FaultThrow(setting: setting).action(&dice) : work.action(&dice)
            steps.append(Step(at: .milliseconds(moment), action: action))
        }
        let middle = moments[count / 2]
        steps.insert(Step(at: .milliseconds(middle), action: .calm), at: count / 2 + 1)
        return steps + [Step(at: .milliseconds(length), action: .calm)]
    }
}

/// Throws what users do.
private struct WorkThrow {
    var number: Int
    var people: Int
    /// How far the script is, from 0 to 1.
    var progress: Double

    func action(_ dice: inout Dice) -> Action {
        let person = dice.between(1...people)
        // People come first; what happens to them later.
        if dice.chance(progress < 0.25 ? 0.6 : 0.12) { return arrival(person, &dice) }
        switch dice.below(100) {
        case ..<28: return edit(person, isMarketing: true, &dice)
        case ..<58: return edit(person, isMarketing: false, &dice)
        case ..<68: return .askForRecord(person: person, dice.chance(0.6) ? .contact : .lead)
        case ..<72: return .changeContactEmail(person: person)
        case ..<76: return .changeRecordEmail(person: person)
        case ..<80: return .markRecord(person: person)
        case ..<85: return .convertLead(person: person)
        case ..<88: return .deleteRecord(person: person)
        case ..<90: return .undeleteRecord(person: person)
        case ..<92: return .deleteContact(person: person)
        case ..<94: return .mergeRecords(person: person, with: 1 + (person + dice.below(people - 1)) % people)
        case ..<96: return .changeMapping(dice.pick(MappingVariant.allCases) ?? .standard)
        case ..<97: return .pause
        case ..<98: return .resume
        default: return .pollNow
        }
    }

    private func arrival(_ person: Int, _ dice: inout Dice) -> Action {
        switch dice.below(10) {
        case ..<3: .signUp(person: person)
        case ..<5: .askForRecord(person: person, dice.chance(0.6) ? .contact : .lead)
        case ..<8: .insertRecord(person: person, .contact, isSelected: dice.chance(0.8))
        default: .insertRecord(person: person, .lead, isSelected: true)
        }
    }

    private func edit(_ person: Int, isMarketing: Bool, _ dice: inout Dice) -> Action {
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
        case ..<16: return .salesforceFaults(.lockRow(0), chance: 0.5, for: minutes(&dice, 1...10))
        case ..<28:
            return .marketingFaults(vendorFault(&dice), chance: dice.pick([0.1, 0.3, 1]) ?? 0.3, for: minutes(&dice, 1...15))
        case ..<30: return .marketingFaults(.emptyBody, chance: 0.3, for: minutes(&dice, 1...10))
        case ..<33: return .expireSessions
        case ..<37: return .exhaustQuota(for: minutes(&dice, 2...40))
        case ..<49: return .kill(process: process, downFor: .seconds(dice.between(1...300)))
        case ..<66:
            return .killAtPassage(process: process, number: dice.between(1...120), downFor: .seconds(dice.between(1...120)))
        case ..<75: return .freeze(process: process, for: .seconds(dice.between(2...240)))
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
