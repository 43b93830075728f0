import Foundation
import SwiftCSV

/// A person of the demo, as a marketing account would hold them: all text, with the dirt of real life.
struct DemoPerson: Sendable, Equatable {
    var firstName: String
    var lastName: String
    var email: String
    var phone: String
    var birthDate: String
    var occupation: String
    var income: String
    var company: String
}

/// Where the demo's people come from.
enum DemoPeople {
    /// A small made-up crowd with the usual dirt: names beyond ASCII, dates and amounts of several countries.
    static func invented(_ count: Int) -> [DemoPerson] {
        (0..<count).map { index in
            let first = firstNames[index % firstNames.count]
            let last = lastNames[(index / firstNames.count + index * 7) % lastNames.count]
            let (year, month, day) = (1950 + index % 50, index % 12 + 1, index % 28 + 1)
            let birthDates = [
                "\(year)-\(two(month))-\(two(day))", "\(month)/\(day)/\(year)", "\(two(day)).\(two(month)).\(year)",
            ]
            let thousands = 20 + index * 13 % 180
            let incomes = ["\(thousands)000", "\(thousands),000", "$\(thousands),000.50", "\(thousands).000,50 €"]
            return DemoPerson(
                firstName: first, lastName: last, email: "\(first).\(last).\(index)@example.com".lowercased(),
                phone: "+1 555 \(two(index % 100))-\(1000 + index)", birthDate: birthDates[index % birthDates.count],
                occupation: occupations[index % occupations.count], income: incomes[index % incomes.count],
                company: companies[index % companies.count])
        }
    }

    /// Reads people from a CSV file with a header row: `first_name, last_name, email, phone, birth_date, occupation,
    /// annual_income` and optionally `company`; other columns are ignored.
    static func file(_ path: String) throws -> [DemoPerson] {
        let csv = try CSV<Named>(url: URL(fileURLWithPath: path), encoding: .utf8)
        for column in ["first_name", "last_name", "email"] where !csv.header.contains(column) {
            throw DemoError("\(path): there is no column \(column); the header has \(csv.header.joined(separator: ", "))")
        }
        return csv.rows.enumerated().map { index, row in
            DemoPerson(
                firstName: row["first_name"] ?? "", lastName: row["last_name"] ?? "", email: row["email"] ?? "",
                phone: row["phone"] ?? "", birthDate: row["birth_date"] ?? "", occupation: row["occupation"] ?? "",
                income: row["annual_income"] ?? "", company: row["company"] ?? companies[index % companies.count])
        }
    }

    /// Somebody whose phone number either vendor's automation writes in its own way, again and again.
    static let contested = DemoPerson(
        firstName: "Bo", lastName: "Unsettled", email: "bo.unsettled@example.com", phone: "5550100100", birthDate: "",
        occupation: "", income: "", company: "")

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let firstNames = [
        "Ada", "Béla", "Chloé", "Dmitri", "Eszter", "Farid", "Grace", "Hiro", "Inés", "Jörg", "Kateřina", "Léa", "Mei", "Niamh",
        "Olu", "Paweł", "Quinn", "Rosa", "Søren", "Tomás", "Ulla", "Vera", "Wang", "Ximena", "Yusuf", "Zoë",
    ]
    private static let lastNames = [
        "Almeida", "Brontë", "Castillo", "Dvořák", "Eriksen", "Faure", "García", "Hansen", "Ito", "Jansen", "Kowalski", "Lind",
        "Müller", "Nuñez", "O'Brien", "Petrov", "Quist", "Rossi", "Šimić", "Tanaka", "Usman", "Varga", "Weiß", "Young", "Zhang",
    ]
    private static let occupations = ["Skilled Manual", "Professional", "Clerical", "Management", "Manual"]
    private static let companies = [
        "Northwind Cycles", "Blue Heron Outfitters", "Atelier Lumière", "Kestrel & Sons", "Mistral Bikes", "Old Harbour Trading",
    ]
}

/// A demo that cannot go on, for the person who started it.
struct DemoError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
