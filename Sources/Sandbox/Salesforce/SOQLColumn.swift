/// A field of a statement's object, or of a parent reached over its references, e.g. `Account.Name`.
struct SOQLColumn {
    /// One reference followed.
    struct Step: Hashable {
        /// As the answer names the parent, e.g. `Account`.
        var relationship: String
        /// The field that holds the parent's id, e.g. `AccountId`.
        var reference: String
        /// The key of the parent's table.
        var object: String
    }

    var steps: [Step] = []
    var field: SalesforceField

    /// Whether it is the `Id` of the row itself.
    var isOwnID: Bool { steps.isEmpty && field.kind == .id }

    var path: String { (steps.map(\.relationship) + [field.name]).joined(separator: ".") }
}

extension SalesforceOrg {
    /// A path follows at most so many references.
    private static let mostSteps = 5

    /// The column a path names; unknown fields, and parents of objects the org does not have, are refused.
    func column(_ path: String, of object: SalesforceTable) throws(SalesforceFault) -> SOQLColumn {
        var names = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        // The object's own name may come first.
        if names.count > 1, names[0].lowercased() == object.object.name.lowercased() { names.removeFirst() }
        guard names.count <= Self.mostSteps + 1, let name = names.popLast() else {
            throw .malformedQuery("field path '\(path)' is too long")
        }
        var table = object
        var steps: [SOQLColumn.Step] = []
        for name in names {
            guard let (step, parent) = step(name, from: table) else { throw .unknownRelationship(name) }
            steps.append(step)
            table = parent
        }
        guard let field = table.field(name) else { throw .invalidField(name, on: table.object.name) }
        return SOQLColumn(steps: steps, field: field)
    }

    private func step(_ name: String, from table: SalesforceTable) -> (SOQLColumn.Step, SalesforceTable)? {
        for field in table.references {
            guard let relationship = field.relationshipName, relationship.lowercased() == name.lowercased() else { continue }
            for object in field.referenceTo {
                if let parent = tables[object.lowercased()] {
                    return (.init(relationship: relationship, reference: field.name, object: object.lowercased()), parent)
                }
            }
        }
        return nil
    }

    /// The column's value; null where a parent on the way is missing or deleted.
    func value(of column: SOQLColumn, in row: SalesforceRow) -> SandboxValue {
        var row = row
        for step in column.steps {
            guard let parent = parent(of: row, over: step) else { return .null }
            row = parent
        }
        return column.field.kind == .address ? address(column.field, in: row) : row[column.field.name]
    }

    private func parent(of row: SalesforceRow, over step: SOQLColumn.Step) -> SalesforceRow? {
        guard let id = row[step.reference].text, let parent = tables[step.object]?.rows[id], !parent.isDeleted else { return nil }
        return parent
    }

    private func address(_ field: SalesforceField, in row: SalesforceRow) -> SandboxValue {
        let prefix = field.name == "Address" ? "" : String(field.name.dropLast("Address".count))
        var address: [String: SandboxValue] = [:]
        for part in ["Street", "City", "State", "PostalCode", "Country"] {
            address[part.prefix(1).lowercased() + part.dropFirst()] = row[prefix + part]
        }
        return address.values.allSatisfy { $0 == .null } ? .null : .object(address)
    }

    // MARK: Rows as JSON

    /// A row with the columns wanted, each parent an object of its own within it.
    func record(_ row: SalesforceRow, of object: String, columns: [SOQLColumn], path: String) -> SandboxValue {
        var members: [String: SandboxValue] = [
            "attributes": ["type": .string(object), "url": .string("\(path)/sobjects/\(object)/\(row.id)")]
        ]
        var inParents: [String: [SOQLColumn]] = [:]
        for column in columns {
            guard let step = column.steps.first else {
                members[column.field.name] = value(of: column, in: row)
                continue
            }
            let rest = SOQLColumn(steps: Array(column.steps.dropFirst()), field: column.field)
            inParents[step.relationship, default: []].append(rest)
            members[step.relationship] = .null
        }
        for step in Set(columns.compactMap(\.steps.first)) {
            guard let parent = parent(of: row, over: step), let name = tables[step.object]?.object.name else { continue }
            members[step.relationship] = record(parent, of: name, columns: inParents[step.relationship] ?? [], path: path)
        }
        return .object(members)
    }
}

extension SalesforceFault {
    fileprivate static func unknownRelationship(_ name: String) -> SalesforceFault {
        badRequest(
            "INVALID_FIELD",
            "Didn't understand relationship '\(name)' in field path. If you are attempting to use a custom relationship, be sure "
                + "to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the "
                + "appropriate names.")
    }
}
