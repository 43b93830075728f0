import Connectors
import Contracts
import SyncCore

import struct Foundation.Decimal

/// Opportunities as records of a custom object with four fixed fields (MAP-5), the only thing in the account that can carry an
/// id of another system.
actor Opportunities {
    private static let slug = "crm-opportunities"
    private static let label = "CRM Opportunity"
    private static let relationship = "primary-contact"
    private static let fields: [(id: String, label: String, plural: String, type: String)] = [
        ("name", "Name", "Names", "text"), ("amount", "Amount", "Amounts", "number"), ("stage", "Stage", "Stages", "text"),
        ("close-date", "Close Date", "Close Dates", "date"),
    ]

    private let feature: PlanFeature
    private var schema: String?

    init(session: ActiveCampaignSession, clock: any WallClock) {
        feature = PlanFeature("custom objects", code: "custom-objects-not-available", session: session, clock: clock)
    }

    /// One call, and two more before the first one. The vendor finds the record by its external id, so that a write may be
    /// repeated.
    func write(_ opportunity: OpportunityWrite) async throws(SyncError) {
        let wasKnown = schema != nil
        let id = try await existingOrNewSchema()
        do throws(SyncError) {
            _ = try await feature.call("POST", "customObjects/records/\(URLText.encoded(id))", body: Self.body(opportunity))
        } catch  where error.code == "not-found" && wasKnown {
            // The schema was deleted since; its records went with it.
            schema = nil
            try await write(opportunity)
        }
    }

    private static func body(_ opportunity: OpportunityWrite) -> JSONValue {
        let values: [(String, JSONValue)] = [
            ("name", .string(opportunity.name)), ("amount", opportunity.amount.map { .string($0.description) } ?? .null),
            ("stage", .string(opportunity.stage)), ("close-date", opportunity.closeDate.map { .string($0.description) } ?? .null),
        ]
        let contacts = opportunity.contactID.map { [Int64($0).map(JSONValue.integer) ?? .string($0)] } ?? []
        return [
            "record": [
                "externalId": .string(opportunity.externalID),
                "fields": .array(values.map { ["id": .string($0.0), "value": $0.1] }),
                "relationships": [relationship: .array(contacts)],
            ]
        ]
    }

    // MARK: The schema

    private func existingOrNewSchema() async throws(SyncError) -> String {
        if let id = try await existingSchema() { return id }
        do throws(SyncError) {
            let answer = try await feature.call("POST", "customObjects/schemas", body: Self.definition)
            guard let id = answer["schema"]?["id"]?.textValue else {
                throw SyncError(.transient, code: "unusable-answer", message: "the answer to a new schema has no id")
            }
            schema = id
            return id
        } catch  where error.errorClass == .permanent {
            // Made meanwhile.
            guard let id = try await existingSchema() else { throw error }
            return id
        }
    }

    private func existingSchema() async throws(SyncError) -> String? {
        if let schema { return schema }
        let rows = try await feature.list("customObjects/schemas", key: "schemas")
        guard let row = rows.first(where: Self.isOurs), let id = row["id"]?.textValue else { return nil }
        let present = Set((row["fields"]?.arrayValue ?? []).compactMap { $0["id"]?.textValue })
        let relations = (row["relationships"]?.arrayValue ?? []).compactMap { $0["id"]?.textValue }
        let missing =
            Self.fields.map(\.id).filter { !present.contains($0) } + [Self.relationship].filter { !relations.contains($0) }
        guard missing.isEmpty else {
            throw SyncError(
                .schema, code: "opportunity-schema",
                message: "ActiveCampaign's custom object \(Self.label) lacks \(missing.joined(separator: ", "))", fields: missing)
        }
        schema = id
        return id
    }

    private static func isOurs(_ row: JSONValue) -> Bool {
        row["slug"]?.stringValue == slug
            || row["labels"]?["singular"]?.stringValue?.lowercased() == label.lowercased()
    }

    private static let definition: JSONValue = [
        "schema": [
            "slug": .string(slug), "labels": ["singular": .string(label), "plural": "CRM Opportunities"],
            "description": "Opportunities of the CRM, kept up to date by Tandem",
            "fields": .array(fields.map(definition)),
            "relationships": [
                [
                    "id": .string(relationship), "labels": ["singular": "Primary Contact", "plural": "Primary Contacts"],
                    "namespace": "contacts", "hasMany": false,
                ]
            ],
        ]
    ]

    private static func definition(_ field: (id: String, label: String, plural: String, type: String)) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(field.id), "labels": ["singular": .string(field.label), "plural": .string(field.plural)],
            "type": .string(field.type), "required": false,
        ]
        // How many decimals a number keeps.
        if field.type == "number" { members["scale"] = 2 }
        return .object(members)
    }
}
