/// Where and why a text is not JSON.
public struct JSONSyntaxError: Error, Sendable, Hashable {
    /// Bytes before the place where reading stopped.
    public var offset: Int
    /// What would have been right there, e.g. `',' or '}'`; never holds text of the document.
    public var expected: String

    public init(offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    public var description: String { "byte \(offset): expected \(expected)" }
}
