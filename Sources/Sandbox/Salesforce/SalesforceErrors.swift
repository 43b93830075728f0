/// A request refused as a whole: an HTTP status and the vendor's error array.
struct SalesforceFault: Error, Equatable {
    var status: Int
    var code: String
    var message: String
    var fields: [String] = []

    var answer: SalesforceAnswer {
        var item: [String: SandboxValue] = ["errorCode": .string(code), "message": .string(message)]
        if !fields.isEmpty { item["fields"] = .array(fields.map { .string($0) }) }
        return SalesforceAnswer(status: status, body: [.object(item)])
    }

    static func badRequest(_ code: String, _ message: String) -> SalesforceFault {
        SalesforceFault(status: 400, code: code, message: message)
    }

    static func invalidField(_ name: String, on object: String) -> SalesforceFault {
        badRequest(
            "INVALID_FIELD",
            "No such column '\(name)' on entity '\(object)'. If you are attempting to use a custom field, be sure to append "
                + "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
        )
    }

    static func invalidType(_ name: String) -> SalesforceFault {
        badRequest("INVALID_TYPE", "sObject type '\(name)' is not supported.")
    }

    static func parser(_ message: String) -> SalesforceFault {
        badRequest("JSON_PARSER_ERROR", message)
    }

    static func cannotDeserialize(_ kind: String, from value: SandboxValue) -> SalesforceFault {
        let (token, text) =
            switch value {
            case .null: ("VALUE_NULL", "null")
            case .bool(let flag): (flag ? "VALUE_TRUE" : "VALUE_FALSE", String(flag))
            case .integer(let number): ("VALUE_NUMBER_INT", String(number))
            case .number(let number): ("VALUE_NUMBER_FLOAT", String(number))
            case .string(let text): ("VALUE_STRING", text)
            case .array: ("START_ARRAY", "[")
            case .object: ("START_OBJECT", "{")
            }
        return parser(
            "Cannot deserialize instance of \(kind) from \(token) value \(text) or request may be missing a required field "
                + "at [line:1, column:1]")
    }

    static let notFound = SalesforceFault(status: 404, code: "NOT_FOUND", message: "The requested resource does not exist")
    static let sessionExpired = SalesforceFault(
        status: 401, code: "INVALID_SESSION_ID", message: "Session expired or invalid")
    static let dailyLimit = SalesforceFault(
        status: 403, code: "REQUEST_LIMIT_EXCEEDED", message: "TotalRequests Limit exceeded.")
    static let concurrentLimit = SalesforceFault(
        status: 403, code: "REQUEST_LIMIT_EXCEEDED", message: "ConcurrentPerOrgLongTxn Limit exceeded.")
    static let unknownException = SalesforceFault(
        status: 500, code: "UNKNOWN_EXCEPTION",
        message: "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345 (1234567890)"
    )
}

/// Why one row was refused.
struct SalesforceRowError: Error, Equatable {
    var code: String
    var message: String
    var fields: [String] = []
    /// The existing record, for a duplicate.
    var match: String?

    /// The HTTP status when the row was the whole request.
    var status: Int {
        code == "ENTITY_IS_DELETED" || code == "NOT_FOUND" ? 404 : 400
    }
}

/// What became of one row.
struct SalesforceRowResult: Equatable {
    var id: String?
    var created: Bool?
    var errors: [SalesforceRowError] = []

    static func failure(_ error: SalesforceRowError, id: String? = nil) -> SalesforceRowResult {
        SalesforceRowResult(id: id, errors: [error])
    }

    /// As an item of a collections answer. A failed item has neither id nor `created`, except that upserts tell
    /// `created: false`.
    func item(tellsCreated: Bool) -> SandboxValue {
        var members: [String: SandboxValue] = ["success": .bool(errors.isEmpty)]
        if errors.isEmpty, let id { members["id"] = .string(id) }
        if tellsCreated { members["created"] = .bool(errors.isEmpty && created == true) }
        members["errors"] = .array(
            errors.map {
                ["statusCode": .string($0.code), "message": .string($0.message), "fields": .array($0.fields.map { .string($0) })]
            })
        return .object(members)
    }

    /// The error array of a single-row request.
    var fault: SalesforceAnswer? {
        guard let first = errors.first else { return nil }
        let items = errors.map { error -> SandboxValue in
            var members: [String: SandboxValue] = ["errorCode": .string(error.code), "message": .string(error.message)]
            members["fields"] = .array(error.fields.map { .string($0) })
            if error.code == "DUPLICATES_DETECTED" { members["duplicateResut"] = Self.duplicateDetails(error) }
            return .object(members)
        }
        return SalesforceAnswer(status: first.status, body: .array(items))
    }

    /// The key really is spelt `duplicateResut`.
    private static func duplicateDetails(_ error: SalesforceRowError) -> SandboxValue {
        [
            "allowSave": true, "duplicateRule": "Standard_Duplicate_Rule", "errorMessage": .string(error.message),
            "matchResults": [
                [
                    "entityType": error.match?.hasPrefix(SalesforceObject.lead.prefix) == true ? "Lead" : "Contact",
                    "matchEngine": "ExactMatchEngine", "size": 1, "success": true, "errors": [],
                    "matchRecords": [
                        [
                            "additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0,
                            "record": ["Id": error.match.map { .string($0) } ?? nil],
                        ]
                    ],
                ]
            ],
        ]
    }
}

/// An answer before it is written as bytes, so that it may also be a part of a composite one.
struct SalesforceAnswer: Sendable, Equatable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String] = [:]
    /// `nil` for none.
    var body: SandboxValue?
    /// The body of an answer that is not JSON.
    var csv: [UInt8]?

    static func ok(_ body: SandboxValue) -> SalesforceAnswer {
        SalesforceAnswer(status: 200, body: body)
    }
}
