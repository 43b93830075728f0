import Foundation
import SyncCore

/// An integration's settings as JSON for people: durations are written as configuration files write them.
struct SettingsText {
    let text: String

    init(_ settings: IntegrationSettings) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        text = String(decoding: try encoder.encode(Shown(settings: settings)), as: UTF8.self)
    }

    private struct Shown: Encodable {
        let settings: IntegrationSettings

        private enum Key: String, CodingKey { case name, profile, crm, marketing, inbound, outbound, runs, activities, mappings }
        private enum InboundKey: String, CodingKey { case window, matching, bulkFrom }
        private enum WindowKey: String, CodingKey { case records, interval }

        func encode(to encoder: any Encoder) throws {
            var root = encoder.container(keyedBy: Key.self)
            try root.encode(settings.name, forKey: .name)
            try root.encode(settings.profile, forKey: .profile)
            try root.encode(settings.crm, forKey: .crm)
            try root.encode(settings.marketing, forKey: .marketing)
            try root.encode(settings.mappings, forKey: .mappings)
            try root.encode(settings.runs, forKey: .runs)
            try root.encode(settings.activities, forKey: .activities)
            try root.encode(OutboundText(settings: settings.outbound), forKey: .outbound)
            var inbound = root.nestedContainer(keyedBy: InboundKey.self, forKey: .inbound)
            try inbound.encode(settings.inbound.matching, forKey: .matching)
            try inbound.encode(settings.inbound.bulkFrom, forKey: .bulkFrom)
            var window = inbound.nestedContainer(keyedBy: WindowKey.self, forKey: .window)
            try window.encode(settings.inbound.window.records, forKey: .records)
            try window.encode(settings.inbound.window.interval.text, forKey: .interval)
        }
    }
}
