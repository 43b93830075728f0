import Connectors
import Contracts
import SyncCore

/// The accounts that contacts name: found, or created where there is none (MAP-4).
///
/// One call finds the accounts of a whole batch and at most one more creates the missing ones, up to the limits of a
/// composite call. Nothing is created twice: an account whose creation was not confirmed is found by its name next time.
struct AccountNames {
    let org: Org
    /// Those of every write.
    let headers: [String: String]

    private var session: SalesforceSession { org.session }

    /// What a name is compared by, as Salesforce compares texts.
    static func key(_ name: String) -> String { name.lowercased() }

    /// The account's id per key of a name, or why the name stands for none.
    func resolve(_ names: [String]) async -> [String: Result<String, SyncError>] {
        let wanted = Dictionary(names.map { (Self.key($0), $0) }, uniquingKeysWith: { first, _ in first })
        do throws(SyncError) {
            let found = try await found(wanted.values.sorted())
            var result = found.mapValues(Self.onlyOne)
            let missing = wanted.keys.filter { found[$0] == nil }.sorted().compactMap { wanted[$0] }
            for (name, outcome) in await create(missing) { result[Self.key(name)] = outcome }
            return result
        } catch {
            return wanted.mapValues { _ in .failure(error) }
        }
    }

    private static func onlyOne(_ accounts: [JSONValue]) -> Result<String, SyncError> {
        guard accounts.count == 1, let id = accounts[0]["Id"]?.stringValue else {
            return .failure(
                SyncError(
                    .permanent, code: "ambiguous-account",
                    message:
                        "\(accounts.count) accounts have this name: which one the contact belongs to has to be set in Salesforce",
                    fields: [CRMRecord.accountNameField]
                ))
        }
        return .success(id)
    }

    private func found(_ names: [String]) async throws(SyncError) -> [String: [JSONValue]] {
        var rows: [JSONValue] = []
        let parts = SOQL.groups(names.map(SOQL.literal), besides: 200).map { literals in
            org.part(SOQL.select(["Id", "Name"], from: .account, where: SOQL.condition("Name", isAnyOf: literals)))
        }
        for group in parts.chunks(of: SalesforceSession.subrequestsPerCall) {
            for answer in try await session.composite(group, effect: .repeatable) {
                guard answer.isSuccess else { throw answer.refusal(effect: .repeatable, now: session.now) }
                rows += try await org.rows(of: answer.body)
            }
        }
        return Dictionary(grouping: rows) { Self.key($0["Name"]?.stringValue ?? "") }
    }

    private func create(_ names: [String]) async -> [(name: String, outcome: Result<String, SyncError>)] {
        var result: [(String, Result<String, SyncError>)] = []
        let parts = names.chunks(of: Writer.rowsPerSubrequest)
        for group in parts.chunks(of: SalesforceSession.subrequestsPerCall) {
            do throws(SyncError) {
                let answers = try await session.composite(group.map(subrequest), effect: .write)
                for (names, answer) in zip(group, answers) { result += outcomes(of: names, answer) }
            } catch {
                // The contacts were not written, so nothing is in doubt about them.
                let error = error.errorClass == .inDoubt ? SyncError(.transient, code: error.code, message: error.message) : error
                result += group.joined().map { ($0, .failure(error)) }
            }
        }
        return result
    }

    private func subrequest(_ names: [String]) -> Subrequest {
        let records = names.map { JSONValue.object(["attributes": ["type": "Account"], "Name": .string($0)]) }
        return Subrequest(
            method: "POST", url: "\(session.basePath)/composite/sobjects",
            body: ["allOrNone": false, "records": .array(records)], headers: headers
        )
    }

    private func outcomes(of names: [String], _ answer: Subanswer) -> [(String, Result<String, SyncError>)] {
        guard answer.isSuccess, let rows = answer.body.arrayValue, rows.count == names.count else {
            let error = answer.refusal(effect: .repeatable, now: session.now)
            return names.map { ($0, .failure(error)) }
        }
        return zip(names, rows).map { name, row in
            if row["success"]?.boolValue == true, let id = row["id"]?.stringValue { return (name, .success(id)) }
            var error =
                VendorErrors.rowError(in: row, isUpsert: false, now: session.now)
                ?? .unusableAnswer("the account's result states neither success nor error", effect: .repeatable)
            error.fields = [CRMRecord.accountNameField]
            return (name, .failure(error))
        }
    }
}
