package import Contracts
package import SyncCore

/// Whether a request changes something: it decides what a lost answer means.
package enum CallEffect: Sendable {
    /// Nothing is changed, or repeating it is harmless: a lost answer is just tried again.
    case repeatable
    /// A lost answer must be read back before it is repeated.
    case write

    /// What a lost answer is to the caller.
    package var lostAnswer: ErrorClass { self == .write ? .inDoubt : .transient }
}

extension SyncError {
    /// What a missing answer means for a request.
    package init(_ failure: TransportError, effect: CallEffect) {
        switch failure {
        case .notSent(let reason): self.init(.transient, code: "not-reached", message: reason)
        case .inDoubt(let reason): self.init(effect.lostAnswer, code: "answer-lost", message: reason)
        case .cancelled: self.init(effect.lostAnswer, code: "cancelled", message: "the request was cancelled")
        }
    }

    /// An answer that came but cannot be used: cut short, not JSON, or of another shape.
    package static func unusableAnswer(_ reason: String, effect: CallEffect) -> SyncError {
        SyncError(effect.lostAnswer, code: "unusable-answer", message: reason)
    }
}

extension HTTPResponse {
    /// The body as JSON, or `nil` when it is none.
    package var json: JSONValue? { try? JSONValue.parse(body) }
}

extension JSONValue {
    package subscript(_ member: String) -> JSONValue? { objectValue?[member] }

    package var boolValue: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// A whole number, also one that comes as text: vendors do both.
    package var intValue: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .string(let text): Int(text)
        default: nil
        }
    }

    /// Text, also of an id that comes as a number.
    package var textValue: String? {
        switch self {
        case .string(let text): text
        case .integer(let value): String(value)
        default: nil
        }
    }
}
