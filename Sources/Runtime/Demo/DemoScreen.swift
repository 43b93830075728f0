import Foundation

/// What the demo shows: steps, and below them one line of progress that is rewritten on a terminal.
struct DemoScreen: Sendable {
    private let isTerminal = isatty(FileHandle.standardOutput.fileDescriptor) == 1

    func step(_ text: String) { write("\(isTerminal ? "\u{1B}[2K\r" : "")▸ \(text)\n") }

    func line(_ text: String = "") { write("\(isTerminal ? "\u{1B}[2K\r" : "")\(text)\n") }

    func progress(_ text: String) {
        write(isTerminal ? "\u{1B}[2K\r  \(text)" : "  \(text)\n")
    }

    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
