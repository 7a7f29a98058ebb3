import DioramaFiles
import DioramaGraph
import DioramaImage
import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Turns prompts with choices into prompts: the same seed chooses the same.
///
/// `{red|green|blue}` is one of its parts; parts may be nested and weighted (`{2::red|blue}`). `__animal__` is a line of
/// the file `animal.txt` in a folder, where lines that begin with `#` are comments; lines may hold choices themselves.
/// A backslash before a brace, bar or underscore makes it plain text.
public struct Wildcards: Sendable {
    private let isLiteral: Bool
    private let files: WildcardFiles?

    /// Every prompt stays as it is.
    public static let none = Wildcards(isLiteral: true, files: nil)

    /// Choices in braces, and files of a folder.
    ///
    /// - Parameter folder: where the files are; without one, names between underscores stay as they are.
    public init(folder: URL? = nil) {
        self.init(isLiteral: false, files: folder.map(WildcardFiles.init))
    }

    private init(isLiteral: Bool, files: WildcardFiles?) {
        self.isLiteral = isLiteral
        self.files = files
    }

    /// A prompt with its choices made.
    ///
    /// - Parameters:
    ///   - text: the prompt.
    ///   - seed: decides, together with the text and the role.
    ///   - role: what the text is for, so that two equal texts of an item choose apart.
    /// - Returns: the prompt for the encoder; a file that is missing or stands in a line of its own leaves its name, and what
    ///   would make the prompt longer than a list's line may be is left out.
    public func expanded(_ text: String, seed: UInt64, as role: String = "prompt") -> String {
        expansion(of: text, seed: seed, as: role).text
    }

    /// A prompt with its choices made, and what is wrong with it.
    func expansion(of text: String, seed: UInt64, as role: String) -> (text: String, problem: String?) {
        guard !isLiteral, text.utf8.contains(where: { "{\\_".utf8.contains($0) }) else { return (text, nil) }
        var expansion = Expansion(files: files, dice: Dice(seed: seed, text: text, role: role))
        expansion.append(WildcardParser.parse(text))
        return (expansion.text, expansion.isTooLong ? Expansion.tooLong : nil)
    }

    /// What is wrong with a prompt's choices.
    ///
    /// - Parameter text: the prompt.
    /// - Returns: a sentence for each file that is missing, empty, or names itself.
    public func problems(in text: String) -> [String] {
        guard !isLiteral, let files else { return [] }
        var problems: [String] = []
        var open = [(WildcardParser.parse(text), [String]())]
        while let (part, path) = open.popLast(), problems.count < 20 {
            switch part {
            case .plain: break
            case .sequence(let parts): open += parts.map { ($0, path) }
            case .choice(let options): open += options.map { ($0.text, path) }
            case .file(let name):
                guard !path.contains(name) else {
                    problems.append("__\(name)__ leads back to itself")
                    continue
                }
                switch files.options(of: name) {
                case .failure(let problem): problems.append(problem.description)
                // The lines of a file below another one are not followed: there may be many.
                case .success(let options):
                    if path.isEmpty { open += options.map { ($0.text, path + [name]) } }
                }
            }
        }
        return problems
    }
}

/// A prompt whose choices are being made.
private struct Expansion {
    let files: WildcardFiles?
    var dice: Dice
    private(set) var text = ""
    /// Whether something was left out because there was too much.
    private(set) var isTooLong = false
    /// The files in whose lines this is.
    private var open: [String] = []
    private var choices = 0

    private static let deepest = 16
    private static let mostChoices = 10_000
    private static let mostBytes = LineReader.longest
    static let tooLong =
        "its choices make a text of more than \(mostBytes) bytes, or are more than \(mostChoices)"

    init(files: WildcardFiles?, dice: Dice) {
        self.files = files
        self.dice = dice
    }

    mutating func append(_ part: WildcardText) {
        guard !isTooLong else { return }
        switch part {
        case .plain(let plain): append(plain)
        case .sequence(let parts): for part in parts { append(part) }
        case .choice(let options): appendOne(of: options)
        case .file(let name):
            guard !open.contains(name), open.count < Self.deepest,
                case .success(let options)? = files?.options(of: name)
            else { return append("__\(name)__") }
            open.append(name)
            appendOne(of: options)
            open.removeLast()
        }
    }

    private mutating func append(_ plain: String) {
        isTooLong = text.utf8.count + plain.utf8.count > Self.mostBytes
        if !isTooLong { text += plain }
    }

    private mutating func appendOne(of options: WildcardFiles.Options) {
        choices += 1
        isTooLong = choices > Self.mostChoices
        append(options[dice.choose(options.map(\.weight))].text)
    }
}

/// Chooses, by a generator that is the same everywhere: SplitMix64 (Steele, Lea, Flood 2014).
private struct Dice {
    private var state: UInt64

    init(seed: UInt64, text: String, role: String) {
        var hash = StableHash()
        hash.update(field: seed)
        hash.update(field: role)
        hash.update(field: text)
        state = hash.finalize().0
    }

    /// An index, by weight; the first when all weights are 0.
    mutating func choose(_ weights: [Double]) -> Int {
        let sum = weights.reduce(0, +)
        // 53 bits, as the numbers from 0 to 1 have them.
        var place = Double(next() >> 11) * 0x1p-53 * sum
        for (index, weight) in weights.enumerated() where weight > 0 {
            if place < weight { return index }
            place -= weight
        }
        return weights.lastIndex { $0 > 0 } ?? 0
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The lines of wildcard files, each file read once.
private final class WildcardFiles: Sendable {
    typealias Options = [(weight: Double, text: WildcardText)]

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let folders: Folders
    private let known = Mutex<[String: Result<Options, Problem>]>([:])
    private static let mostBytes = 16 << 20

    init(_ folder: URL) { folders = Folders(models: [], input: folder, output: folder, temp: folder) }

    func options(of name: String) -> Result<Options, Problem> {
        known.withLock { known in
            if let options = known[name] { return options }
            let options = Result { () throws(Problem) in try read(name) }
            known[name] = options
            return options
        }
    }

    private func read(_ name: String) throws(Problem) -> Options {
        let bytes: [UInt8]
        do {
            let file = try folders.inputFile(name + ".txt")
            bytes = try InputFile.read(file.path(percentEncoded: false), limit: Self.mostBytes)
        } catch {
            throw Problem(description: "__\(name)__: \(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(description: "__\(name)__: \(name).txt is not UTF-8")
        }
        let options: Options = text.split(whereSeparator: \.isNewline).compactMap { line in
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { return nil }
            // A line is read as the part of a choice, so that it may have a weight.
            guard case .choice(let parts) = WildcardParser.parse("{\(line)|}") else {
                return (1, WildcardParser.parse(line))
            }
            return parts.count == 2 ? parts[0] : (1, .choice(parts.dropLast()))
        }
        guard !options.isEmpty else { throw Problem(description: "__\(name)__: \(name).txt has no lines") }
        return options
    }
}
