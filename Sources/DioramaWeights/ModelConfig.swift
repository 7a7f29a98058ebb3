import DioramaFiles
package import DioramaJSON
public import FoundationEssentials

/// The `config.json` of one part of a model: typed reading, every problem a sentence that names file, key, expected and found.
///
/// A key set to `null` reads as one that is absent.
public struct ModelConfig: Sendable {
    /// The file it came from, named in errors.
    public let place: String
    /// What it says.
    package let members: JSON.Object

    /// Largest file read, 16 MiB; a configuration is a few kilobytes.
    package static let largestFile = 16 << 20

    /// Reads a JSON file whose top level is an object.
    public init(contentsOf url: URL) throws {
        let bytes: [UInt8]
        do {
            bytes = try InputFile.read(url.path, limit: Self.largestFile)
        } catch {
            throw WeightsError(error)
        }
        try self.init(bytes, place: url.path)
    }

    /// Parses JSON text whose top level is an object; `place` names it in errors.
    public init(_ json: String, place: String) throws {
        try self.init(Array(json.utf8), place: place)
    }

    private init(place: String, members: JSON.Object) {
        self.place = place
        self.members = members
    }

    private init(_ bytes: [UInt8], place: String) throws {
        let value: JSON, duplicates: [JSON.DuplicateKey]
        do {
            (value, duplicates) = try JSON.parsed(bytes)
        } catch {
            throw WeightsError(place, "not valid JSON: \(error)")
        }
        if let twice = duplicates.first {
            throw WeightsError(place, "\(quoted(twice.key)) occurs twice, again at \(twice.position)")
        }
        guard let members = value.object else {
            throw WeightsError(place, "expected a JSON object, found \(value.brief)")
        }
        self.place = place
        self.members = members
    }

    /// All keys, sorted.
    public var keys: [String] { members.keys.sorted() }

    /// Whether `key` is there and not null.
    public func contains(_ key: String) -> Bool { value(key) != nil }

    /// A whole number within `range`; absent keys take `fallback`, or throw where there is none.
    public func int(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws -> Int {
        let expected = "a whole number in \(range.lowerBound)...\(range.upperBound)"
        guard let found = value(key) else { return try fallback ?? { throw missing(key, expected) }() }
        guard let number = found.integer, range.contains(number) else {
            throw wrong(key, expected, found)
        }
        return number
    }

    /// A finite number; absent keys take `fallback`, or throw where there is none.
    public func float(_ key: String, default fallback: Float? = nil) throws -> Float {
        guard let found = value(key) else { return try fallback ?? { throw missing(key, "a number") }() }
        guard let number = found.finiteFloat else { throw wrong(key, "a finite number", found) }
        return number
    }

    /// `true` or `false`; absent keys take `fallback`, or throw where there is none.
    public func bool(_ key: String, default fallback: Bool? = nil) throws -> Bool {
        guard let found = value(key) else { return try fallback ?? { throw missing(key, "true or false") }() }
        guard let flag = found.bool else { throw wrong(key, "true or false", found) }
        return flag
    }

    /// A text; absent keys take `fallback`, or throw where there is none.
    public func string(_ key: String, default fallback: String? = nil) throws -> String {
        guard let found = value(key) else { return try fallback ?? { throw missing(key, "a text") }() }
        guard let text = found.string else { throw wrong(key, "a text", found) }
        return text
    }

    /// A list of whole numbers, each within `range`; absent keys take `fallback`, or throw where there is none.
    public func ints(_ key: String, in range: ClosedRange<Int>, default fallback: [Int]? = nil) throws
        -> [Int]
    {
        let expected = "a list of whole numbers in \(range.lowerBound)...\(range.upperBound)"
        guard let found = value(key) else { return try fallback ?? { throw missing(key, expected) }() }
        guard let elements = found.array else { throw wrong(key, expected, found) }
        return try elements.map { element in
            guard let number = element.integer, range.contains(number) else {
                throw wrong(key, expected, element)
            }
            return number
        }
    }

    /// A list of finite numbers; nil when absent.
    public func floats(_ key: String) throws -> [Float]? {
        guard let found = value(key) else { return nil }
        guard let elements = found.array else { throw wrong(key, "a list of numbers", found) }
        return try elements.map { element in
            guard let number = element.finiteFloat else {
                throw wrong(key, "a list of finite numbers", element)
            }
            return number
        }
    }

    /// A list of texts and nulls (nil); nil when the key is absent.
    public func strings(_ key: String) throws -> [String?]? {
        guard let found = value(key) else { return nil }
        guard let elements = found.array else { throw wrong(key, "a list of texts", found) }
        return try elements.map { element in
            switch element {
            case .string(let text): return text
            case .null: return nil
            default: throw wrong(key, "a list of texts", element)
            }
        }
    }

    /// The object under `key` as a configuration of its own; nil when absent.
    public func section(_ key: String) throws -> ModelConfig? {
        guard let found = value(key) else { return nil }
        guard let members = found.object else { throw wrong(key, "an object", found) }
        return ModelConfig(place: "\(place), \(key)", members: members)
    }

    /// Throws where the text, or a text of the list, under `key` is none of `supported`; an absent key is fine.
    public func require(_ key: String, among supported: Set<String>) throws {
        let names: [String?]?
        if let text = value(key)?.string { names = [text] } else { names = try strings(key) }
        for name in names ?? [] {
            guard let name, supported.contains(name) else {
                throw problem(
                    "\(key): \(name.map(quoted) ?? "null") is not supported; known here: "
                        + supported.sorted().joined(separator: ", "))
            }
        }
    }

    /// The object under `key`, whose values are texts; nil when absent.
    func stringMap(_ key: String) throws -> [String: String]? {
        guard let found = value(key) else { return nil }
        guard let members = found.object else { throw wrong(key, "an object", found) }
        return try members.reduce(into: [:]) { map, member in
            guard let text = member.value.string else { throw wrong(key, "an object of texts", member.value) }
            map[member.key] = text
        }
    }

    /// Whether the value of `key` is a list.
    func isList(_ key: String) -> Bool { value(key)?.array != nil }

    /// An error about this file.
    public func problem(_ text: String) -> WeightsError { WeightsError(place, text) }

    private func value(_ key: String) -> JSON? {
        guard let value = members[key], value != .null else { return nil }
        return value
    }

    private func missing(_ key: String, _ expected: String) -> WeightsError {
        problem("\(key) is missing; expected \(expected)")
    }

    private func wrong(_ key: String, _ expected: String, _ found: JSON) -> WeightsError {
        problem("\(key): expected \(expected), found \(found.brief)")
    }
}

extension JSON {
    /// A number that is finite as a `Float`, else nil.
    fileprivate var finiteFloat: Float? { double.map(Float.init).flatMap { $0.isFinite ? $0 : nil } }
}
