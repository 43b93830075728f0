/// Merging two records of one object, and taking records back from the recycle bin.
extension SalesforceOrg {
    /// Deletes the loser in favour of the winner, which takes `values` and what referred to the loser.
    /// - Returns: Whether it was done; otherwise nothing has changed.
    mutating func merge(
        _ object: String, winner: String, loser: String, taking values: [String: SandboxValue], by writer: Writer
    ) -> Bool {
        let key = object.lowercased()
        let savepoint = self
        guard let winner = SalesforceID.normalized(winner), let loser = SalesforceID.normalized(loser), winner != loser,
            let master = tables[key]?.field("MasterRecordId"), tables[key]?.rows[loser]?["IsConverted"] != true,
            delete(loser, of: object, by: writer).errors.isEmpty, var row = tables[key]?.rows[loser]
        else {
            self = savepoint
            return false
        }
        row.values[master.name] = .string(winner)
        tables[key]?.replace(row)
        guard update(winner, of: object, with: values, by: writer).errors.isEmpty, let name = tables[key]?.object.name else {
            self = savepoint
            return false
        }
        redirect(from: loser, to: winner, of: name, by: writer)
        return true
    }

    /// Points the live rows that refer to one record to another.
    private mutating func redirect(from old: String, to new: String, of object: String, by writer: Writer) {
        for (key, table) in tables {
            let names = table.references.filter { $0.referenceTo.contains(object) && $0.name != "MasterRecordId" }.map(\.name)
            for var row in table.rows.values where !row.isDeleted {
                let stale = names.filter { row[$0].text == old }
                guard !stale.isEmpty else { continue }
                for name in stale { row.values[name] = .string(new) }
                row.values["SystemModstamp"] = writer.stamp
                tables[key]?.replace(row)
            }
        }
    }

    /// Takes a record back from the recycle bin, unless another one has its unique key by now.
    mutating func undelete(_ id: String, of object: String, by writer: Writer) -> Bool {
        let key = object.lowercased()
        guard let id = SalesforceID.normalized(id), var row = tables[key]?.rows[id], row.isDeleted, let table = tables[key],
            duplicateKey(row.values, of: row, in: table) == nil
        else { return false }
        row.values["IsDeleted"] = false
        row.values["MasterRecordId"] = nil
        row.touch(by: writer)
        tables[key]?.replace(row)
        return true
    }
}
