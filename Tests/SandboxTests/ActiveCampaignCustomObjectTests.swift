import Sandbox
import Testing

@Suite("ActiveCampaign emulator: custom objects")
struct ActiveCampaignCustomObjectTests {
    private static let schema: SandboxValue = [
        "schema": [
            "slug": "deal", "labels": ["singular": "Deal", "plural": "Deals"],
            "fields": [
                ["id": "name", "labels": ["singular": "Name", "plural": "Names"], "type": "text", "required": true],
                ["id": "amount", "labels": ["singular": "Amount", "plural": "Amounts"], "type": "number"],
                ["id": "close-date", "labels": ["singular": "Close", "plural": "Close"], "type": "date"],
            ],
            "relationships": [
                ["id": "primary-contact", "labels": ["singular": "Contact"], "namespace": "contacts", "hasMany": false]
            ],
        ]
    ]

    /// A client and the path of its schema's records.
    private func client() async -> (client: ActiveCampaignClient, records: String) {
        let client = ActiveCampaignClient()
        let id = await client.send("POST", "/customObjects/schemas", Self.schema).json?["schema"]?["id"]?.text
        return (client, "/customObjects/records/\(id ?? "")")
    }

    private func record(_ external: String, _ fields: [String: SandboxValue], contact: Int64? = nil) -> SandboxValue {
        var members: [String: SandboxValue] = [
            "externalId": .string(external),
            "fields": .array(fields.sorted { $0.key < $1.key }.map { ["id": .string($0.key), "value": $0.value] }),
        ]
        if let contact { members["relationships"] = ["primary-contact": [.integer(contact)]] }
        return ["record": .object(members)]
    }

    @Test("a schema is made once per slug and can be read back")
    func schemas() async {
        let client = ActiveCampaignClient()
        let made = await client.send("POST", "/customObjects/schemas", Self.schema)
        #expect(made.status == 201)
        let id = made.json?["schema"]?["id"]?.text ?? ""
        #expect(await client.send("GET", "/customObjects/schemas/\(id)").json == made.json)
        let list = await client.send("GET", "/customObjects/schemas").json
        #expect(list?["schemas"]?[0]?["slug"] == "deal" && list?["meta"]?["total"] == 1)
        #expect(await client.send("POST", "/customObjects/schemas", Self.schema).status == 422)
        #expect(await client.send("POST", "/customObjects/schemas", ["slug": "x"]).status == 400)
        #expect(await client.send("GET", "/customObjects/schemas/none").json == ["message": "Not Found"])
    }

    @Test("MAP-5 a record is upserted by its external id; fields that are not named stay")
    func upsert() async {
        let (client, path) = await client()
        let made = await client.send("POST", path, record("crm-9", ["name": "Opp 9", "amount": 12.5], contact: 10))
        #expect(made.status == 201 && made.json?["record"]?["relationships"] == ["primary-contact": ["10"]])
        let again = await client.send("POST", path, record("crm-9", ["name": "Opp 9b"]))
        #expect(again.status == 201 && again.json?["record"]?["id"] == made.json?["record"]?["id"])
        let records = await client.sandbox.customRecords("deal")
        #expect(records.map(\.fields) == [["name": "Opp 9b", "amount": 12.5]])
        #expect(records.map(\.externalID) == ["crm-9"] && records.first?.relationships == ["primary-contact": ["10"]])
        #expect(await client.sandbox.counters().rowsCreated == 1)
    }

    @Test("records are listed by relationship with numeric counts, and found and deleted by external id with 202")
    func readAndDelete() async {
        let (client, path) = await client()
        for number in 0..<3 {
            _ = await client.send("POST", path, record("crm-\(number)", ["name": "Opp"], contact: number == 2 ? 8 : 7))
        }
        let page = await client.send("GET", path, query: "filters[relationships.primary-contact][eq]=7&limit=1").json
        #expect(page?["records"]?.array?.count == 1)
        #expect(page?["meta"] == ["total": 2, "count": 1, "limit": 1, "offset": 0])
        let found = await client.send("GET", "\(path)/external/crm-2").json?["record"]
        #expect(found?["externalId"] == "crm-2" && found?["createdTimestamp"]?.text?.hasSuffix("000000Z") == true)
        #expect(await client.send("GET", "\(path)/\(found?["id"]?.text ?? "")").json?["record"] == found)
        let deleted = await client.send("DELETE", "\(path)/external/crm-2")
        #expect(deleted.status == 202 && deleted.body.isEmpty)
        #expect(await client.send("DELETE", "\(path)/external/crm-2").status == 404)
        #expect(await client.sandbox.customRecords("deal").compactMap(\.externalID) == ["crm-0", "crm-1"])
        #expect(await client.sandbox.counters().calls["DELETE /customObjects/records/{id}/external/{id}"] == 2)
    }

    @Test(
        "a value that does not fit names its field",
        arguments: [
            (["name": "x", "amount": "twelve"], "amount"), (["name": "x", "close-date": "28.2.2026"], "close-date"),
            (["name": "x", "stage": "Won"], "stage"), (["amount": 1], "name"), (["name": nil], "name"),
        ] as [([String: SandboxValue], String)])
    func invalid(fields: [String: SandboxValue], attribute: String) async {
        let (client, path) = await client()
        let answer = await client.send("POST", path, record("crm-9", fields))
        #expect(answer.status == 422)
        #expect(answer.json?["errors"]?[0]?["source"]?["value"] == .string("/data/attributes/\(attribute)"))
        #expect(await client.sandbox.customRecords("deal").isEmpty)
    }

    @Test("a plan without custom objects answers 403")
    func lowerPlan() async {
        let client = ActiveCampaignClient { $0.hasCustomObjects = false }
        #expect(await client.send("GET", "/customObjects/schemas").status == 403)
    }
}
