import Contracts
import EventLog
import Playground
import Sandbox
import SyncCore

/// Events of the size and shape the gateway makes, for the benches.
enum BenchEvents {
    /// A change of the person with this number; `edit` parts the changes of one person.
    static func change(person: Int, edit: Int, at now: Timestamp) -> EncodedMessage {
        encode(
            .recordChange(
                RecordChange(key: key(person), occurredAt: now, fields: fields(person: person, edit: edit))),
            id: "\(person)-\(edit)")
    }

    /// An automation's asking to create the person as a contact.
    static func creation(person: Int, at now: Timestamp) -> EncodedMessage {
        encode(
            .automationAction(
                AutomationAction(
                    key: key(person), action: person.isMultiple(of: 2) ? .createContact : .createLead, occurredAt: now,
                    fields: fields(person: person, edit: 0))), id: "create-\(person)")
    }

    /// The person with this number as a contact of the CRM.
    static func contact(_ person: Int) -> [String: SandboxValue] {
        [
            "FirstName": "Ann", "LastName": .string("Lee \(person)"), "Email": .string("person.\(person)@example.com"),
            "Phone": "+1 555 0100", "AnnualIncome__c": .number(Double(20_000 + person % 80 * 1000)), "BirthDate__c": "1966-04-08",
            "Occupation__c": "Professional",
        ]
    }

    private static func key(_ person: Int) -> RecordKey {
        RecordKey(integration: Playground.integration, object: "contact", recordID: String(person))
    }

    private static func fields(person: Int, edit: Int) -> [String: JSONValue] {
        [
            "email": .string("person.\(person)@example.com"), "firstName": .string("Ann-\(edit)"),
            "lastName": .string("Lee \(person)"),
            "phone": "+1 555 0100", "accountName": "Northwind Cycles", "field:1": .string("\(20 + edit % 80),000"),
            "field:2": "1966-04-08", "field:3": "Professional",
        ]
    }

    private static func encode(_ message: Message, id: String) -> EncodedMessage {
        EventCodec.encode(Event(attributes: EventAttributes(id: id, source: "/tandem/bench"), message: message))
    }
}
