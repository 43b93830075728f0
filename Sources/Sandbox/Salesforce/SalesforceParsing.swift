/// Reading the JSON of a record by the types of its fields. What fails here fails the whole call.
extension SalesforceTable {
    /// The record's values under the fields' own names; `attributes` and the id are left out.
    func deserialize(_ record: [String: SandboxValue]) throws(SalesforceFault) -> [String: SandboxValue] {
        var values: [String: SandboxValue] = [:]
        for (name, value) in record.sorted(by: { $0.key < $1.key }) where name != "attributes" && name.lowercased() != "id" {
            guard let field = field(name) else { throw .invalidField(name, on: object.name) }
            values[field.name] = try Self.deserialize(value, for: field)
        }
        return values
    }

    static func deserialize(_ value: SandboxValue, for field: SalesforceField) throws(SalesforceFault) -> SandboxValue {
        let read: SandboxValue? =
            switch field.kind {
            case .boolean: boolean(value)
            case .int: number(value).map { $0.rounded() == $0 ? SandboxValue.integer(Int64($0)) : .number($0) }
            case .double, .currency, .percent: number(value).map { .number(round($0, scale: field.scale)) }
            case .date: date(value)
            case .datetime: dateTime(value)
            case .string, .textarea, .email, .phone, .url, .picklist, .multipicklist, .reference, .id, .address:
                value.text.map { SandboxValue.string($0) }
            }
        if let read { return read }
        // Checkboxes are never null; everything else may be, and blank texts stand for null in typed fields too.
        if value == .null || value == "", field.kind != .boolean { return .null }
        throw .cannotDeserialize(typeName(field.kind), from: value)
    }

    private static func typeName(_ kind: SalesforceField.Kind) -> String {
        switch kind {
        case .boolean, .int, .double, .date, .datetime: kind.rawValue
        case .currency, .percent: "double"
        default: "string"
        }
    }

    private static func boolean(_ value: SandboxValue) -> SandboxValue? {
        switch value {
        case .bool: value
        case .string("true"): true
        case .string("false"): false
        default: nil
        }
    }

    /// Numbers may come as text.
    private static func number(_ value: SandboxValue) -> Double? {
        guard let number = value.double ?? value.text.flatMap(Double.init), number.isFinite, abs(number) < 9e18 else {
            return nil
        }
        return number
    }

    private static func round(_ number: Double, scale: Int) -> Double {
        let factor = (0..<scale).reduce(1.0) { result, _ in result * 10 }
        let scaled = number * factor
        return abs(scaled) < 9e15 ? scaled.rounded(.toNearestOrAwayFromZero) / factor : number
    }

    private static func date(_ value: SandboxValue) -> SandboxValue? {
        value.text.flatMap { CivilTime.days($0) == nil ? nil : .string($0) }
    }

    private static func dateTime(_ value: SandboxValue) -> SandboxValue? {
        value.text.flatMap { CivilTime.seconds($0) }.map { .string(SalesforceOrg.stamp($0 * 1000)) }
    }
}
