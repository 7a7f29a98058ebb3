/// Why a setting, or the name of an input, does not lead to one place in a graph.
public struct SettingError: Error, Hashable, CustomStringConvertible {
    /// What was asked for.
    public enum Subject: Hashable, Sendable, CustomStringConvertible {
        /// One of the well-known settings.
        case setting(Setting)
        /// An input by name, as `node.input`.
        case input(String)

        /// The setting's name, or the input's as it was written.
        public var description: String {
            switch self {
            case .setting(let setting): setting.rawValue
            case .input(let path): path
            }
        }
    }

    /// What was asked for.
    public let subject: Subject
    /// What is wrong with it, to follow its name.
    public let problem: String
    /// The inputs, as `node.input`, one of which may be meant; empty when nothing is known of where it lies, nil when
    /// naming an input does not help.
    public let choices: [String]?

    package init(_ subject: Subject, _ problem: String, choices: [String]? = nil) {
        self.subject = subject
        self.problem = problem
        self.choices = choices
    }

    /// One sentence.
    public var description: String {
        let sentence = "\(subject): \(problem)"
        guard let choices else { return sentence }
        return sentence + "; "
            + (choices.isEmpty
                ? "name the input itself, as node.input" : "choose " + choices.joined(separator: " or "))
    }
}
