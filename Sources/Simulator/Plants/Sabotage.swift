import EventLog
import Store
import SyncCore
import Workers

/// How a planted bug gets into a world: around the ports, in the settings, or in the data. The code of the workers has no
/// way to break its own rules.
struct Sabotage: Sendable {
    /// Around the CRM and the marketing platform that a process gets; made anew for each process.
    var crm: (@Sendable () -> CRMSabotage)?
    var marketing: (@Sendable () -> MarketingSabotage)?
    /// Around a process's connection to the log.
    var log: LogSabotage?
    /// Where a process counts its requests to marketing, if not in the store.
    var rates: @Sendable () -> Store? = { nil }
    /// To the settings as they are applied.
    var settings: @Sendable (inout IntegrationSettings) -> Void = { _ in }
    /// SQL that runs once the store is open, e.g. a trigger.
    var statements: [String] = []
    /// Whether a process that lost its lease is let through all the same; needs ``LeaseForgery/statements``.
    var forgesLeases = false

    func connections(_ connections: any Connections) -> any Connections {
        if crm == nil, marketing == nil { return connections }
        return SabotagedConnections(connections: connections, crm: crm?(), marketing: marketing?())
    }

    func log(_ log: any EventLog) -> any EventLog {
        guard let sabotage = self.log else { return log }
        return SabotagedLog(log: log, sabotage: sabotage)
    }
}
