import Connectors
import Contracts
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Tags")
struct TagsTests {
    private static let tagged: HTTPResponse = .json(201, ["contactTag": ["id": "55"]])

    private static func tags(_ tags: [(id: Int, name: String)], total: Int? = nil) -> HTTPResponse {
        let rows = tags.map { tag -> JSONValue in ["id": .string("\(tag.id)"), "tag": .string(tag.name), "tagType": "contact"] }
        return .json(200, ["tags": .array(rows), "meta": ["total": .string("\(total ?? rows.count)")]])
    }

    @Test("IN-4 a known tag is looked up once and then only put on people")
    func known() async throws {
        let connection = try Connection { call throws(TransportError) in
            call.line.hasPrefix("GET tags") ? Self.tags([(20, "VIP")]) : Self.tagged
        }
        try await connection.marketing.addTag("vip", toContact: "1")
        try await connection.marketing.addTag("Vip", toContact: "2")
        #expect(
            await connection.account.lines == [
                "GET tags?filters%5Bsearch%5D%5Beq%5D=vip&limit=100&offset=0", "POST contactTags", "POST contactTags",
            ])
        let bodies = try await connection.account.calls.dropFirst().map { try JSONValue.parse($0.request.body) }
        #expect(bodies.first == ["contactTag": ["contact": "1", "tag": "20"]])
    }

    @Test("A filter that the server ignores is seen through, and the tag found on a later page")
    func ignoredFilter() async throws {
        let connection = try Connection { call throws(TransportError) in
            guard call.line.hasPrefix("GET tags") else { return Self.tagged }
            let offset = Int(call.line.split(separator: "offset=").last ?? "") ?? 0
            return Self.tags((offset..<min(250, offset + 100)).map { ($0, "tag \($0)") }, total: 250)
        }
        try await connection.marketing.addTag("Tag 240", toContact: "1")
        let body = try #require(await connection.account.calls.last?.request.body)
        #expect(try JSONValue.parse(body) == ["contactTag": ["contact": "1", "tag": "240"]])
        #expect(await connection.account.lines.contains("POST tags") == false)
    }

    @Test("A missing tag is created; tags of templates do not count")
    func created() async throws {
        let connection = try Connection { call throws(TransportError) in
            if call.line.hasPrefix("GET tags") {
                return .json(200, ["tags": [["id": "9", "tag": "vip", "tagType": "template"]], "meta": ["total": "1"]])
            }
            return call.line == "POST tags" ? .json(201, ["tag": ["id": "21", "tag": "vip"]]) : Self.tagged
        }
        try await connection.marketing.addTag("vip", toContact: "1")
        let bodies = try await connection.account.calls.dropFirst().map { try JSONValue.parse($0.request.body) }
        #expect(
            bodies == [
                ["tag": ["tag": "vip", "tagType": "contact", "description": ""]], ["contactTag": ["contact": "1", "tag": "21"]],
            ])
    }

    @Test("A tag made meanwhile is used, under whatever status its creation is refused", arguments: [422, 500])
    func createdMeanwhile(status: Int) async throws {
        let connection = try Connection { call throws(TransportError) in
            if call.line.hasPrefix("GET tags?filters") { return Self.tags([]) }
            if call.line.hasPrefix("GET tags") { return Self.tags([(22, "Vip")]) }
            guard call.line == "POST tags" else { return Self.tagged }
            return .json(
                status, ["message": "Could not process request", "error": "Duplicate entry 'contact-vip' for key 'typetag'"])
        }
        try await connection.marketing.addTag("vip", toContact: "1")
        let body = try #require(await connection.account.calls.last?.request.body)
        #expect(try JSONValue.parse(body) == ["contactTag": ["contact": "1", "tag": "22"]])
    }

    @Test("A tag deleted in the account is made again")
    func deletedTag() async throws {
        let connection = try Connection { call throws(TransportError) in
            if call.line.hasPrefix("GET tags") { return call.number == 1 ? Self.tags([(20, "vip")]) : Self.tags([]) }
            if call.line == "POST tags" { return .json(201, ["tag": ["id": "31", "tag": "vip"]]) }
            let isOld = String(decoding: call.request.body, as: UTF8.self).contains("20")
            return isOld && call.number > 2 ? .json(404, ["errors": [["status": 404, "title": "Not Found"]]]) : Self.tagged
        }
        try await connection.marketing.addTag("vip", toContact: "1")
        try await connection.marketing.addTag("vip", toContact: "2")
        let body = try #require(await connection.account.calls.last?.request.body)
        #expect(try JSONValue.parse(body) == ["contactTag": ["contact": "2", "tag": "31"]])
    }

    @Test("A contact that does not exist is a permanent error")
    func noContact() async throws {
        let connection = try Connection { call throws(TransportError) in
            guard call.line.hasPrefix("GET tags") else {
                return .json(404, ["errors": [["status": 404, "title": "Not Found", "detail": "Contact not found"]]])
            }
            return Self.tags([(20, "vip")])
        }
        await #expect(throws: SyncError(.permanent, code: "not-found", message: "Not Found: Contact not found")) {
            try await connection.marketing.addTag("vip", toContact: "99")
        }
    }

    @Test("Removing a tag is two calls once it is known, and harmless when it is not there or gone")
    func remove() async throws {
        let connection = try Connection { call throws(TransportError) in
            switch call.line {
            case let line where line.hasPrefix("GET tags"): line.contains("=vip") ? Self.tags([(20, "vip")]) : Self.tags([])
            case "GET contacts/1/contactTags?limit=100&offset=0":
                .json(200, ["contactTags": [["id": "54", "tag": "19"], ["id": "55", "tag": "20"]], "meta": ["total": "2"]])
            case "DELETE contactTags/55": HTTPResponse(status: 200)
            default: .json(200, ["contactTags": [["id": "56", "tag": "19"]]])
            }
        }
        try await connection.marketing.removeTag("VIP".lowercased(), fromContact: "1")
        try await connection.marketing.removeTag("Vip", fromContact: "2")
        try await connection.marketing.removeTag("unknown", fromContact: "1")
        #expect(
            await connection.account.lines.dropFirst() == [
                "GET contacts/1/contactTags?limit=100&offset=0", "DELETE contactTags/55",
                "GET contacts/2/contactTags?limit=100&offset=0",
                "GET tags?filters%5Bsearch%5D%5Beq%5D=unknown&limit=100&offset=0",
            ])
    }
}
