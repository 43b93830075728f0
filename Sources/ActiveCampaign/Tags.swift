import Connectors
import Contracts
import SyncCore

/// The account's contact tags by name and id. Names are unique ignoring case.
actor Tags {
    private let session: ActiveCampaignSession
    private var ids: [String: String] = [:]
    private var names: [String: String] = [:]

    init(session: ActiveCampaignSession) { self.session = session }

    /// Tags the contact. An id known from earlier is tried first and forgotten if the tag has gone.
    func add(_ name: String, to contact: String) async throws(SyncError) {
        if let known = ids[name.lowercased()] {
            do throws(SyncError) {
                return try await attach(known, to: contact)
            } catch {
                guard error.errorClass == .permanent else { throw error }
                forget(name)
            }
        }
        try await attach(try await existingOrNew(name), to: contact)
    }

    /// Removes the tag from the contact; nothing to do when it is not there.
    func remove(_ name: String, from contact: String) async throws(SyncError) {
        guard let tag = try await existing(name) else { return }
        let rows = try await session.list("contacts/\(URLText.encoded(contact))/contactTags", key: "contactTags").rows
        for row in rows where row["tag"]?.textValue == tag {
            guard let association = row["id"]?.textValue else { continue }
            do throws(SyncError) {
                _ = try await session.call("DELETE", "contactTags/\(URLText.encoded(association))")
            } catch  where error.code == "not-found" {
                // Someone else was quicker.
            }
        }
    }

    /// The names behind ids. Ids not met before cost one reading of the whole list; one that is not in it is left out.
    func names(of wanted: [String]) async throws(SyncError) -> [String] {
        if wanted.contains(where: { names[$0] == nil }) { try await learn(query: []) }
        return wanted.compactMap { names[$0] }
    }

    private func attach(_ tag: String, to contact: String) async throws(SyncError) {
        let body: JSONValue = ["contactTag": ["contact": .string(contact), "tag": .string(tag)]]
        _ = try await session.call("POST", "contactTags", body: body)
    }

    private func existingOrNew(_ name: String) async throws(SyncError) -> String {
        if let id = try await existing(name) { return id }
        do throws(SyncError) {
            let body: JSONValue = ["tag": ["tag": .string(name), "tagType": "contact", "description": ""]]
            let answer = try await session.call("POST", "tags", body: body)
            guard let id = answer["tag"]?["id"]?.textValue else {
                throw SyncError(.transient, code: "unusable-answer", message: "the answer to a new tag has no id")
            }
            remember(name, id: id)
            return id
        } catch {
            // A tag that exists already is refused under several statuses: it was made meanwhile, or is spelt in another case.
            try await learn(query: [])
            guard let id = ids[name.lowercased()] else { throw error }
            return id
        }
    }

    private func existing(_ name: String) async throws(SyncError) -> String? {
        if let known = ids[name.lowercased()] { return known }
        try await learn(query: [("filters[search][eq]", name)])
        return ids[name.lowercased()]
    }

    /// Reads a list of tags whole. A filter the server ignores only makes the list longer: names are compared here.
    private func learn(query: [(String, String)]) async throws(SyncError) {
        for row in try await session.list("tags", key: "tags", query: query).rows {
            guard let id = row["id"]?.textValue, let name = row["tag"]?.stringValue,
                row["tagType"]?.stringValue ?? "contact" == "contact"
            else { continue }
            remember(name, id: id)
        }
    }

    private func remember(_ name: String, id: String) {
        ids[name.lowercased()] = id
        names[id] = name
    }

    private func forget(_ name: String) {
        guard let id = ids.removeValue(forKey: name.lowercased()) else { return }
        names[id] = nil
    }
}
