import Contracts
import Foundation
import GRDB
import SyncCore

extension Row {
    /// The column at `index`; throws where GRDB's subscript would trap.
    func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(_ index: Int) throws -> Value {
        try decode(atIndex: index)
    }

    func timestamp(_ index: Int) throws -> Timestamp { Timestamp(milliseconds: try decode(Int64.self, atIndex: index)) }

    func optionalTimestamp(_ index: Int) throws -> Timestamp? {
        try decode(Int64?.self, atIndex: index).map(Timestamp.init(milliseconds:))
    }

    /// The JSON text in the column at `index`.
    func json(_ index: Int) throws -> JSONValue { try JSONValue.parse(Array(decode(String.self, atIndex: index).utf8)) }

    /// The column as the case of an enumeration whose raw value it holds.
    func named<Case: RawRepresentable<String>>(_ index: Int) throws -> Case {
        let name: String = try decode(atIndex: index)
        guard let value = Case(rawValue: name) else { throw StoreError.unreadable("the \(Case.self) \(name)") }
        return value
    }

    func optionallyNamed<Case: RawRepresentable<String>>(_ index: Int) throws -> Case? {
        try hasValue(index) ? named(index) as Case : nil
    }

    /// The column as ``codableText(_:)`` wrote it.
    func codable<Value: Decodable>(_ index: Int) throws -> Value {
        try decodedText(decode(String.self, atIndex: index))
    }

    func optionallyCodable<Value: Decodable>(_ index: Int) throws -> Value? {
        try hasValue(index) ? codable(index) as Value : nil
    }

    private func hasValue(_ index: Int) throws -> Bool { try !decode(DatabaseValue.self, atIndex: index).isNull }
}

extension JSONValue {
    /// As it is stored.
    var text: String { String(decoding: serialized(), as: UTF8.self) }
}

/// Values that are stored by their `Codable` form: few rows, many parts.
func codableText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// Reads ``codableText(_:)`` back.
func decodedText<Value: Decodable>(_ text: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(text.utf8))
}

/// The state of a queued row or task, as it is stored. Statements name it as a literal: the indexes of one state only are
/// found that way.
enum QueueState: Int64 {
    case ready = 0
    /// Waits for its `next_at` after a failure that may pass.
    case delayed = 1
    /// Waits for someone to look at its error.
    case parked = 2
    /// On its way in an import or a bulk job: its turn comes when that is settled.
    case importing = 3
    /// A tag that was put on, remembered for a while: what marketing tells late may be from before it.
    case done = 4

    init(_ row: Row, _ index: Int) throws {
        let stored: Int64 = try row.value(index)
        guard let state = QueueState(rawValue: stored) else { throw StoreError.unreadable("the queue state \(stored)") }
        self = state
    }
}

extension Direction {
    var stored: Int64 {
        switch self {
        case .inbound: 0
        case .outbound: 1
        }
    }
}

extension Database {
    /// Runs a statement that is prepared once per connection.
    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// The rows of a statement that is prepared once per connection, each turned into a value.
    func rows<Value>(_ sql: String, _ arguments: StatementArguments, _ value: (Row) throws -> Value) throws -> [Value] {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        var values: [Value] = []
        while let row = try cursor.next() { values.append(try value(row)) }
        return values
    }

    func firstRow<Value>(_ sql: String, _ arguments: StatementArguments, _ value: (Row) throws -> Value) throws -> Value? {
        // Not a cursor: its row would not outlive it.
        try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments).map(value)
    }
}

/// Looks up many keys with few statements.
enum KeyBatch {
    /// Few sizes, so that few statements are prepared; a short batch repeats its last key.
    private static let sizes = [1, 16, 256]

    /// Calls `body` with batches of `keys` and the placeholders for them: `?,?,…`.
    static func forEach(_ keys: [String], _ body: (_ placeholders: String, _ keys: [String]) throws -> Void) throws {
        var rest = keys[...]
        while let last = rest.last {
            let size = sizes.first { $0 >= rest.count } ?? 256
            let batch = rest.prefix(size)
            rest = rest.dropFirst(size)
            let padding = repeatElement(last, count: size - batch.count)
            try body(repeatElement("?", count: size).joined(separator: ","), Array(batch) + padding)
        }
    }
}
