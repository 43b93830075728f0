// swift-tools-version: 6.2
import PackageDescription

// Every target of ours is compiled under the same strict rules; a warning is an error.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]
// Targets without C behind them may not contain unsafe constructs at all.
let safe = settings + [.strictMemorySafety()]

let package = Package(
    name: "tandem",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "tandem", targets: ["tandem"]),
        .executable(name: "inbound-batcher", targets: ["inbound-batcher"]),
        .executable(name: "outbound-poller", targets: ["outbound-poller"]),
        .executable(name: "sync-runner", targets: ["sync-runner"]),
        .executable(name: "activity-recorder", targets: ["activity-recorder"]),
        .executable(name: "gateway", targets: ["gateway-server"]),
        .executable(name: "tandem-bench", targets: ["tandem-bench"]),
        .library(name: "EventLogConformance", targets: ["EventLogConformance"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.1.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.81.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.24.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.11.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.26.0"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.3.0"),
    ],
    targets: [
        // MARK: The message contracts and the pure rules
        .target(name: "Contracts", swiftSettings: safe),
        .target(name: "SyncCore", dependencies: ["Contracts"], swiftSettings: safe),

        // MARK: The log
        .target(
            name: "EventLog",
            dependencies: ["Contracts", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: safe
        ),
        .target(name: "EventLogConformance", dependencies: ["EventLog", "Contracts"], swiftSettings: safe),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"]), .brew(["librdkafka"])]),
        .target(
            name: "KafkaLog",
            dependencies: ["CRdKafka", "EventLog", "Contracts", .product(name: "Metrics", package: "swift-metrics")],
            swiftSettings: settings
        ),

        // MARK: The store
        .target(
            name: "Store",
            dependencies: [
                "SyncCore", "Contracts",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: safe
        ),

        // MARK: The vendors
        .target(
            name: "Connectors",
            dependencies: [
                "SyncCore", "Contracts",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: safe
        ),
        .target(
            name: "Salesforce",
            dependencies: ["Connectors", "SyncCore", "Contracts", .product(name: "JWTKit", package: "jwt-kit")],
            swiftSettings: safe
        ),
        .target(name: "ActiveCampaign", dependencies: ["Connectors", "SyncCore", "Contracts"], swiftSettings: safe),

        // MARK: The work
        .target(
            name: "Workers",
            dependencies: [
                "EventLog", "Store", "Connectors", "SyncCore", "Contracts",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: safe
        ),
        .target(
            name: "Gateway",
            dependencies: [
                "EventLog", "Store", "Connectors", "SyncCore", "Contracts",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: safe
        ),

        // MARK: The vendors emulated; shares no code with the connectors
        .target(
            name: "Sandbox",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: safe
        ),

        // MARK: Which connector serves which vendor, and the vendors to play with
        .target(
            name: "Vendors",
            dependencies: [
                "ActiveCampaign", "Connectors", "Contracts", "Salesforce", "Store", "SyncCore", "Workers",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: safe
        ),
        .target(name: "Playground", dependencies: ["Connectors", "Contracts", "Sandbox", "SyncCore"], swiftSettings: safe),

        // MARK: The simulator
        .target(name: "CJobs"),
        .target(
            name: "Simulator",
            dependencies: [
                "CJobs", "Connectors", "Contracts", "EventLog", "Gateway", "Playground", "Sandbox", "Store", "SyncCore",
                "Vendors",
                "Workers",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: safe
        ),

        // MARK: Putting it together
        .target(
            name: "Runtime",
            dependencies: [
                "Connectors", "Contracts", "EventLog", "Gateway", "KafkaLog", "Playground", "Salesforce", "Sandbox", "Simulator",
                "Store", "SyncCore", "Vendors", "Workers",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftCSV", package: "SwiftCSV"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: safe
        ),
        .executableTarget(name: "tandem", dependencies: ["Runtime"], swiftSettings: safe),
        .executableTarget(name: "inbound-batcher", dependencies: ["Runtime"], swiftSettings: safe),
        .executableTarget(name: "outbound-poller", dependencies: ["Runtime"], swiftSettings: safe),
        .executableTarget(name: "sync-runner", dependencies: ["Runtime"], swiftSettings: safe),
        .executableTarget(name: "activity-recorder", dependencies: ["Runtime"], swiftSettings: safe),
        .executableTarget(name: "gateway-server", dependencies: ["Runtime"], swiftSettings: safe),

        // MARK: Benches
        .executableTarget(name: "tandem-bench", dependencies: ["Runtime"], swiftSettings: safe),

        // MARK: Tests
        .testTarget(name: "ContractsTests", dependencies: ["Contracts"], swiftSettings: settings),
        .testTarget(name: "SyncCoreTests", dependencies: ["SyncCore", "Contracts"], swiftSettings: settings),
        .testTarget(
            name: "EventLogTests", dependencies: ["EventLog", "EventLogConformance", "Contracts"], swiftSettings: settings
        ),
        .testTarget(
            name: "KafkaLogTests",
            dependencies: [
                "KafkaLog", "EventLog", "EventLogConformance", "Contracts",
                .product(name: "Metrics", package: "swift-metrics"), .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Store", "SyncCore", "Contracts", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConnectorsTests",
            dependencies: ["Connectors", "Sandbox", "SyncCore", "Contracts", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SalesforceTests",
            dependencies: [
                "Salesforce", "Connectors", "Sandbox", "SyncCore", "Contracts",
                .product(name: "CryptoExtras", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ActiveCampaignTests",
            dependencies: ["ActiveCampaign", "Connectors", "Sandbox", "SyncCore", "Contracts"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SandboxTests",
            dependencies: [
                "Sandbox", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "EventLog", "Store", "Connectors", "SyncCore", "Contracts",
                .product(name: "Logging", package: "swift-log"), .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "WorkersTests",
            dependencies: [
                "Workers", "Runtime", "Playground", "Vendors", "Sandbox", "EventLog", "Store", "Connectors", "SyncCore",
                "Contracts",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SimulatorTests",
            dependencies: [
                "tandem", "Simulator", "EventLog", "EventLogConformance", "Playground", "Sandbox", "Store", "Connectors",
                "SyncCore",
                "Contracts",
            ],
            resources: [.copy("Regressions")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RuntimeTests",
            dependencies: [
                "Runtime", "Gateway", "KafkaLog", "Playground", "Vendors", "Sandbox", "EventLog", "Store", "Connectors",
                "SyncCore",
                "Contracts",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CrashTests",
            dependencies: [
                "tandem", "inbound-batcher", "outbound-poller", "sync-runner", "activity-recorder", "Runtime", "Sandbox",
                "KafkaLog",
                "EventLog",
                "Store",
                "Connectors", "SyncCore",
                "Contracts",
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)
