public import Contracts

extension Transform {
    /// The value after this step. Steps that only say how to read a value (``dateFormat(_:)``,
    /// ``numberFormat(decimalSeparator:)``) change nothing here; see ``FieldMapping/hints``. Text steps leave blanks alone.
    public func apply(_ value: JSONValue) throws(ConversionFailure) -> JSONValue {
        switch self {
        case .trim: return onText(value, trimmed)
        case .lowercase: return onText(value) { $0.lowercased() }
        case .uppercase: return onText(value) { $0.uppercased() }
        case .titlecase: return onText(value, titlecased)
        case .split(let separator, let index): return try split(value, at: separator, index)
        case .join(let separator):
            guard let parts = try multipleChoices(value) else { return value }
            return .string(parts.joined(separator: separator))
        case .lookup(let table, let otherwise): return try lookUp(value, in: table, otherwise: otherwise)
        case .defaultValue(let text):
            if let choices = try multipleChoices(value) { return choices.isEmpty ? .string(text) : value }
            return value.isBlank ? .string(text) : value
        case .dateFormat, .numberFormat: return value
        }
    }

    private func onText(_ value: JSONValue, _ change: (String) -> String) -> JSONValue {
        guard case .string(let text) = value else { return value }
        return .string(change(text))
    }

    /// A part that is not there is blank.
    private func split(_ value: JSONValue, at separator: String, _ index: Int) throws(ConversionFailure) -> JSONValue {
        guard !separator.isEmpty else { throw ConversionFailure("split needs a separator") }
        guard !value.isBlank else { return value }
        let parts = try plainText(value).split(separator: separator, omittingEmptySubsequences: false)
        let position = index < 0 ? parts.count + index : index
        return parts.indices.contains(position) ? .string(trimmed(parts[position])) : .null
    }

    /// Each choice of several is looked up on its own.
    private func lookUp(
        _ value: JSONValue, in table: [String: String], otherwise: String?
    ) throws(ConversionFailure) -> JSONValue {
        if let choices = try multipleChoices(value) {
            return .array(choices.map { .string(table[$0] ?? otherwise ?? $0) })
        }
        let text = try plainText(value)
        if let found = table[text] { return .string(found) }
        guard let otherwise, !text.isEmpty else { return value }
        return .string(otherwise)
    }
}

/// Each word's first letter upper, the rest lower; words part at blanks and hyphens, and after `O'` and the like.
private func titlecased(_ text: String) -> String {
    var result = ""
    var lettersInWord = 0
    for character in text {
        if character.isLetter {
            result += lettersInWord == 0 ? character.uppercased() : character.lowercased()
            lettersInWord += 1
        } else {
            result.append(character)
            let isApostrophe = character == "'" || character == "\u{2019}"
            if character.isWhitespace || character == "-" || (isApostrophe && lettersInWord == 1) { lettersInWord = 0 }
        }
    }
    return result
}

extension FieldMapping {
    /// What the transforms say about how to read the value.
    public var hints: ConversionHints {
        var hints = ConversionHints()
        for transform in transforms {
            switch transform {
            case .dateFormat(let order): hints.dateOrder = order
            case .numberFormat(let separator): hints.decimalSeparator = separator.first
            default: break
            }
        }
        return hints
    }

    /// A marketing value as the mapped CRM field holds it: all transforms in order, then the conversion to `type`.
    public func value(from raw: JSONValue, type: FieldType) throws(ConversionFailure) -> FieldValue {
        var value = raw
        for transform in transforms { value = try transform.apply(value) }
        return try convert(value, to: type, hints: hints)
    }
}
