import Foundation

/// What the demo shows: steps, and below each one line of progress that is rewritten on a terminal.
actor DemoScreen {
    private let isTerminal = isatty(FileHandle.standardOutput.fileDescriptor) == 1
    /// How far the step has come.
    private var progress: String?

    func step(_ text: String) { line("▸ \(text)") }

    func line(_ text: String = "") {
        endProgress()
        write("\(text)\n")
    }

    /// A pipe gets only the last one of a step.
    func progress(_ text: String) {
        guard text != progress else { return }
        progress = text
        if isTerminal { write("\(Self.clearLine)  \(text)") }
    }

    private func endProgress() {
        guard let progress else { return }
        write("\(isTerminal ? Self.clearLine : "")  \(progress)\n")
        self.progress = nil
    }

    private static let clearLine = "\u{1B}[2K\r"

    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}
