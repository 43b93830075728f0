/// Everyone who watches the traffic of a run.
enum Witnesses {
    static func all(_ seat: WitnessSeat) -> [any Witness] { [] }
}
