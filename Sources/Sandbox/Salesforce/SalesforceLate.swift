/// A write of a transaction that is still open, to be committed by ``SalesforceSandbox/commit(_:)``.
public struct LateCommit: Sendable, Hashable {
    /// The record written; a new one has its id before anybody can see it.
    public let id: String
    fileprivate let transaction: Int
}

/// What an open transaction will have done.
struct SalesforceOpenWrite: Sendable {
    var object: String
    var values: [String: SandboxValue]
    var isNew: Bool
    /// Who writes, and the time that the row will be stamped with.
    var writer: SalesforceOrg.Writer
}

/// Late commits: Salesforce stamps a row when it is written, and others see it when its transaction ends. Until then every
/// read shows the old state, and nobody else can change the row.
extension SalesforceSandbox {
    /// Begins to create a record; `nil` when the org's rules refuse it or it is not such an object.
    public func insertLate(_ object: String, _ values: [String: SandboxValue]) -> LateCommit? {
        guard let values = try? org.table(object).deserialize(values),
            org.check(values, of: nil, inTable: object.lowercased(), by: person).errors.isEmpty,
            let id = org.tables[object.lowercased()]?.makeID()
        else { return nil }
        return open(id: id, SalesforceOpenWrite(object: object, values: values, isNew: true, writer: person))
    }

    /// Begins to change a record as a user; `nil` when the org's rules refuse it or another transaction holds the record.
    public func editLate(_ object: String, id: String, _ values: [String: SandboxValue]) -> LateCommit? {
        guard let values = try? org.table(object).deserialize(values) else { return nil }
        var rehearsal = org
        guard let id = SalesforceID.normalized(id),
            rehearsal.update(id, of: object, with: values, by: person).errors.isEmpty
        else { return nil }
        return open(id: id, SalesforceOpenWrite(object: object, values: values, isNew: false, writer: person))
    }

    private func open(id: String, _ write: SalesforceOpenWrite) -> LateCommit {
        nextTransaction += 1
        let token = LateCommit(id: id, transaction: nextTransaction)
        openWrites[token] = write
        org.held.insert(id)
        return token
    }

    /// Ends the transaction: the write is seen from now on, with the stamp of the moment it was made.
    /// - Returns: Whether it was still open and nothing has come between, such as another record with its unique key.
    @discardableResult
    public func commit(_ token: LateCommit) -> Bool {
        guard let write = openWrites.removeValue(forKey: token) else { return false }
        org.held.remove(token.id)
        let result =
            write.isNew
            ? org.insert(write.values, into: write.object, by: write.writer, id: token.id)
            : org.update(token.id, of: write.object, with: write.values, by: write.writer)
        return result.errors.isEmpty
    }
}
