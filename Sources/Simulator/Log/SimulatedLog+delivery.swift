internal import Connectors
internal import Contracts
internal import EventLog

/// Handing out batches, taking them back, and waiting for either.
extension SimulatedLog {
    typealias MemberID = SimulatedGroup.MemberID

    func next(_ id: MemberID, group: String) async throws(EventLogError) -> LogBatch? {
        guard let isAsking = groups[group]?.members[id]?.isAsking else { return nil }
        guard !isAsking else {
            throw EventLogError(code: "BUSY", reason: "next() is already waiting for this member", isTransient: true)
        }
        groups[group]?.members[id]?.isAsking = true
        defer { groups[group]?.members[id]?.isAsking = false }
        update(group) { $0.giveUp(by: id, at: clock.now()) }
        var lingersUntil: Timestamp?
        while !Task.isCancelled {
            let now = clock.now()
            update(group) { $0.advance(to: now) }
            guard let member = groups[group]?.members[id], !member.isClosing else { return nil }
            guard member.silentSince == nil else {
                await change(in: group, before: groups[group]?.deadline(after: now))
                continue
            }
            update(group) { $0.join(id, at: now) }
            let available = available(to: id, group: group)
            if available == 0 {
                lingersUntil = nil
            } else {
                let end = lingersUntil ?? now.advanced(by: member.options.linger)
                if available >= member.options.maxBatch || end <= now { return take(id, group: group) }
                lingersUntil = end
            }
            let deadlines = [lingersUntil, groups[group]?.deadline(after: now)].compactMap { $0 }
            await change(in: group, before: deadlines.min())
        }
        return nil
    }

    func commit(_ batch: LogBatch, by id: MemberID, group: String) throws(EventLogError) -> CommitOutcome {
        let now = clock.now()
        update(group) { $0.advance(to: now) }
        guard let member = groups[group]?.members[id] else { return .abandoned }
        guard member.silentSince == nil else { throw .unreachable }
        return update(group) { $0.commit(batch.ticket, by: id, at: now) }
    }

    func seek(_ name: TopicPartition, to offset: Int64, by id: MemberID, group: String) throws(EventLogError) {
        let offset = min(max(offset, 0), topics.end(of: name))
        guard update(group, { $0.seek(name, to: offset, by: id) }) else {
            throw EventLogError(
                code: "NOT_ASSIGNED", reason: "\(name.topic)/\(name.partition) is not assigned to this member",
                isTransient: true)
        }
    }

    /// Leaves once the work in flight is settled or the drain time-out has passed; at once when the task is cancelled. The
    /// broker does not hear of a member that is silent.
    func leave(_ id: MemberID, group: String) async {
        while let drainBy = update(group, { $0.startLeaving(id, at: clock.now()) }), !Task.isCancelled {
            guard groups[group]?.members[id]?.silentSince == nil else { return }
            await change(in: group, before: drainBy)
        }
        guard groups[group]?.members[id]?.silentSince == nil else { return }
        update(group) { $0.remove(id, at: clock.now()) }
    }

    // MARK: Records

    private func available(to id: MemberID, group: String) -> Int {
        guard let group = groups[group] else { return 0 }
        return group.owned(by: id).map { group.partitions[$0] }
            .reduce(0) { $0 + Int(topics.end(of: $1.name) - $1.position) }
    }

    private func take(_ id: MemberID, group: String) -> LogBatch? {
        update(group) { group in
            guard var member = group.members[id] else { return nil }
            let ready = group.owned(by: id).filter { group.partitions[$0].position < topics.end(of: group.partitions[$0].name) }
            member.turn = (member.turn + 1) % max(ready.count, 1)
            var records: [LogRecord] = []
            var parts: [SimulatedGroup.InFlight.Part] = []
            for index in ready[member.turn...] + ready[..<member.turn] {
                let partition = group.partitions[index]
                let limit = max(member.options.maxBatch, 1) - records.count
                let found = topics.read(partition.name, from: partition.position, limit: limit)
                guard let last = found.last else { break }
                records += found
                group.setPosition(last.offset + 1, of: index)
                parts.append(.init(partition: partition.name, epoch: partition.epoch, next: last.offset + 1))
            }
            member.lastTicket += 1
            member.inFlight = SimulatedGroup.InFlight(ticket: member.lastTicket, parts: parts)
            group.members[id] = member
            return LogBatch(records: records, ticket: member.lastTicket)
        }
    }

    // MARK: Waiting

    /// Waits until something about the group changes, `deadline` has come or the task is cancelled.
    private func change(in group: String, before deadline: Timestamp?) async {
        lastWaiter += 1
        let id = lastWaiter
        guard let deadline else {
            return await withTaskCancellationHandler {
                await withCheckedContinuation { waiters[id] = (group, $0) }
            } onCancel: {
                // Runs after the registration above at the earliest, since both need the actor.
                Task { await self.wake(id) }
            }
        }
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [clock] in
                try? await clock.sleep(until: deadline)
                await self.wake(id)
            }
            await withCheckedContinuation { waiters[id] = (group, $0) }
            tasks.cancelAll()
        }
    }

    private func wake(_ id: Int) { waiters.removeValue(forKey: id)?.continuation.resume() }

    /// Wakes whoever waits for a change of `group`, in the order of their arrival.
    func wakeAll(of group: String) {
        for id in waiters.filter({ $0.value.group == group }).keys.sorted() { wake(id) }
    }
}
