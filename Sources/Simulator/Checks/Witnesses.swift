/// Everyone who watches the traffic of a run.
enum Witnesses {
    static func all(_ seat: WitnessSeat) -> [any Witness] {
        [
            TrafficReader(witnesses: [
                RateWitness(seat), QuotaWitness(seat), BudgetWitness(seat), WindowWitness(seat), FieldsWitness(seat: seat),
                DueWitness(seat),
                TwiceWitness(seat: seat), MergeWitness(seat), EchoWitness(seat: seat),
            ])
        ]
    }
}
