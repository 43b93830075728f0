/// Compares everything once nothing is under way any more.
struct Examination: Sendable {
    let world: SimulatedWorld
    let diary: Diary

    func run() async {}
}
