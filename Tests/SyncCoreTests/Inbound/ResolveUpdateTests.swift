import Contracts
import Foundation
import Testing

@testable import SyncCore

@Suite("What is written to a linked record")
struct ResolveUpdateTests {
    private static let agreed: [String: FieldValue] = [
        "Email": .text("ann@acme.test"), "FirstName": .text("Ann"), "LastName": .text("Lee"), "Phone": .text("1"),
    ]

    private func record(_ changes: [String: FieldValue] = [:], status: String? = nil, externalID: String? = "acme:10")
        -> CRMRecord
    {
        var values = Self.agreed.merging(["Income__c": .blank, "News__c": .boolean(false)]) { $1 }
        values.merge(changes) { $1 }
        return CRMRecord(
            object: .contact, id: "003A", values: values, externalID: externalID, syncStatus: status, modifiedAt: at(50))
    }

    private func resolve(
        _ change: PendingChange, link: Link = linked(base: agreed), crm: CRMRecord?,
        mappings: [FieldMapping] = MappingSet.defaults[.contact],
        now: Int64 = 100
    ) -> InboundResolution {
        InboundRules.resolve(
            change, target: InboundTarget(object: .contact, kind: .update, link: link), crm: crm, candidates: [],
            matching: .email,
            mappings: mappings, crmSchema: contactFields, marketingSchema: marketingFields, profile: profile, now: at(now))
    }

    private func mapped(_ marketing: String, _ crm: String, _ rule: ConflictRule = .crmWins, direction: MappingDirection = .both)
        -> [FieldMapping]
    {
        [FieldMapping(marketing: marketing, crm: crm, direction: direction, rule: rule)]
    }

    @Test("IN-6 edits of different fields on the two sides both survive")
    func bothSurvive() {
        let resolution = resolve(change(at: 1, ["phone": "2", "firstName": "Ann"]), crm: record(["FirstName": .text("Anna")]))
        #expect(resolution.outcome == .update && resolution.targetID == "003A" && resolution.write == ["Phone": .text("2")])
        #expect(resolution.link.base["Phone"] == .text("2"))
        #expect(resolution.link.base["FirstName"] == .text("Ann"), "outbound must still see the CRM's change")
        #expect(resolution.link.overruled == ["FirstName"])
        #expect(
            resolution.decisions.map { "\($0.field) \($0.reason.rawValue)" }.sorted() == [
                "FirstName only-crm-changed", "Phone only-marketing-changed",
            ])
        #expect(resolution.link.seen == ["phone": stamp(1), "firstName": stamp(1)])
    }

    @Test("IN-6 our own write whose answer was lost is no edit of the CRM's", arguments: ["2", "4"])
    func ownWrite(arrived: String) {
        var link = linked(base: Self.agreed)
        link.sent = ["Phone": .text("2")]
        let crm = record(["Phone": .text(arrived)])
        let resolution = resolve(change(at: 2, ["phone": "3"]), link: link, crm: crm)
        #expect(resolution.write == (arrived == "2" ? ["Phone": .text("3")] : [:]), "anything else is an edit of the CRM's")
        #expect(resolution.link.sent.isEmpty)
        guard arrived == "2" else { return }
        // Should the answer be lost again, what arrived before must still be known.
        #expect(resolution.intent?.base["Phone"] == .text("2") && resolution.intent?.sent == resolution.write)
    }

    @Test("GEN-5 while a write may have arrived the CRM is asked, even for a value as agreed on before")
    func sentForbidsShortCut() {
        var link = linked(base: Self.agreed)
        func shortCut() -> InboundResolution? {
            InboundRules.resolveWithoutCall(
                change(at: 2, ["phone": "1"]), target: InboundTarget(object: .contact, kind: .update, link: link),
                mappings: MappingSet.defaults[.contact], crmSchema: contactFields, marketingSchema: marketingFields)
        }
        #expect(shortCut()?.outcome == .unchanged)
        link.sent = ["Phone": .text("2")]
        #expect(shortCut() == nil)
    }

    @Test("IN-6 in a conflict the CRM wins by default, and the marketing value waits to be overwritten")
    func conflict() {
        let resolution = resolve(change(at: 1, ["phone": "2"]), crm: record(["Phone": .text("3")]))
        #expect(resolution.outcome == .unchanged && resolution.write.isEmpty && !resolution.needsWrite)
        #expect(resolution.link.overruled == ["Phone"] && resolution.link.base["Phone"] == .text("1"))
        let decision = resolution.decisions.first
        #expect(
            decision?.json == [
                "field": "Phone", "marketingField": "phone", "reason": "conflict-crm-wins", "winner": "crm", "base": "1",
                "marketing": "2", "crm": "3",
            ])
        #expect(
            resolve(
                change(at: 1, ["phone": "2"]), crm: record(["Phone": .text("3")]),
                mappings: mapped("phone", "Phone", direction: .inbound)
            )
            .link.overruled.isEmpty, "outbound never writes this field")
    }

    @Test("IN-6 once both sides have the same again the mark is gone")
    func agreeing() {
        var link = linked(base: Self.agreed)
        link.overruled = ["Phone"]
        let resolution = resolve(change(at: 1, ["phone": "3"]), link: link, crm: record(["Phone": .text("3")]))
        #expect(resolution.outcome == .unchanged && resolution.decisions.isEmpty)
        #expect(resolution.link.overruled.isEmpty && resolution.link.base["Phone"] == .text("3"))
    }

    @Test(
        "IN-6 while the CRM record waits for outbound, marketing's changes are ignored",
        arguments: ["Waiting for next sync", "WAITING for next sync "])
    func waiting(status: String) {
        let mappings = MappingSet.defaults[.contact] + mapped("field:7", "Income__c", .marketingWins)
        let resolution = resolve(
            change(at: 1, ["phone": "2", "firstName": "Ann", "field:7": "abc"]), crm: record(status: status), mappings: mappings)
        #expect(resolution.outcome == .ignoredByConflict && resolution.write.isEmpty && !resolution.needsWrite)
        #expect(resolution.link.overruled == ["Phone", "Income__c"])
        #expect(resolution.link.base["Phone"] == .text("1"))
        #expect(resolution.link.seen["phone"] == stamp(1), "settled: it does not come back after the wait")
        #expect(resolution.decisions.map(\.reason) == [.crmWaiting, .crmWaiting])
        #expect(resolve(change(at: 1, ["phone": "2"]), crm: record(status: "Synced successfully")).outcome == .update)
    }

    @Test("GEN-3 unmapped and unknown fields are never written; aliases in any case are their field")
    func onlyMapped() {
        let fields: [String: JSONValue] = [
            "field:7": "5", "PERSTAG:income": "7", "perstag:unknown": "x", "Income__c": "9", "phone": "1",
        ]
        #expect(resolve(change(at: 1, fields), crm: record()).outcome == .unchanged)
        let mapping = mapped("Perstag:Income", "income__c")
        #expect(
            resolve(change(at: 1, ["PERSTAG:income": "7", "Income__c": "9"]), crm: record(), mappings: mapping).write == [
                "Income__c": .number(7)
            ])
        var both = change(at: 1, ["field:7": "5"])
        both.merge(change(at: 2, ["perstag:INCOME": "7"]))
        #expect(resolve(both, crm: record(), mappings: mapping).write == ["Income__c": .number(7)])
    }

    @Test("GEN-5 our own write coming back is settled without a call")
    func echo() {
        func withoutCall(_ fields: [String: JSONValue], _ link: Link = linked(base: Self.agreed)) -> InboundResolution? {
            InboundRules.resolveWithoutCall(
                change(at: 9, fields, tags: [gateTag, "vip"]), target: InboundTarget(object: .contact, kind: .update, link: link),
                mappings: MappingSet.defaults[.contact], crmSchema: contactFields, marketingSchema: marketingFields)
        }
        let echo = withoutCall(["email": "Ann@ACME.test", "phone": " 1", "lastName": "Lee", "field:7": "unmapped"])
        #expect(echo?.outcome == .unchanged && echo?.needsWrite == false)
        #expect(echo?.link.seen["phone"] == stamp(9) && echo?.link.tags?.value == [gateTag, "vip"])
        #expect(withoutCall(["phone": "2"]) == nil)
        #expect(withoutCall(["phone": ""]) == nil, "emptying a field is a change")
        #expect(withoutCall(["phone": "1"], linked(base: [:])) == nil, "never agreed on")
        #expect(
            withoutCall(["phone": "2"], linked(base: Self.agreed, seen: ["phone": stamp(9)]))?.outcome == .unchanged,
            "seen before")
        let creating = InboundTarget(object: .contact, kind: .create, link: Link(creating: .contact, for: ann))
        #expect(
            InboundRules.resolveWithoutCall(
                change(at: 9), target: creating, mappings: [], crmSchema: contactFields, marketingSchema: marketingFields) == nil)
    }

    @Test("GEN-6 a field settled by a newer change is not touched by an older one")
    func lateChange() {
        let link = linked(base: Self.agreed, seen: ["phone": stamp(5)])
        let resolution = resolve(change(at: 4, ["phone": "0", "firstName": "Anna"]), link: link, crm: record())
        #expect(resolution.write == ["FirstName": .text("Anna")] && resolution.link.seen["phone"] == stamp(5))
    }

    @Test("GEN-6 an email that changes is written to the linked record")
    func emailChanges() {
        let resolution = resolve(change(at: 1, ["email": "ann@new.test"]), crm: record())
        #expect(resolution.write == ["Email": .text("ann@new.test")] && resolution.targetID == "003A")
    }

    @Test("emptying a field flows, but not where the CRM insists on a value")
    func blanks() {
        let resolution = resolve(change(at: 1, ["phone": nil, "lastName": ""]), crm: record())
        #expect(resolution.write == ["Phone": .blank])
        #expect(resolution.decisions.first { $0.field == "LastName" }?.reason == .requiredByCRM)
        #expect(resolution.link.overruled == ["LastName"] && resolution.link.base["LastName"] == .text("Lee"))
    }

    @Test("an emptied checkbox is written as false, never as null")
    func checkbox() {
        let link = linked(base: ["News__c": .boolean(true)])
        let mappings = mapped("field:8", "News__c")
        #expect(
            resolve(change(at: 1, ["field:8": "||||"]), link: link, crm: record(["News__c": .boolean(true)]), mappings: mappings)
                .write
                == ["News__c": .boolean(false)])
        #expect(resolve(change(at: 1, ["field:8": ""]), link: link, crm: record(), mappings: mappings).outcome == .unchanged)
    }

    @Test("MAP-10 newest wins, where a marketing clock that runs ahead gains nothing")
    func newest() {
        func write(at seconds: Int64, now: Int64) -> [String: FieldValue] {
            resolve(
                change(at: seconds, ["phone": "2"]), crm: record(["Phone": .text("3")]),
                mappings: mapped("phone", "Phone", .newestWins), now: now
            ).write
        }
        #expect(write(at: 51, now: 100) == ["Phone": .text("2")])
        #expect(write(at: 50, now: 100) == [:] && write(at: 49, now: 100) == [:])
        #expect(write(at: 9_999, now: 50) == [:])
    }

    @Test("MAP-10 what is for review is neither written nor overwritten")
    func review() {
        let resolution = resolve(
            change(at: 1, ["phone": "2"]), crm: record(["Phone": .text("3")]), mappings: mapped("phone", "Phone", .review))
        #expect(
            resolution.outcome == .unchanged && resolution.link.overruled.isEmpty && resolution.link.base["Phone"] == .text("1"))
        #expect(resolution.decisions.map(\.reason) == [.conflictForReview])
    }

    @Test(
        "MAP-10 direction and scope hold for updates",
        arguments: [
            (MappingDirection.outbound, WriteScope.createAndUpdate, false), (.both, .createOnly, false),
            (.both, .updateOnly, true),
            (.inbound, .createAndUpdate, true),
        ])
    func scopes(direction: MappingDirection, scope: WriteScope, writes: Bool) {
        let mapping = FieldMapping(marketing: "phone", crm: "Phone", direction: direction, scope: scope)
        #expect(resolve(change(at: 1, ["phone": "2"]), crm: record(), mappings: [mapping]).write.isEmpty == !writes)
    }

    @Test("MAP-3 a value that cannot be read fails the record and leaves the link")
    func unreadable() {
        let link = linked(base: Self.agreed)
        let resolution = resolve(
            change(at: 1, ["field:7": "many", "phone": "2"]), link: link, crm: record(),
            mappings: MappingSet.defaults[.contact] + mapped("field:7", "Income__c"))
        guard case .failed(let error) = resolution.outcome else {
            Issue.record("\(resolution.outcome)")
            return
        }
        #expect(
            error
                == SyncError(
                    .permanent, code: "unreadable-value", message: "Income__c: cannot read \"many\": not a number",
                    fields: ["Income__c"]))
        #expect(resolution.link == link && resolution.write.isEmpty)
    }

    @Test("a record that is gone is a record error")
    func gone() {
        guard case .failed(let error) = resolve(change(at: 1, ["phone": "2"]), crm: nil).outcome else {
            Issue.record("must fail")
            return
        }
        #expect(error.code == "crm-record-not-found" && error.errorClass == .permanent && error.message.contains("003A"))
    }

    @Test("OPS-5 a field that vanished waits alone: the rest is written, and its change is not settled")
    func fieldMissing() {
        var hidden = record()
        hidden.values["Phone"] = nil
        let resolution = resolve(change(at: 1, ["phone": "2", "firstName": "Anna"]), crm: hidden)
        #expect(resolution.write == ["FirstName": .text("Anna")] && resolution.link.seen["phone"] == nil)
        #expect(resolution.decisions.first { $0.field == "Phone" }?.reason == .fieldMissing)
        #expect(
            resolve(change(at: 1, ["firstName": "x"]), crm: record(), mappings: mapped("firstName", "Gone__c")).outcome
                == .unchanged)
    }

    @Test("a read-only field keeps the CRM's value")
    func readOnly() {
        let resolution = resolve(
            change(at: 1, ["firstName": "x"]), crm: record(["Name": .text("Ann Lee")]),
            mappings: mapped("firstName", "Name", .marketingWins))
        #expect(resolution.write.isEmpty && resolution.decisions.map(\.reason) == [.notWritable])
    }

    @Test("a linked record without our external ID is stamped along with a write")
    func stamping() {
        #expect(resolve(change(at: 1, ["phone": "2"]), crm: record(externalID: nil)).stampsExternalID)
        #expect(!resolve(change(at: 1, ["phone": "2"]), crm: record()).stampsExternalID)
        #expect(!resolve(change(at: 1, ["phone": "1"]), crm: record(externalID: nil)).needsWrite)
    }

    @Test("IN-3 tags a change brings are kept on the link")
    func tags() {
        #expect(
            resolve(change(at: 1, ["phone": "2"], tags: [gateTag, "vip"]), crm: record()).link.tags
                == Stamped([gateTag, "vip"], stamp(1)))
    }
}
