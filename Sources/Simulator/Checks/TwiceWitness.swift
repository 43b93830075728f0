import Contracts
import Sandbox

/// GEN-6: nothing is created that is there already.
struct TwiceWitness: TrafficWitness {
    let seat: WitnessSeat

    func sees(_ answer: CRMAnswer?, to call: CRMCall, of process: String) async {
        for row in call.rows where row.id == nil {
            guard let person = row.person, answer?.result(of: row)?.isSuccess ?? true else { continue }
            let records = await seat.salesforce.records(row.object)
            let own = records.filter { CRMRow.person(in: $0[CRMRow.externalID]) == person }.compactMap { $0["Id"]?.text }
            if own.count > 1 { fail("\(process) made \(own.joined(separator: " and ")) for contact \(person)") }
        }
    }

    /// A new contact is one too many when every record with its address belongs to another contact that lives.
    func sees(_ answer: MarketingAnswer?, to call: MarketingCall, of process: String) async {
        guard call.path == ["contact", "sync"], answer?.status == 201, let id = answer?.contactID,
            let email = call.contacts.first?.email
        else { return }
        var others: [String] = []
        for object in ["Contact", "Lead"] {
            for record in await seat.salesforce.records(object) where record["Email"]?.text?.lowercased() == email {
                guard record["IsConverted"] != true else { continue }
                guard let person = CRMRow.person(in: record[CRMRow.externalID]), person != id,
                    await seat.marketing.person(id: person) != nil
                else { return }
                others.append(person)
            }
        }
        if let other = others.first { fail("\(process) made contact \(id) of a record that is contact \(other)'s") }
    }

    private func fail(_ what: String) { seat.referee.fail(.nothingTwice, what) }
}
