import Foundation
public import Sandbox
import SyncCore

// How what a script is made of looks in its text. Durations are seconds there; the compiler's own coding of scripts takes these
// functions, which are closer than those of the standard library.
extension KeyedEncodingContainer {
    mutating func encode(_ value: Duration, forKey key: Key) throws { try encode(value.seconds, forKey: key) }

    mutating func encodeIfPresent(_ value: Duration?, forKey key: Key) throws {
        try encodeIfPresent(value?.seconds, forKey: key)
    }
}

extension KeyedDecodingContainer {
    func decode(_ type: Duration.Type, forKey key: Key) throws -> Duration {
        Duration(seconds: try decode(Double.self, forKey: key))
    }

    func decodeIfPresent(_ type: Duration.Type, forKey key: Key) throws -> Duration? {
        try decodeIfPresent(Double.self, forKey: key).map { Duration(seconds: $0) }
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(wholeMilliseconds) / 1000 }

    fileprivate init(seconds: Double) { self = .milliseconds(Int64((seconds * 1000).rounded())) }
}

/// A fault is a word and, where it has one, its number.
extension Fault: Codable {
    private static let plain: [Fault] = [
        .hangUpBefore, .hangUpAfter, .unavailable, .internalError, .throttled, .quotaExceeded, .unauthorized, .emptyBody,
        .loseJob,
    ]

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let words = try container.decode(String.self).split(separator: " ")
        let fault: Fault? =
            switch (words.first, words.count > 1 ? Int(words[1]) : nil) {
            case ("lockRow", let row?): .lockRow(row)
            case ("slow", let milliseconds?): .slow(.milliseconds(milliseconds))
            case ("cut", let bytes?): .cut(afterBytes: bytes)
            case ("failJob", let rows?): .failJob(afterRows: rows)
            case (let name, _): Self.plain.first { $0.name == name ?? "" }
            }
        guard let fault else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "no fault") }
        self = fault
    }

    public func encode(to encoder: any Encoder) throws {
        let number: Int64? =
            switch self {
            case .lockRow(let row): Int64(row)
            case .slow(let duration): duration.wholeMilliseconds
            case .cut(let bytes): Int64(bytes)
            case .failJob(let rows): Int64(rows)
            default: nil
            }
        var container = encoder.singleValueContainer()
        try container.encode(name + (number.map { " \($0)" } ?? ""))
    }
}

/// Only what differs from a calm setting.
extension Setting: Codable {
    private enum Key: String, CodingKey {
        case processes, skews, crmSkew, order, window, requestsPerSecond, dailyLimit, contactSelection, accounts, opportunities
        case marksEdits, runs, inboundBulkFrom, mirrorsActivities, lease, pollInterval
    }

    private struct Window: Codable {
        var records: Int
        var seconds: Double
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func read<Value: Decodable>(_ value: inout Value, _ key: Key) throws {
            value = try container.decodeIfPresent(Value.self, forKey: key) ?? value
        }
        self.init()
        try read(&processes, .processes)
        skews = try container.decodeIfPresent([String: Double].self, forKey: .skews)?.mapValues { Duration(seconds: $0) } ?? skews
        crmSkew = try container.decodeIfPresent(Duration.self, forKey: .crmSkew) ?? crmSkew
        try read(&order, .order)
        if let coded = try container.decodeIfPresent(Window.self, forKey: .window) {
            window = BatchWindow(records: coded.records, interval: Duration(seconds: coded.seconds))
        }
        try read(&requestsPerSecond, .requestsPerSecond)
        try read(&dailyLimit, .dailyLimit)
        try read(&contactSelection, .contactSelection)
        try read(&accounts, .accounts)
        try read(&opportunities, .opportunities)
        try read(&marksEdits, .marksEdits)
        try read(&runs, .runs)
        try read(&inboundBulkFrom, .inboundBulkFrom)
        try read(&mirrorsActivities, .mirrorsActivities)
        lease = try container.decodeIfPresent(Duration.self, forKey: .lease) ?? lease
        pollInterval = try container.decodeIfPresent(Duration.self, forKey: .pollInterval) ?? pollInterval
    }

    func encode(to encoder: any Encoder) throws {
        let calm = Setting()
        var container = encoder.container(keyedBy: Key.self)
        func write<Value: Encodable & Equatable>(_ value: Value, unless usual: Value, _ key: Key) throws {
            if value != usual { try container.encode(value, forKey: key) }
        }
        try write(processes, unless: calm.processes, .processes)
        try write(skews.mapValues(\.seconds), unless: calm.skews.mapValues(\.seconds), .skews)
        try write(crmSkew.seconds, unless: calm.crmSkew.seconds, .crmSkew)
        try write(order, unless: calm.order, .order)
        if window != calm.window {
            try container.encode(Window(records: window.records, seconds: window.interval.seconds), forKey: .window)
        }
        try write(requestsPerSecond, unless: calm.requestsPerSecond, .requestsPerSecond)
        try write(dailyLimit, unless: calm.dailyLimit, .dailyLimit)
        try write(contactSelection, unless: calm.contactSelection, .contactSelection)
        try write(accounts, unless: calm.accounts, .accounts)
        try write(opportunities, unless: calm.opportunities, .opportunities)
        try write(marksEdits, unless: calm.marksEdits, .marksEdits)
        try write(runs, unless: calm.runs, .runs)
        try write(inboundBulkFrom, unless: calm.inboundBulkFrom, .inboundBulkFrom)
        try write(mirrorsActivities, unless: calm.mirrorsActivities, .mirrorsActivities)
        try write(lease.seconds, unless: calm.lease.seconds, .lease)
        try write(pollInterval.seconds, unless: calm.pollInterval.seconds, .pollInterval)
    }
}
