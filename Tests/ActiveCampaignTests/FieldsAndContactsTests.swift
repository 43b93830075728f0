import Connectors
import Contracts
import SyncCore
import Testing

@testable import ActiveCampaign

@Suite("Fields and contacts")
struct FieldsAndContactsTests {
    @Test(
        "MAP-2 all pages of the fields are read, whatever the page size and the form of the total", arguments: [20, 100],
        [0, 1, 2])
    func paging(pageSize: Int, totalForm: Int) async throws {
        let connection = try Connection { call throws(TransportError) in
            let offset = Int(call.line.split(separator: "offset=").last ?? "") ?? 0
            let rows = (offset..<max(offset, min(250, offset + pageSize))).map { index -> JSONValue in
                [
                    "id": .string("\(index + 1)"), "title": .string("F\(index + 1)"), "type": "text",
                    "perstag": .string("F\(index + 1)"),
                ]
            }
            var answer: [String: JSONValue] = ["fields": .array(rows), "fieldOptions": []]
            if totalForm == 0 { answer["meta"] = ["total": "250"] }
            if totalForm == 1 { answer["meta"] = ["total": 250] }
            return .json(200, .object(answer))
        }
        // Without a total only pages as long as asked for can be told from the last one.
        let expected = totalForm == 2 && pageSize < 100 ? pageSize : 250
        let custom = try await connection.marketing.describeContacts().fields.dropFirst(5)
        #expect(custom.map(\.name) == (1...expected).map { "field:\($0)" })
    }

    @Test("An offset the server ignores does not read for ever")
    func ignoredOffset() async throws {
        let rows = (1...100).map { id -> JSONValue in ["id": .string("\(id)"), "title": "F", "type": "text"] }
        let connection = try Connection { _ throws(TransportError) in
            .json(200, ["fields": .array(rows), "meta": ["total": "250"]])
        }
        #expect(try await connection.marketing.describeContacts().fields.count == 105)
        #expect(await connection.account.calls.count == 2)
    }

    @Test("MAP-2 fields have our keys, the names people use for them, types and options")
    func fields() async throws {
        let kinds = [
            "text", "textarea", "number", "date", "datetime", "dropdown", "radio", "listbox", "checkbox", "hidden", "map",
        ]
        let connection = try Connection { _ throws(TransportError) in
            let rows = kinds.enumerated().map { index, kind -> JSONValue in
                [
                    "id": .string("\(index)"), "title": .string("My \(kind)"), "type": .string(kind),
                    "perstag": .string(kind.uppercased()),
                ]
            }
            let options: JSONValue = [
                ["field": "5", "value": "silver", "orderid": "2"], ["field": "5", "value": "gold", "orderid": "1"],
                ["field": "7", "value": "Red", "orderid": 1],
            ]
            return .json(
                200,
                [
                    "fields": .array(rows + [["id": "11", "title": "No type", "type": .null, "perstag": "", "isrequired": "1"]]),
                    "fieldOptions": options,
                ])
        }
        let fields = try await connection.marketing.describeContacts().fields
        #expect(fields.prefix(5).map(\.name) == ["email", "firstName", "lastName", "phone", "accountName"])
        #expect(fields.first?.isRequired == true)
        let custom = Array(fields.dropFirst(5))
        #expect(
            custom.map(\.type) == [
                .text(maxLength: nil), .longText(maxLength: nil), .number(precision: nil, scale: nil), .date, .dateTime,
                .picklist(options: ["gold", "silver"], restricted: false), .picklist(options: [], restricted: false),
                .multiPicklist(options: ["Red"], restricted: false), .multiPicklist(options: [], restricted: false),
                .text(maxLength: nil), .unsupported("map"), .text(maxLength: nil),
            ])
        #expect(custom[2].aliases == ["perstag:NUMBER", "title:My number"])
        #expect(custom[2].label == "My number")
        #expect(custom[11].aliases == ["title:No type"])
        #expect(custom[11].isRequired)
    }

    @Test("A contact comes with its fields under our keys, the names of its tags and its moment")
    func contact() async throws {
        let connection = try Connection { call throws(TransportError) in
            switch call.line {
            case "GET contacts/7":
                .json(
                    200,
                    [
                        "contact": [
                            "id": "7", "email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee", "phone": "",
                            "orgname": "Acme",
                            "udate": "2026-05-28T05:03:51-05:00", "updated_utc_timestamp": "2026-05-28 05:03:51",
                        ],
                        "fieldValues": [["field": "6", "value": "||Red||Blue||"], ["field": 9, "value": .null]],
                    ])
            case "GET contacts/7/contactTags?limit=100&offset=0":
                .json(200, ["contactTags": [["id": "1", "tag": "20"], ["id": "2", "tag": 30]]])
            case "GET tags?limit=100&offset=0":
                .json(
                    200,
                    [
                        "tags": [["id": "20", "tag": "vip", "tagType": "contact"], ["id": "30", "tag": "New"]],
                        "meta": ["total": "2"],
                    ])
            default: .json(404, ["message": "No Result found for Subscriber with id 8"])
            }
        }
        let contact = MarketingContact(
            id: "7",
            fields: [
                "email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee", "phone": "", "accountName": "Acme",
                "field:6": "||Red||Blue||", "field:9": .null,
            ], tags: ["vip", "New"], updatedAt: Timestamp(iso8601: "2026-05-28T10:03:51Z")
        )
        #expect(try await connection.marketing.contact(id: "7") == contact)
        #expect(try await connection.marketing.contact(id: "8") == nil)
        // The tags are known by now.
        #expect(try await connection.marketing.contact(id: "7") == contact)
        #expect(await connection.account.lines.filter { $0.hasPrefix("GET tags") }.count == 1)
    }
}
