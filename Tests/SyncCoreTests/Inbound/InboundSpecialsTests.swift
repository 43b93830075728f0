import Contracts
import Testing

@testable import SyncCore

@Suite("Inbound next to outbound")
struct InboundSpecialsTests {
    private static let agreed = ResolvePersonTests.agreed

    private func resolve(
        _ change: PendingChange, link: Link, crm: CRMRecord, mappings: [FieldMapping] = MappingSet.defaults.contact
    )
        -> InboundResolution
    {
        InboundRules.resolve(
            change, target: InboundTarget(object: link.object, kind: .update, link: link), crm: crm, candidates: [],
            matching: .email, mappings: mappings, crmSchema: contactFields, marketingSchema: marketingFields, profile: profile,
            now: at(1000))
    }

    @Test("OUT-8 a person deleted in marketing ends every live link; the CRM keeps its records")
    func deletion() {
        var ended = linked(.lead, crmID: "00Q", state: .ended)
        ended.endedBy = .converted
        let links = InboundRules.linksEnded(by: SyncCoreTests.deletion(at: 5), links: [.contact: linked(), .lead: ended])
        #expect(
            links.map(\.object) == [.contact] && links.map(\.endedBy) == [.marketingDeleted] && links.map(\.state) == [.ended])
        #expect(InboundRules.linksEnded(by: change(at: 5), links: [.contact: linked()]).isEmpty)
    }

    @Test(
        "GEN-5 what marketing says within two minutes of Tandem's own write is read back, unless it is as agreed on",
        arguments: [
            (100, "2", true), (220, "2", true), (221, "2", false), (50, "2", true), (100, "1", false), (100, " 1", false),
        ])
    func readBack(seconds: Int64, value: String, expected: Bool) {
        var link = linked(base: Self.agreed)
        let change = change(at: seconds, ["phone": .string(value)])
        func needsReadBack() -> Bool {
            InboundRules.needsReadBack(
                change, target: InboundTarget(object: .contact, kind: .update, link: link), mappings: MappingSet.defaults.contact,
                crmSchema: contactFields,
                marketingSchema: marketingFields)
        }
        #expect(!needsReadBack(), "Tandem wrote nothing")
        link.writtenAt = at(100)
        #expect(needsReadBack() == expected)
        let corrected = InboundRules.readBack(
            change, link: link, holding: ["Phone": "7"], marketingSchema: marketingFields, now: at(900))
        #expect(corrected.fields["phone"]?.value.stringValue == (seconds <= 220 ? "7" : value))
        #expect(
            corrected.fields["phone"]?.stamp
                == (seconds <= 220 ? Stamp(at: at(900), sequence: 0, isDated: false) : stamp(seconds)))
        link.seen = ["phone": stamp(300)]
        #expect(!needsReadBack(), "settled before")
    }

    @Test("IN-2 what may be older than what was settled does not count once the person is gone from marketing")
    func goneFromMarketing() {
        var link = linked(base: Self.agreed)
        link.seen = ["phone": stamp(100), "firstName": stamp(90)]
        func fields(_ change: PendingChange) -> [String] {
            InboundRules.withoutOvertaken(change, link: link, marketingSchema: marketingFields).fields.keys.sorted()
        }
        let change = change(at: 100, ["Phone": "2", "firstName": "2", "lastName": "2"])
        #expect(fields(change) == ["firstName", "lastName"], "of the phone nobody knows which was last")
        link.writtenAt = at(95)
        #expect(fields(change).isEmpty, "all may be from before Tandem's own write")
    }

    @Test(
        "IN-2 what may be older than what was settled is read back where it says something else",
        arguments: [
            (change(at: 5, ["phone": "2"], sequence: 1), stamp(5), true), (change(at: 5, ["phone": "2"]), stamp(5, 1), true),
            (change(at: 5, ["phone": "1"]), stamp(5, 1), false), (change(at: 5, ["phone": "2"]), stamp(5), false),
            (change(at: 6, ["phone": "2"]), stamp(5), false), (change(at: 4, ["phone": "2"]), stamp(5), false),
            (change(at: 9, ["phone": "2"], isDated: false), stamp(5), true),
            (change(at: 9, ["phone": "1"], isDated: false), stamp(5), false),
            (change(at: 4, ["phone": "2"]), Stamp(at: at(5), sequence: 0, isDated: false), true),
            (change(at: 125, ["phone": "2"]), Stamp(at: at(5), sequence: 0, isDated: false), true),
            (change(at: 126, ["phone": "2"]), Stamp(at: at(5), sequence: 0, isDated: false), false),
        ])
    func unordered(change: PendingChange, seen: Stamp, expected: Bool) {
        let link = linked(base: Self.agreed, seen: ["phone": seen])
        #expect(
            InboundRules.needsReadBack(
                change, target: InboundTarget(object: .contact, kind: .update, link: link),
                mappings: MappingSet.defaults.contact, crmSchema: contactFields, marketingSchema: marketingFields) == expected)
        let isNews = InboundRules.triage(change, of: ann, links: [.contact: link], profile: profile) != .drop(.stale)
        #expect(isNews || !expected, "what is read back is not dropped before")
    }

    @Test("IN-2 what contradicts a value while that is being settled is read back afterwards", arguments: [true, false])
    func contradictedMeanwhile(isContested: Bool) {
        var waiting = change(at: 9, ["phone": "1"], isDated: false)
        waiting.merge(change(at: 5, ["phone": isContested ? "2" : "1"]))
        let link = linked(base: Self.agreed, seen: ["phone": Stamp(at: at(9), sequence: 0, isDated: false)])
        #expect(
            InboundRules.needsReadBack(
                waiting, target: InboundTarget(object: .contact, kind: .update, link: link),
                mappings: MappingSet.defaults.contact, crmSchema: contactFields, marketingSchema: marketingFields) == isContested)
        func isNews(_ change: PendingChange) -> Bool {
            InboundRules.triage(change, of: ann, links: [.contact: link], profile: profile) != .drop(.stale)
        }
        #expect(isNews(waiting) == isContested)
        // By the clock of whoever asks it may be earlier still.
        let known = InboundRules.readBack(
            waiting, link: link, holding: ["phone": "2"], marketingSchema: marketingFields, now: at(7))
        #expect(isNews(known) && known.fields["phone"]?.value == "2")
    }

    @Test("IN-2 changes that contradict each other are read back, for a person to be created too", arguments: [true, false])
    func contradiction(isNew: Bool) {
        var both = change(at: 5, ["phone": "1"])
        both.merge(change(at: 5, ["phone": "2"], sequence: 1))
        let link = isNew ? Link(creating: .contact, for: ann) : linked(base: Self.agreed)
        let target = InboundTarget(object: .contact, kind: isNew ? .create : .update, link: link)
        func needsReadBack(_ change: PendingChange) -> Bool {
            InboundRules.needsReadBack(
                change, target: target, mappings: MappingSet.defaults.contact, crmSchema: contactFields,
                marketingSchema: marketingFields)
        }
        #expect(needsReadBack(both))
        let saysNothingNew = InboundRules.resolveWithoutCall(
            both, target: InboundTarget(object: .contact, kind: .update, link: linked(base: ["Phone": .text("2")])),
            mappings: MappingSet.defaults.contact, crmSchema: contactFields, marketingSchema: marketingFields)
        #expect(saysNothingNew == nil)
        #expect(needsReadBack(change(at: 5, ["phone": "1"], isDated: false)) == isNew, "what came before is not known of")
        let known = InboundRules.readBack(both, link: link, holding: ["phone": "1"], marketingSchema: marketingFields, now: at(6))
        #expect(known.fields["phone"]?.value == "1" && known.fields["phone"]?.isContested == false)
    }

    @Test("IN-6 a value that lost makes outbound look: what the CRM had before the field was mapped no poll would see")
    func touch() {
        let blank = change(at: 400, ["lastName": ""])
        let refused = resolve(blank, link: linked(base: Self.agreed), crm: person())
        #expect(refused.touch && refused.link.overruled == ["LastName"] && refused.decisions.map(\.reason) == [.requiredByCRM])
        #expect(!resolve(blank, link: linked(base: Self.agreed), crm: person(status: profile.waitingStatus)).touch)
        let conflict = resolve(
            change(at: 400, ["phone": "3"]), link: linked(base: Self.agreed), crm: person(["Phone": .text("2")]))
        #expect(conflict.touch && conflict.link.overruled == ["Phone"])
    }

    @Test("MAP-10 what only fills empty fields leaves both sides their own, unless marketing's is empty", arguments: ["9", ""])
    func fillEmptyOnly(value: String) {
        let mappings = [FieldMapping(marketing: "phone", crm: "Phone", rule: .fillEmptyOnly)]
        let resolution = resolve(
            change(at: 400, ["phone": .string(value)]), link: linked(base: Self.agreed), crm: person(), mappings: mappings)
        #expect(resolution.decisions.map(\.reason) == [.notEmpty] && (resolution.link.overruled == ["Phone"]) == value.isEmpty)
    }

    @Test("IN-6 MAP-10 what only fills empty fields is not written over, not even while the record waits")
    func fillEmptyOnlyWaiting() {
        let mappings = [FieldMapping(marketing: "phone", crm: "Phone", rule: .fillEmptyOnly)]
        let waiting = person(status: profile.waitingStatus)
        let resolution = resolve(
            change(at: 400, ["phone": "9"]), link: linked(base: Self.agreed), crm: waiting, mappings: mappings)
        #expect(resolution.write.isEmpty && resolution.link.overruled.isEmpty)
    }

    @Test("OUT-6 a write says that the record is in step, unless it says so or waits")
    func status() {
        func status(_ before: String?) -> String? {
            resolve(change(at: 400, ["phone": "3"]), link: linked(base: Self.agreed), crm: person(status: before)).syncStatus
        }
        #expect(
            status(nil) == "Synced successfully" && status("SYNCED successfully") == nil && status(profile.waitingStatus) == nil)
    }

    @Test("OUT-5 a change for a converted lead waits until outbound moved its link")
    func convertedLead() {
        var record = person()
        record.object = .lead
        record.isConverted = true
        let link = linked(.lead, base: Self.agreed)
        let resolution = resolve(change(at: 400, ["phone": "3"]), link: link, crm: record)
        guard case .failed(let error) = resolution.outcome else { Issue.record("not failed"); return }
        #expect(error.code == "lead-converted" && error.errorClass == .transient && resolution.touch && resolution.link == link)
    }

    @Test("IN-5 a converted lead that nothing links any more does not wait for outbound: it is parked")
    func convertedLeadOfNobody() {
        var record = person()
        record.object = .lead
        (record.isConverted, record.externalID) = (true, "acme:99")
        let link = linked(.lead, base: Self.agreed, state: .creating)
        guard case .failed(let error) = resolve(change(at: 400, ["phone": "3"]), link: link, crm: record).outcome else {
            Issue.record("not failed")
            return
        }
        #expect(error.code == "lead-converted" && error.errorClass == .permanent)
    }

    @Test("GEN-6 OUT-5 a lead that was converted before the answer to its creation came is known all the same, and moves on")
    func convertedBeforeTheAnswer() {
        var record = person()
        (record.object, record.isConverted, record.externalID) = (.lead, true, "acme:10")
        var link = Link(creating: .lead, for: ann)
        link.sent = ["Phone": .text("1"), "FirstName": .text("Other")]
        let resolution = resolve(change(at: 400, ["phone": "3"]), link: link, crm: record)
        #expect(resolution.outcome == .adopt && !resolution.needsWrite && resolution.touch && resolution.touchesPerson)
        #expect(resolution.link.state == .linked && resolution.link.crmID == record.id)
        #expect(resolution.link.base == ["Phone": .text("1")], "what it holds of what was sent")
    }

    @Test(
        "GEN-5 values that come back rewritten are counted",
        arguments: [
            ("firstName", " ANN", 1), ("phone", "(1)", 1), ("firstName", "Anna", 0), ("phone", "12", 0), ("firstName", "Ann", 0),
        ])
    func nearMiss(field: String, value: String, expected: Int) {
        var link = linked(base: Self.agreed)
        let change = change(at: 400, [field: .string(value)])
        #expect(resolve(change, link: link, crm: person()).nearMisses == 0)
        link.writtenAt = at(390)
        #expect(resolve(change, link: link, crm: person()).nearMisses == expected)
    }

    @Test("GEN-5 the same to and fro freezes a field for both directions")
    func frozen() {
        var link = linked(base: Self.agreed)
        link.trails["Phone"] = FieldTrail(lastWritten: .marketing, flips: 5, repeats: 5, values: [.text("2"), .text("1")])
        let frozen = resolve(change(at: 400, ["phone": "2"]), link: link, crm: person())
        #expect(frozen.outcome == .unchanged && frozen.frozen == ["Phone"] && frozen.decisions.map(\.reason) == [.frozen])
        let again = resolve(change(at: 401, ["phone": "2"]), link: frozen.link, crm: person())
        #expect(again.frozen.isEmpty && again.decisions.map(\.reason) == [.frozen] && again.link.overruled.isEmpty)
        let thawed = resolve(change(at: 402, ["phone": "3"]), link: again.link, crm: person())
        #expect(thawed.write == ["Phone": .text("3")] && thawed.link.trails["Phone"]?.isFrozen == false)
    }

    @Test("MAP-4 an account's change is merged like any other; without a link nothing is created")
    func account() {
        func resolve(_ link: Link?, _ record: CRMRecord?) -> InboundResolution? {
            InboundRules.resolveAccount(
                change(at: 400, ["phone": "3"]), link: link, crm: record, mappings: MappingSet.defaults.contact,
                crmSchema: contactFields, marketingSchema: marketingFields, profile: profile, now: at(1000))
        }
        let link = linked(.account, base: Self.agreed)
        let resolution = resolve(link, person(status: nil, externalID: nil))
        #expect(
            resolution?.write == ["Phone": .text("3")] && resolution?.stampsExternalID == false && resolution?.syncStatus == nil)
        #expect(resolve(nil, person()) == nil && resolve(linked(.account, state: .ended), person()) == nil)
        guard case .failed = resolve(link, nil)?.outcome else { Issue.record("not failed"); return }
    }

    @Test("GEN-5 trails are stored and read back; anything else is refused")
    func stored() throws {
        var link = linked()
        link.trails = [
            "Phone": FieldTrail(lastWritten: .crm, flips: 3, repeats: 2, values: [.blank, .text("1")], isFrozen: true),
            "A": FieldTrail(lastWritten: .marketing),
        ]
        #expect(Link.trails(from: try JSONValue.parse(link.trailsJSON.serialized())) == link.trails)
        for bad: JSONValue in [
            1, ["A": 1], ["A": ["crm", 1, 1, true]], ["A": ["nobody", 1, 1, true, []]], ["A": ["crm", -1, 1, true, []]],
        ] {
            #expect(Link.trails(from: bad) == nil)
        }
    }

    @Test("GEN-6 external IDs name people of their own integration; people are found by email")
    func identities() {
        #expect(
            Link.marketingID(in: "acme:10", integration: "acme") == "10"
                && Link.marketingID(in: "ACME:10", integration: "acme") == "10")
        for other in ["acme:", "acme", "acm:10", "acme-2:10", "", ":10"] {
            #expect(Link.marketingID(in: other, integration: "acme") == nil)
        }
        #expect(linked(base: ["Email": .text(" Ann@Acme.test ")]).email == "ann@acme.test" && linked(base: [:]).email == nil)
    }
}
