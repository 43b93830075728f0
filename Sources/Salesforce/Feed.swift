import Connectors
import Contracts
import SyncCore

/// What the outbound path asks of an org: pages of changed or selected records, previews, opportunities' contacts.
struct Feed {
    /// The sync status that marks a record for the next sync (OUT-1).
    let waitingStatus: String
    let org: Org

    /// Asks for the server's time only when no answer told it yet; the list of API versions is not counted as a call.
    func serverTime() async throws(SyncError) -> Timestamp {
        if let known = await org.session.serverTime { return known }
        _ = try await org.session.call("GET", SalesforceSession.versionsPath, effect: .repeatable)
        guard let time = await org.session.serverTime else {
            throw .unusableAnswer("Salesforce's answer does not tell the server's time", effect: .repeatable)
        }
        return time
    }

    // MARK: Pages

    func page(_ request: CRMFeedRequest) async throws(SyncError) -> CRMFeedPage {
        let fields = try await org.fields(of: request.object, wanted: request.fields, depth: .state)
        guard let soql = try soql(request, fields) else { return CRMFeedPage(records: [], next: nil) }
        let isChanged = if case .changed = request.scope { true } else { false }
        let answer = try await answers(to: [org.part(soql, deletedToo: isChanged)])[0]
        try await org.check(answer, fields)
        let records = try await org.rows(of: answer.body).compactMap(fields.record)
        guard !isChanged || records.allSatisfy({ $0.stamp != nil }) else {
            throw .unusableAnswer("a record does not tell when it changed", effect: .repeatable)
        }
        // What a page promised counts: a row deleted between the parts of a page is missing from its end.
        let promised = answer.body["totalSize"]?.intValue ?? records.count
        guard promised >= Org.rowsPerPart, let last = records.last else { return CRMFeedPage(records: records, next: nil) }
        return CRMFeedPage(records: records, next: CRMCursor(stamp: isChanged ? last.stamp : nil, id: last.id))
    }

    /// `nil` when there is nothing to ask for.
    private func soql(_ request: CRMFeedRequest, _ fields: RecordFields) throws(SyncError) -> String? {
        guard let condition = try condition(request.scope, in: request.range, fields) else { return nil }
        // The range comes first, so that the index on the stamp drives the query and not the choice behind it.
        var conditions = [condition]
        var order = "Id"
        if case .changed = request.scope {
            order = "SystemModstamp, Id"
            if let after = request.after, let stamp = after.stamp?.iso8601 {
                let id = SOQL.literal(after.id)
                conditions.append("(SystemModstamp > \(stamp) OR (SystemModstamp = \(stamp) AND Id > \(id)))")
            }
        } else if let after = request.after {
            conditions.append("Id > \(SOQL.literal(after.id))")
        }
        let query = SOQL.select(fields.all, from: request.object, where: conditions.joined(separator: " AND "))
        return query + " ORDER BY \(order) LIMIT \(Org.rowsPerPart)"
    }

    /// What a scope asks of a record, whose id is in the range; `nil` when no record can meet it.
    func condition(
        _ scope: CRMFeedRequest.Scope, in range: IDRange, _ fields: RecordFields
    ) throws(SyncError) -> String? {
        guard let condition = try condition(scope, fields) else { return nil }
        let bounds = [
            range.from.map { "Id >= \(SOQL.literal($0))" }, range.until.map { "Id < \(SOQL.literal($0))" },
        ].compactMap(\.self)
        return ([condition] + bounds).joined(separator: " AND ")
    }

    private func condition(_ scope: CRMFeedRequest.Scope, _ fields: RecordFields) throws(SyncError) -> String? {
        switch scope {
        case .changed(let from, let until):
            let own = changed("SystemModstamp", from, until)
            // To rename an account does not touch its contacts.
            let accounts = fields.crossesRecords ? changed("Account.SystemModstamp", from, until) : nil
            return accounts.map { "((\(own)) OR (\($0)))" } ?? own
        case .selected(let selection, let since):
            var alternatives = [try condition(selection, of: fields.object, since: since, fields)].compactMap(\.self)
            switch fields.object {
            case .contact, .lead: alternatives.append("\(org.settings.externalIDField) != null")
            case .opportunity: alternatives.append(SOQLCriteria.always)
            case .account: break
            }
            return alternatives.isEmpty ? nil : "(\(alternatives.joined(separator: " OR ")))"
        case .all:
            return SOQLCriteria.always
        }
    }

    private func changed(_ stamp: String, _ from: Timestamp, _ until: Timestamp) -> String {
        "\(stamp) >= \(from.iso8601) AND \(stamp) < \(until.iso8601)"
    }

    /// What a selection asks of a record, `nil` when it selects none. A converted lead is none to begin with.
    private func condition(
        _ selection: Selection, of object: CRMObject, since: Timestamp, _ fields: RecordFields
    ) throws(SyncError) -> String? {
        let condition: String
        switch selection {
        case .none: return nil
        case .newFromNowOn: condition = "CreatedDate >= \(since.iso8601)"
        case .marked: condition = "\(org.settings.syncStatusField) = \(SOQL.literal(waitingStatus))"
        case .criteria(let criterion):
            condition = try SOQLCriteria(object: object, types: fields.types).condition(criterion)
        }
        guard object == .lead, fields.types["IsConverted"] != nil else { return condition }
        return "(\(condition) AND IsConverted = false)"
    }

    // MARK: Previews

    func preview(
        _ selection: Selection, of object: CRMObject, since: Timestamp, fields wanted: [String], sample: Int
    ) async throws(SyncError) -> (count: Int, sample: [CRMRecord]) {
        let fields = try await org.fields(of: object, wanted: wanted, depth: .state)
        guard let condition = try condition(selection, of: object, since: since, fields) else { return (0, []) }
        let count = SOQL.select(["COUNT()"], from: object, where: condition)
        let records = SOQL.select(fields.all, from: object, where: condition) + " ORDER BY Id LIMIT \(max(sample, 1))"
        let answers = try await answers(to: [org.part(count), org.part(records)])
        for answer in answers { try await org.check(answer, fields) }
        guard let total = answers[0].body["totalSize"]?.intValue else {
            throw .unusableAnswer("the answer to a count has no total", effect: .repeatable)
        }
        let found = try await org.rows(of: answers[1].body).compactMap(fields.record)
        return (total, Array(found.prefix(max(sample, 0))))
    }

    // MARK: Opportunities

    func contacts(ofOpportunities ids: [String]) async throws(SyncError) -> [String: String] {
        let ids = Set(ids).filter(RecordID.isWellFormed).sorted()
        let parts = ids.chunks(of: Org.rowsPerPart).map { ids in
            let opportunities = SOQL.condition("OpportunityId", isAnyOf: ids.map(SOQL.literal))
            return org.part(
                "SELECT OpportunityId,ContactId,IsPrimary FROM OpportunityContactRole WHERE \(opportunities) "
                    + "ORDER BY IsPrimary DESC, Id")
        }
        var contacts: [Substring: String] = [:]
        for row in try await rows(of: parts) {
            guard let opportunity = row["OpportunityId"]?.stringValue, let contact = row["ContactId"]?.stringValue else {
                continue
            }
            let key = RecordID.key(opportunity)
            contacts[key] = contacts[key] ?? contact
        }
        return Dictionary(uniqueKeysWithValues: ids.compactMap { id in contacts[RecordID.key(id)].map { (id, $0) } })
    }

    func opportunities(ofContacts ids: [String]) async throws(SyncError) -> Set<String> {
        let parts = Set(ids).filter(RecordID.isWellFormed).sorted().chunks(of: Org.rowsPerPart).map { ids in
            let contacts = SOQL.condition("ContactId", isAnyOf: ids.map(SOQL.literal))
            return org.part("SELECT OpportunityId FROM OpportunityContactRole WHERE \(contacts) ORDER BY Id")
        }
        return Set(try await rows(of: parts).compactMap { $0["OpportunityId"]?.stringValue })
    }

    /// All rows of the parts' queries, in their order.
    private func rows(of parts: [Subrequest]) async throws(SyncError) -> [JSONValue] {
        var rows: [JSONValue] = []
        for group in parts.chunks(of: SalesforceSession.subrequestsPerCall) {
            for answer in try await answers(to: group) {
                guard answer.isSuccess else { throw answer.refusal(effect: .repeatable, now: org.session.now) }
                rows += try await org.rows(of: answer.body)
            }
        }
        return rows
    }

    /// One answer per part.
    private func answers(to parts: [Subrequest]) async throws(SyncError) -> [Subanswer] {
        try await org.session.composite(parts, effect: .repeatable)
    }
}
