/// The vendor's many shapes of errors.
enum ActiveCampaignError {
    /// By-id reads and deletes, with the vendor's internal model names; some resources say 403 instead of 404.
    static func notFound(_ model: String, _ id: String, status: Int = 404) -> SandboxResponse {
        .json(status, ["message": .string("No Result found for \(model) with id \(id)")])
    }

    static let noContact: SandboxResponse = .json(
        404, ["errors": [["status": 404, "title": "Not Found", "detail": "Contact not found"]]])
    static let noTag: SandboxResponse = .json(
        404, ["errors": [["status": 404, "title": "Not Found", "detail": "Tag not found"]]])

    static func invalid(_ title: String, code: String, pointer: String) -> SandboxResponse {
        let source: SandboxValue = ["pointer": .string("/data/attributes/\(pointer)")]
        return .json(422, ["errors": [["title": .string(title), "detail": "", "code": .string(code), "source": source]]])
    }

    static let emailTaken = invalid("Email address already exists in the system", code: "duplicate", pointer: "email")
    static let badEmail = invalid("Email address is not valid", code: "email_invalid", pointer: "email")

    static let accountTaken = invalid("Account name already exists", code: "duplicate", pointer: "name")

    /// Custom fields of accounts have numbers for codes.
    static func numbered(_ title: String, pointer: String) -> SandboxResponse {
        let source: SandboxValue = ["pointer": .string("/data/attributes/\(pointer)")]
        return .json(422, ["errors": [["title": .string(title), "detail": "", "code": 422, "source": source]]])
    }

    static func missing(_ attribute: String) -> SandboxResponse {
        let source: SandboxValue = ["pointer": .string("/data/attributes/\(attribute)")]
        return .json(422, ["errors": [["status": 422, "title": "Missing attribute", "source": source]]])
    }

    /// Creating a tag that exists fails like this, not like other duplicates.
    static func duplicateTag(_ name: String, type: String) -> SandboxResponse {
        .json(
            422,
            ["message": "Could not process request", "error": .string("Duplicate entry '\(type)-\(name)' for key 'typetag'")])
    }

    static let forbidden: SandboxResponse = .json(
        403, ["message": "You do not have permission to perform this action. Check your API token."])
    /// What the plan does not have.
    static let notInPlan: SandboxResponse = .json(403, ["message": "You do not have permission to access this resource."])
    static let noRoute: SandboxResponse = .json(404, ["message": "No route found"])
    static let malformed: SandboxResponse = .json(400, [:])
}
