import Contracts

/// Payloads as ActiveCampaign posts them, in the order and spelling of captured deliveries.
enum Payload {
    static let received = Timestamp(milliseconds: 1_780_000_000_123)

    /// Encodes as PHP's `http_build_query` does: everything but letters, digits, `-`, `_` and `.` is escaped.
    static func form(_ pairs: [(String, String)]) -> [UInt8] {
        Array(pairs.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&").utf8)
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch Character(UnicodeScalar(byte)) {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": String(UnicodeScalar(byte))
            case " ": "+"
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }

    static func prefix(_ type: String, at time: String = "2026-05-28T07:04:13-06:00") -> [(String, String)] {
        [("type", type), ("date_time", time), ("initiated_from", "admin"), ("initiated_by", "admin"), ("list", "0")]
    }

    static let contact = [
        ("contact[id]", "10"), ("contact[email]", "ann@acme.test"), ("contact[first_name]", "Ann"), ("contact[last_name]", "Lee"),
        ("contact[phone]", ""), ("contact[ip]", "0.0.0.0"), ("contact[tags]", "vip, crm"), ("contact[customer_acct_name]", ""),
        ("contact[orgname]", ""), ("customer_acct_name", ""), ("customer_acct_id", "0"), ("orgname", ""),
    ]

    static let fields = [("contact[fields][7]", "Gold"), ("contact[fields][9]", "||Red||Blue||")]

    static let update = form(prefix("update") + contact + fields)

    static let listAdd = form(
        prefix("list_add").filter { $0.0 != "list" } + [("list[id]", "3"), ("list[name]", "News"), ("list[sender_name]", "Acme")])

    static let unsubscribe = form(
        prefix("unsubscribe") + contact + [
            ("list[0][id]", "3"), ("form[id]", "0"), ("unsubscribe[reason]", ""), ("active_subscriptions[0]", "4"),
        ])

    /// An automation's "Webhook" step: no type, custom fields under their lower-cased personalisation tags.
    static let step = form([
        ("contact[id]", "10"), ("contact[email]", "ann@acme.test"), ("contact[first_name]", "Ann"), ("contact[last_name]", "Lee"),
        ("contact[phone]", "+1 555"), ("contact[orgname]", "Acme"), ("contact[customer_acct_name]", "Acme Inc."),
        ("contact[tags]", "vip"), ("contact[ip4]", "0.0.0.0"), ("contact[fields][income]", "$1,234.50"), ("seriesid", "44"),
    ])

    static let json = Array(
        """
        {"data":{"contact_id":10,"email":"ann@acme.test","first_name":"Ann","lastName":"Lee","account_name":"Acme",
        "field:7":"Gold","income":1234.5,"city":null,"tags":["vip"," crm "]},"action":"create-lead","automation_id":"44"}
        """.utf8)
}
