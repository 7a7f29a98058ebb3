/// How the keys of a weights file are spelled in the model's own words: prefixes replaced, the first rule that fits.
///
/// A table such as this stands next to each family that has files of another spelling.
public struct KeyMap: Sendable {
    private let rules: [(prefix: String, replacement: String)]

    /// Every key keeps its name.
    public static let identity = KeyMap([])

    /// Rules `(prefix in the file, prefix in the model)`, tried in order.
    public init(_ rules: [(String, String)]) {
        self.rules = rules.map { (prefix: $0.0, replacement: $0.1) }
    }

    /// The model's name for `key` of the file.
    public func callAsFunction(_ key: String) -> String {
        for rule in rules where key.hasPrefix(rule.prefix) {
            return rule.replacement + key.dropFirst(rule.prefix.count)
        }
        return key
    }
}
