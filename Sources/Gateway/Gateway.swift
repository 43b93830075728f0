public import Connectors
public import Contracts
public import EventLog
public import Logging
public import Metrics

/// What the gateway listens on and lets in.
public struct GatewayConfiguration: Sendable, Equatable {
    public var host: String
    /// 0 lets the system choose.
    public var port: Int
    /// The largest body read, in bytes.
    public var maxBody: Int

    public init(host: String = "127.0.0.1", port: Int = 8080, maxBody: Int = 1 << 20) {
        self.host = host
        self.port = port
        self.maxBody = maxBody
    }
}

/// Receives what marketing platforms post and answers once it is in the log.
///
/// - `POST /hooks/{integration}/{secret}`: an account's webhooks and an automation's plain "Webhook" steps.
/// - `POST /hooks/{integration}/{secret}/actions/{create-contact|create-lead}`: the automation actions (IN-4), from a
///   "Webhook" step (form) or an app's action step (JSON).
/// - `POST /hooks/{integration}/{secret}/activities/{automation-entered|automation-completed|page-visited|event-tracked}`: what
///   a "Webhook" step or an app's step tells of the person who passes it (ACT-1).
/// - `/api/v1/…`: see ``API``.
/// - `GET /health`, `GET /ready`, `GET /metrics`.
///
/// Deliveries carry no signature, so the secret is in the path; it never reaches a log. No answer is ever 410, which would
/// make ActiveCampaign switch the webhook off for good.
public struct Gateway: Sendable {
    /// Why the process should get no requests now, or `nil` when it should.
    public typealias Readiness = @Sendable () async -> String?
    /// The text a scrape of `/metrics` gets.
    public typealias MetricsText = @Sendable () -> String

    private let log: any EventLog
    private let directory: IntegrationDirectory
    private let api: API?
    private let clock: any WallClock
    private let topics: Topics
    private let maxBody: Int
    private let readiness: Readiness
    private let metricsText: MetricsText?
    private let logger: Logger
    private let counters: GatewayMetrics

    public init(
        log: any EventLog, directory: IntegrationDirectory, api: API? = nil, clock: any WallClock, topics: Topics = Topics(),
        maxBody: Int = GatewayConfiguration().maxBody, readiness: @escaping Readiness = { nil }, metrics: MetricsText? = nil,
        logger: Logger, factory: any MetricsFactory = MetricsSystem.factory
    ) {
        self.log = log
        self.directory = directory
        self.api = api
        self.clock = clock
        self.topics = topics
        self.maxBody = maxBody
        self.readiness = readiness
        self.metricsText = metrics
        self.logger = logger
        self.counters = GatewayMetrics(factory: factory)
    }

    /// Answers one request and counts what became of it.
    public func respond(to request: GatewayRequest) async -> GatewayResponse {
        let response = await answer(request)
        counters.count(response.outcome)
        return response
    }

    private func answer(_ request: GatewayRequest) async -> GatewayResponse {
        let path = request.path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        switch path.first {
        case "health" where path.count == 1, "ready" where path.count == 1, "metrics" where path.count == 1:
            guard request.method == "GET" || request.method == "HEAD" else { return .methodNotAllowed(allowed: "GET, HEAD") }
            return await probe(path[0])
        case "hooks" where path.count == 3 || (path.count == 5 && ["actions", "activities"].contains(path[3])):
            guard request.method == "POST" else { return .methodNotAllowed(allowed: "POST") }
            return await hook(request, integration: path[1], secret: path[2], rest: Array(path[3...]))
        case "api":
            let response = await api?.respond(to: request, path: path, maxBody: maxBody) ?? .notFound
            if response.outcome == .storeUnavailable {
                logger.error("the API could not answer", metadata: ["reason": "\(response.reason ?? "")"])
            }
            return response
        default:
            return .notFound
        }
    }

    private func probe(_ name: String) async -> GatewayResponse {
        switch name {
        case "health": return .probe("ok")
        case "ready": return await readiness().map { .notReady($0) } ?? .probe("ready")
        default: return metricsText.map { .text($0()) } ?? .notFound
        }
    }

    private func hook(_ request: GatewayRequest, integration: String, secret: String, rest: [String]) async -> GatewayResponse {
        guard case .success(let secret) = PercentEncoding.decode(Array(secret.utf8)[...], plusIsSpace: false) else {
            return .notFound
        }
        switch await directory.verdict(integration: integration, secret: secret) {
        case .refused: return .notFound
        case .unavailable:
            logger.error("webhook refused: the store cannot be read", metadata: ["integration": "\(integration)"])
            return .storeUnavailable
        case .accepted: break
        }
        let response = await receive(request, integration: integration, rest: rest)
        if let reason = response.reason {
            logger.notice("webhook refused", metadata: ["integration": "\(integration)", "reason": "\(reason)"])
        }
        return response
    }

    /// What is posted to an integration's path.
    private enum Hook {
        case webhook
        case action(AutomationAction.Action)
        case activity(Activity.Kind)

        var formats: [BodyFormat] {
            if case .webhook = self { [.form] } else { [.form, .json] }
        }
    }

    private func receive(_ request: GatewayRequest, integration: String, rest: [String]) async -> GatewayResponse {
        let hook: Hook
        switch rest.first {
        case nil: hook = .webhook
        case "actions":
            guard let action = AutomationAction.Action.creations.first(where: { $0.rawValue == rest[1] }) else {
                return .unknownAction
            }
            hook = .action(action)
        default:
            guard let kind = Activity.Kind.ofSteps.first(where: { $0.rawValue == rest[1] }) else { return .unknownActivity }
            hook = .activity(kind)
        }
        guard let format = BodyFormat(contentType: request.contentType), hook.formats.contains(format) else {
            return .unsupportedMediaType(allowed: hook.formats)
        }
        let body: [UInt8]
        switch request.body {
        case .complete(let bytes) where bytes.count <= maxBody: body = bytes
        case .complete, .tooLarge: return .tooLarge(limit: maxBody)
        case .interrupted: return .interrupted
        }
        let translator = WebhookTranslator(integration: integration, receivedAt: clock.now())
        do throws(PayloadError) {
            switch hook {
            case .webhook: return await settle(try translator.translate(form: body))
            case .action(let action): return await settle(try translator.translate(body, format, as: action))
            case .activity(let kind):
                return await settle(try translator.translate(body, format, query: request.query ?? "", as: kind))
            }
        } catch {
            return .refused(error)
        }
    }

    private func settle(_ translation: WebhookTranslator.Translation) async -> GatewayResponse {
        switch translation {
        case .ignored: return .accepted(0, .ignored)
        case .unknownType: return .accepted(0, .unknownType)
        case .event(let event):
            guard await publish(event) else { return .logUnavailable }
            counters.countEvent()
            return .accepted(1, .accepted)
        }
    }

    /// The waits before the second and the third attempt.
    static let retryDelays: [Duration] = [.milliseconds(200), .seconds(1)]

    /// Appends the event. The vendor never repeats a delivery, so a log that stumbles is asked again; a repeat that was
    /// appended twice carries the same id.
    private func publish(_ event: Event) async -> Bool {
        let topic =
            switch event.message {
            case .recordChange: topics.marketingChanges
            case .automationAction: topics.automationEvents
            case .syncCommand: topics.syncCommands
            case .runNotification: topics.notifications
            case .activity: topics.activities
            }
        let record = OutgoingRecord(topic: topic, message: EventCodec.encode(event))
        var delays = Self.retryDelays.makeIterator()
        while true {
            do throws(EventLogError) {
                try await log.publish([record])
                return true
            } catch {
                logger.error("the log refused an event", metadata: ["topic": "\(topic)", "error": "\(error)"])
                guard error.isTransient, let delay = delays.next() else { return false }
                guard await wait(delay) else { return false }
            }
        }
    }

    private func wait(_ delay: Duration) async -> Bool {
        do {
            try await clock.sleep(until: clock.now().advanced(by: delay))
            return true
        } catch {
            return false
        }
    }
}
