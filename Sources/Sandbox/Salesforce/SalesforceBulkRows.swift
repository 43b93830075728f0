/// Saving the rows of ingest jobs, under the rules that hold for every other way to save one.
extension SalesforceSandbox {
    /// Rows are saved in internal batches of so many.
    private static let rowsPerBatch = 10_000
    private static let lockFailure = "TooManyLockFailure : Too many lock failure 200 Trying again later."

    /// Saves the rows of the jobs whose time has come. Every request does so first.
    func workOffJobs() {
        while let id = jobs.waiting.first {
            guard jobs.ingests[id]?.head.isTakenUp(at: now) != false else { return }
            jobs.waiting.removeFirst()
            guard var job = jobs.ingests.removeValue(forKey: id) else { continue }
            process(&job)
            jobs.ingests[id] = job
        }
    }

    private func process(_ job: inout SalesforceIngestJob) {
        guard let upload = job.upload else { return }
        let reader: SalesforceUploadReader
        do throws(SalesforceUploadReader.Refusal) {
            if let problem = upload.problem { throw .init(message: problem) }
            reader = try SalesforceUploadReader(upload.header, of: job, in: org)
        } catch {
            job.head.failure = error.message
            return
        }
        let allowed = max(0, options.bulk.dailyRows - jobs.rowUsage.used(now: now))
        let last = min(upload.count, allowed, max(0, job.failsAfter ?? .max))
        for start in stride(from: 0, to: last, by: Self.rowsPerBatch) {
            save(start..<min(start + Self.rowsPerBatch, last), of: upload, reader, &job)
        }
        jobs.rowUsage.count(last, now: now)
        if job.failsAfter != nil {
            job.head.failure = Self.lockFailure
        } else if last < upload.count {
            job.head.failure = "ExceededQuota : Max bulk v2 ingest rows (\(options.bulk.dailyRows)) per 24 hrs has been reached"
        }
    }

    private func save(
        _ range: Range<Int>, of upload: SalesforceUpload, _ reader: SalesforceUploadReader, _ job: inout SalesforceIngestJob
    ) {
        // The headers that let duplicates pass are not for ingest.
        let writer = SalesforceOrg.Writer(userID: SalesforceUser.integration, now: now)
        let rows = range.map { reader.read(upload.row($0)) }
        let repeated = job.operation.repeated(in: rows.compactMap { try? $0.get() })
        for (index, row) in zip(range, rows) {
            let result: SalesforceRowResult =
                switch row {
                case _ where index == job.lockedRow: .failure(SalesforceOrg.lockedRow)
                case .failure(let error): .failure(error)
                case .success(let input): org.save(input, job.operation, repeated: repeated, by: writer)
                }
            note(result)
            job.results.append(result)
        }
    }
}

/// Reads the cells of an upload by the fields its columns name: an empty cell leaves a field alone, `#N/A` clears it.
struct SalesforceUploadReader: Sendable {
    /// Why no row of the upload can be read.
    struct Refusal: Error {
        var message: String
    }

    /// Characters of a row at most.
    private static let longestRow = 400_000

    private let object: String
    private let columns: [SalesforceField]
    private let key: SalesforceField?

    init(_ header: [String], of job: SalesforceIngestJob, in org: SalesforceOrg) throws(Refusal) {
        object = job.head.object
        var columns: [SalesforceField] = []
        for name in header {
            guard let field = org.tables[object.lowercased()]?.field(name) else {
                throw Refusal(message: "InvalidBatch : Field name not found : \(name)")
            }
            guard !columns.contains(where: { $0.name == field.name }) else {
                throw Refusal(message: "InvalidBatch : Field name duplicated : \(name)")
            }
            columns.append(field)
        }
        self.columns = columns
        var needed: SalesforceField?
        switch job.operation {
        case .insert: key = nil
        case .upsert(let field):
            key = field.kind == .id ? nil : field
            needed = field
        case .update, .delete:
            key = nil
            needed = org.tables[object.lowercased()]?.field("Id")
        }
        if let needed, !columns.contains(where: { $0.name == needed.name }) {
            throw Refusal(message: "InvalidBatch : Field name not found : \(needed.name)")
        }
    }

    func read(_ cells: [String]) -> Result<SalesforceRowInput, SalesforceRowError> {
        guard cells.count == columns.count else {
            let message = "The row has \(cells.count) columns, the header \(columns.count)"
            return .failure(SalesforceRowError(code: "INVALID_INPUT", message: message))
        }
        guard cells.reduce(0, { $0 + $1.utf16.count }) <= Self.longestRow else {
            return .failure(SalesforceRowError(code: "EXCEEDED_MAX_SIZE_REQUEST", message: "The row is too long"))
        }
        var input = SalesforceRowInput(object: object)
        for (field, cell) in zip(columns, cells) where !cell.isEmpty {
            let isCleared = cell == "#N/A"
            if field.kind == .id {
                input.id = isCleared ? nil : cell
            } else if field.name == key?.name {
                input.key = isCleared ? nil : cell
            } else {
                do throws(SalesforceFault) {
                    input.values[field.name] = try SalesforceTable.deserialize(
                        isCleared ? .null : .string(Self.spelt(cell, field)), for: field)
                } catch {
                    let message = "\(field.label): value not of required type: \(cell)"
                    return .failure(
                        SalesforceRowError(code: "INVALID_TYPE_ON_FIELD_IN_RECORD", message: message, fields: [field.name]))
                }
            }
        }
        if key != nil, input.id != nil {
            let message = "cannot specify both an external ID reference and a salesforce id"
            return .failure(SalesforceRowError(code: "INVALID_FIELD", message: message, fields: ["Id"]))
        }
        return .success(input)
    }

    /// Truth values may be `1` and `0`, in any case.
    private static func spelt(_ cell: String, _ field: SalesforceField) -> String {
        guard field.kind == .boolean else { return cell }
        return switch cell.lowercased() {
        case "true", "1": "true"
        case "false", "0": "false"
        default: cell
        }
    }
}
