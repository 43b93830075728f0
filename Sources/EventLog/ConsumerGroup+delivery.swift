internal import Contracts

/// Handing out batches and taking them back.
extension ConsumerGroup {
    /// What one read takes from one partition.
    private struct Request: Sendable {
        let id: PartitionID
        let name: TopicPartition
        let position: Int64
        let epoch: UInt64
    }

    func next(_ id: MemberID) async throws(EventLogError) -> LogBatch? {
        guard let member = members[id], !member.isClosing else {
            giveUp(id)
            return nil
        }
        guard !member.isAsking else {
            throw EventLogError(code: "BUSY", reason: "next() is already waiting for this member", isTransient: true)
        }
        member.isAsking = true
        defer { member.isAsking = false }
        giveUp(id)
        var hasLingered = false
        while members[id] != nil, !member.isClosing, !Task.isCancelled {
            let available = available(to: id)
            if available == 0 {
                await wait(id, for: 1, limit: nil)
            } else if available < member.options.maxBatch, !hasLingered, member.options.linger > .zero {
                await wait(id, for: member.options.maxBatch, limit: member.options.linger)
                hasLingered = true
            } else if let batch = try await read(id, member) {
                return batch
            }
        }
        return nil
    }

    /// A batch nobody committed: it stays uncommitted, and later commits stop short of it.
    private func giveUp(_ id: MemberID) {
        guard let inFlight = members[id]?.inFlight, !inFlight.isCommitting else { return }
        for (partition, part) in inFlight.parts where partitions[partition]?.epoch == part.epoch {
            partitions[partition]?.isHeldBack = true
        }
        settle(id)
    }

    private func read(_ id: MemberID, _ member: Member) async throws(EventLogError) -> LogBatch? {
        let requests = requests(for: id, member)
        let limit = max(member.options.maxBatch, 1)
        let found: [(Request, [LogRecord])]
        do {
            found = try await database.read { db in
                var found: [(Request, [LogRecord])] = []
                var left = limit
                for request in requests where left > 0 {
                    let records = try RecordTable.read(
                        request.id, named: request.name, from: request.position, limit: left, db)
                    left -= records.count
                    found.append((request, records))
                }
                return found
            }
        } catch {
            if Task.isCancelled { return nil }
            throw error
        }
        return handOut(found, to: id, member)
    }

    /// The partitions to read, beginning with another one each time.
    private func requests(for id: MemberID, _ member: Member) -> [Request] {
        let ready = partitions.values.filter { $0.owner == id && $0.position < $0.end }.sorted { $0.id < $1.id }
        guard !ready.isEmpty else { return [] }
        member.turn = (member.turn + 1) % ready.count
        return (ready[member.turn...] + ready[..<member.turn]).map {
            Request(id: $0.id, name: $0.name, position: $0.position, epoch: $0.epoch)
        }
    }

    /// Makes a batch of what was read, leaving out partitions that moved meanwhile.
    private func handOut(_ found: [(Request, [LogRecord])], to id: MemberID, _ member: Member) -> LogBatch? {
        guard members[id] != nil, !member.isClosing else { return nil }
        var records: [LogRecord] = []
        var parts: [PartitionID: InFlight.Part] = [:]
        for (request, ofPartition) in found {
            guard let last = ofPartition.last, partitions[request.id]?.epoch == request.epoch else { continue }
            partitions[request.id]?.position = last.offset + 1
            parts[request.id] = InFlight.Part(epoch: request.epoch, next: last.offset + 1)
            records += ofPartition
        }
        guard !records.isEmpty else { return nil }
        let ticket = member.nextTicket
        member.nextTicket += 1
        member.inFlight = InFlight(ticket: ticket, parts: parts)
        return LogBatch(records: records, ticket: ticket)
    }

    func commit(_ batch: LogBatch, by id: MemberID) async throws(EventLogError) -> CommitOutcome {
        guard let member = members[id], let inFlight = member.inFlight, inFlight.ticket == batch.ticket else {
            return .abandoned
        }
        let valid = inFlight.parts.filter { partition, part in
            partitions[partition].map { $0.epoch == part.epoch && !$0.isHeldBack } ?? false
        }.mapValues(\.next)
        if !valid.isEmpty {
            member.inFlight?.isCommitting = true
            do {
                try await writer.store(valid, group: row)
            } catch {
                member.inFlight?.isCommitting = false
                // The drain time-out may have passed while it was being written.
                moveOn(from: id)
                throw error
            }
            for (partition, next) in valid { partitions[partition]?.committed = next }
        }
        settle(id)
        return valid.count == inFlight.parts.count ? .committed : .abandoned
    }

    func seek(_ name: TopicPartition, to offset: Int64, by id: MemberID) throws(EventLogError) {
        guard var partition = partitions.values.first(where: { $0.name == name && $0.owner == id }) else {
            throw EventLogError(
                code: "NOT_ASSIGNED", reason: "\(name.topic)/\(name.partition) is not assigned to this member",
                isTransient: true)
        }
        partition.position = min(max(offset, 0), partition.end)
        partition.epoch += 1
        partition.isHeldBack = false
        partitions[partition.id] = partition
        wakeIfReady(id)
    }
}
