import Contracts
import SyncCore

/// The forms of a link that the table `links` has no columns for.
enum LinkForm {
    /// An email in the form of `Link.email`: neither case nor the blanks around it count. `nil` for a blank one.
    static func key(ofEmail text: String) -> String? {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }), let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        return text[first...last].lowercased()
    }
}

// MARK: A link as one value

extension LinkForm {
    /// All of a link but its integration: `{"o": object, "m": marketing id, "x": external id, "s": state, "b": base, …}`, each
    /// member in the form of its column and left out where there is nothing.
    static func json(of link: Link) throws -> JSONValue {
        var members: [String: JSONValue] = [
            "o": .string(link.object.rawValue), "m": .string(link.marketingID), "x": .string(link.externalID),
            "s": .string(link.state.rawValue), "b": link.baseJSON,
        ]
        if let crmID = link.crmID { members["c"] = .string(crmID) }
        if !link.seen.isEmpty { members["n"] = link.seenJSON }
        if link.tags != nil { members["t"] = link.tagsJSON }
        if !link.overruled.isEmpty { members["v"] = link.overruledJSON }
        if !link.sent.isEmpty { members["w"] = link.sentJSON }
        if let reason = link.endedBy { members["e"] = .string(reason.rawValue) }
        if let moment = link.writtenAt { members["a"] = .integer(moment.milliseconds) }
        if !link.trails.isEmpty { members["f"] = link.trailsJSON }
        if let relation = link.relation { members["r"] = .string(try codableText(relation)) }
        return .object(members)
    }

    /// Reads ``json(of:)`` back; `nil` for anything else.
    static func link(of integration: String, from json: JSONValue) throws -> Link? {
        guard let members = json.objectValue, let object = members["o"]?.stringValue.flatMap(CRMObject.init(rawValue:)),
            let marketingID = members["m"]?.stringValue, let externalID = members["x"]?.stringValue,
            let state = members["s"]?.stringValue.flatMap(Link.State.init(rawValue:)), let base = members["b"].flatMap(Link.base)
        else { return nil }
        var link = Link(
            integration: integration, object: object, marketingID: marketingID, crmID: members["c"]?.stringValue,
            externalID: externalID, state: state, base: base)
        guard read(members["n"], Link.seen, into: &link.seen), read(members["t"], Link.tags, into: &link.tags),
            read(members["v"], Link.overruled, into: &link.overruled), read(members["w"], Link.base, into: &link.sent),
            read(members["f"], Link.trails, into: &link.trails),
            read(members["e"], { $0.stringValue.map(Link.EndReason.init(rawValue:)) }, into: &link.endedBy)
        else { return nil }
        if case .integer(let moment) = members["a"] { link.writtenAt = Timestamp(milliseconds: moment) }
        if let text = members["r"]?.stringValue { link.relation = try decodedText(text) }
        return link
    }

    /// Whether `member` is missing or could be read.
    private static func read<Value>(
        _ member: JSONValue?, _ form: (JSONValue) -> Value?, into value: inout Value
    ) -> Bool {
        guard let member else { return true }
        guard let stored = form(member) else { return false }
        value = stored
        return true
    }
}
