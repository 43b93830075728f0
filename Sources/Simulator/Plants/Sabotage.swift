import EventLog
import Store
import SyncCore
import Workers

/// How a planted bug gets into a world: around the ports, in the settings, or in the data. The code of the workers has no
/// way to break its own rules.
struct Sabotage: Sendable {
    /// Around the connectors that a process gets.
    var connections: @Sendable (any Connections) -> any Connections = { $0 }
    /// Around a process's connection to the log.
    var log: @Sendable (any EventLog) -> any EventLog = { $0 }
    /// Where a process counts its requests to marketing, if not in the store.
    var rates: (@Sendable () -> Store)?
    /// To the settings as they are applied.
    var settings: @Sendable (inout IntegrationSettings) -> Void = { _ in }
    /// SQL that runs once the store is open, e.g. a trigger.
    var statements: [String] = []
}
