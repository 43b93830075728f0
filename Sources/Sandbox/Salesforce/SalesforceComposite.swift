/// Several requests in one call.
extension SalesforceSandbox {
    private static let mostParts = 25
    private static let mostHeavyParts = 5

    /// One API call whatever it holds; a part that fails does not fail the rest, unless `allOrNone`.
    func composite(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        guard let requests = call.body?["compositeRequest"]?.array else {
            throw .parser("The request body must hold an array named compositeRequest at [line:1, column:1]")
        }
        guard requests.count <= Self.mostParts else {
            throw .badRequest("LIMIT_EXCEEDED", "The limit of 25 subrequests in a composite request has been exceeded")
        }
        var parts: [(reference: String, call: SalesforceCall)] = []
        for request in requests { parts.append(try part(request, of: call)) }
        guard parts.count(where: { $0.call.route.isHeavy }) <= Self.mostHeavyParts else {
            throw .badRequest("LIMIT_EXCEEDED", "The limit of 5 queries or collections in a composite request has been exceeded")
        }
        guard Set(parts.map(\.reference)).count == parts.count else {
            throw .badRequest("INVALID_INPUT", "Each referenceId in a composite request must be unique")
        }
        let savepoint = call.body?["allOrNone"] == true ? org : nil
        var answers: [SalesforceAnswer] = []
        for part in parts {
            answers.append(run(part.call))
            if let savepoint, answers.contains(where: { $0.status >= 400 }) {
                org = savepoint
                let halted = SalesforceFault.badRequest(
                    "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."
                )
                answers = parts.indices.map { $0 < answers.count && answers[$0].status >= 400 ? answers[$0] : halted.answer }
                break
            }
        }
        return .ok(["compositeResponse": .array(zip(parts, answers).map { Self.item($0.reference, $1) })])
    }

    private static func item(_ reference: String, _ answer: SalesforceAnswer) -> SandboxValue {
        var headers: [String: SandboxValue] = [:]
        if let location = answer.headers["location"] { headers["Location"] = .string(location) }
        return [
            "body": answer.body ?? .null, "httpHeaders": .object(headers), "httpStatusCode": .integer(Int64(answer.status)),
            "referenceId": .string(reference),
        ]
    }

    private func part(
        _ request: SandboxValue, of call: SalesforceCall
    ) throws(SalesforceFault) -> (reference: String, call: SalesforceCall) {
        guard let method = request["method"]?.text, let url = request["url"]?.text, let reference = request["referenceId"]?.text,
            !reference.isEmpty, reference.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { throw .badRequest("INVALID_INPUT", "Each subrequest needs a method, a url and a referenceId") }
        guard url.hasPrefix("/services/data/v") else {
            throw .badRequest("INVALID_INPUT", "The url of subrequest \(reference) must start with /services/data")
        }
        var headers = call.headers
        for (name, value) in request["httpHeaders"]?.object ?? [:] { headers[name.lowercased()] = value.text }
        guard
            let part = subcall(
                method, url: String(url.dropFirst("/services/data/".count)), body: request["body"], headers: headers)
        else { throw .notFound }
        return (reference, with(part, lockedRow: call.lockedRow))
    }

    private func with(_ call: SalesforceCall, lockedRow: Int?) -> SalesforceCall {
        var call = call
        call.lockedRow = lockedRow
        return call
    }

    /// - Parameter url: From the version on.
    private func subcall(_ method: String, url: String, body: SandboxValue?, headers: [String: String]) -> SalesforceCall? {
        let halves = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let segments = halves[0].split(separator: "/").map { URLCoding.decode($0, plusIsBlank: false) }
        guard let version = segments.first, let route = SalesforceRoute(Array(segments.dropFirst())), route.isPart
        else { return nil }
        return SalesforceCall(
            route: route, method: method, path: "/services/data/\(version)",
            parameters: halves.count > 1 ? URLCoding.fields(halves[1]) : [:], headers: headers, body: body)
    }

    private func run(_ call: SalesforceCall) -> SalesforceAnswer {
        tally.parts["\(call.method) \(call.route.name)", default: 0] += 1
        do throws(SalesforceFault) {
            return try perform(call)
        } catch {
            return error.answer
        }
    }

    /// Independent requests, each of which is an API call.
    func batch(_ call: SalesforceCall) throws(SalesforceFault) -> SalesforceAnswer {
        guard let requests = call.body?["batchRequests"]?.array else {
            throw .parser("The request body must hold an array named batchRequests at [line:1, column:1]")
        }
        guard requests.count <= Self.mostParts else {
            throw .badRequest("LIMIT_EXCEEDED", "The limit of 25 subrequests in a batch has been exceeded")
        }
        count(calls: max(0, requests.count - 1))
        var results: [SandboxValue] = []
        var hasErrors = false
        for request in requests {
            var answer = SalesforceFault.notFound.answer
            if hasErrors, call.body?["haltOnError"] == true {
                answer =
                    SalesforceFault(
                        status: 412, code: "BATCH_PROCESSING_HALTED",
                        message: "Batch processing halted per request, after errors were encountered on a subrequest."
                    ).answer
            } else if let part = subcall(
                request["method"]?.text ?? "", url: request["url"]?.text ?? "", body: request["richInput"], headers: call.headers)
            {
                answer = run(part)
            }
            hasErrors = hasErrors || answer.status >= 400
            results.append(["statusCode": .integer(Int64(answer.status)), "result": answer.body ?? .null])
        }
        return .ok(["hasErrors": .bool(hasErrors), "results": .array(results)])
    }
}
