import ArgumentParser

/// `WIDTHxHEIGHT` in pixels, as in `--size 256x192`.
package struct ImageSize: ExpressibleByArgument, Equatable, Sendable, CustomStringConvertible {
    /// Pixels.
    package let width, height: Int

    /// Reads `256x192` (also with `X` or `×`); nil when it is not two positive numbers.
    package init?(argument: String) {
        let parts = argument.split(omittingEmptySubsequences: false) { $0 == "x" || $0 == "X" || $0 == "×" }
        guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]), width > 0, height > 0
        else { return nil }
        self.width = width
        self.height = height
    }

    package var description: String { "\(width)x\(height)" }
}
