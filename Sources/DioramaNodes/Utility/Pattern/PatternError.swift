/// Why a pattern or a replacement cannot be used.
package struct PatternError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    package let message: String
    /// Where, in characters from 0; nil where it is not one place.
    package let position: Int?

    init(_ message: String, at position: Int? = nil) {
        self.message = message
        self.position = position
    }

    package var description: String { position.map { "\(message) at position \($0)" } ?? message }
}

/// A pattern that has not been found after more steps than any sensible one needs.
package struct PatternTooSlow: Error, CustomStringConvertible {
    package var description: String {
        "takes too long on this text: there are too many ways to try it. Nested repetitions such as (a+)+ do that; "
            + "make the pieces more definite, or the text shorter"
    }
}
