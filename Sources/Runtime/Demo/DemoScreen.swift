import Foundation

/// What the demo shows: steps, and below them one line of progress that is rewritten on a terminal.
actor DemoScreen {
    private let isTerminal = isatty(FileHandle.standardOutput.fileDescriptor) == 1
    private var lastProgress = ""

    func step(_ text: String) { write("\(isTerminal ? Self.clearLine : "")▸ \(text)\n") }

    func line(_ text: String = "") { write("\(isTerminal ? Self.clearLine : "")\(text)\n") }

    /// A pipe gets a line only when there is news.
    func progress(_ text: String) {
        guard text != lastProgress else { return }
        lastProgress = text
        write(isTerminal ? "\(Self.clearLine)  \(text)" : "  \(text)\n")
    }

    private static let clearLine = "\u{1B}[2K\r"

    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
