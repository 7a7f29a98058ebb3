/// A text with places for values in braces, as Python's `str.format` reads it.
///
/// Values are called by name: `{a}`, `{a!r}`, `{a:>8}`, `{a:{b}.2f}`. Parts of values (`{a.b}`, `{a[0]}`) and places without a
/// name are refused.
struct FormatTemplate {
    /// What is wrong with a template, as the end of a sentence.
    struct Problem: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    private enum Part {
        case text([Unicode.Scalar])
        case field(name: String, conversion: Unicode.Scalar?, spec: [Part])
    }

    private let parts: [Part]

    /// Reads a template.
    init(_ text: String) throws(Problem) {
        var reader = Reader(scalars: Array(text.unicodeScalars))
        parts = try reader.parts(depth: 0)
    }

    /// The names that it calls values by, in order.
    var names: [String] { Self.names(in: parts) }

    private static func names(in parts: [Part]) -> [String] {
        parts.flatMap { part in
            switch part {
            case .text: [String]()
            case .field(let name, _, let spec): [name] + names(in: spec)
            }
        }
    }

    /// The text with the values in it.
    ///
    /// - Throws: ``Problem`` for a name that no value has, a specification that its value does not take, and a text longer
    ///   than texts may be.
    func filled(_ values: [String: FormatValue]) throws(Problem) -> PythonText {
        PythonText(try Self.filled(parts, values))
    }

    private static func filled(_ parts: [Part], _ values: [String: FormatValue]) throws(Problem) -> [Unicode
        .Scalar]
    {
        var made: [Unicode.Scalar] = []
        for part in parts {
            switch part {
            case .text(let text): made += text
            case .field(let name, let conversion, let spec):
                guard let value = values[name] else {
                    throw Problem("calls for {\(name)}, but no value has that name")
                }
                let shown = conversion.map(value.converted) ?? value
                do {
                    made += try shown.formatted(FormatSpec(try filled(spec, values))).scalars
                } catch {
                    throw Problem("cannot show {\(name)}: \(error)")
                }
            }
            guard made.count <= PythonText.longest else {
                throw Problem(
                    "makes a text of more than \(PythonText.longest) characters, which no text may have")
            }
        }
        return made
    }

    /// Reads parts one after the other.
    private struct Reader {
        let scalars: [Unicode.Scalar]
        var place = 0

        private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

        /// The parts up to the end, or inside of a field up to the brace that closes it.
        mutating func parts(depth: Int) throws(Problem) -> [Part] {
            var parts: [Part] = []
            var text: [Unicode.Scalar] = []
            while let scalar = next {
                if depth > 0, scalar == "}" { break }
                place += 1
                switch scalar {
                case "{" where depth == 0 && next == "{", "}" where next == "}":
                    text.append(scalar)
                    place += 1
                case "}": throw Problem("has a } without its {; a brace that is meant is written twice")
                case "{":
                    guard depth < 2 else {
                        throw Problem("has braces within the braces of a specification's braces")
                    }
                    if !text.isEmpty { parts.append(.text(text)) }
                    text = []
                    parts.append(try field(depth: depth))
                default: text.append(scalar)
                }
            }
            if !text.isEmpty { parts.append(.text(text)) }
            return parts
        }

        /// A field behind its brace.
        private mutating func field(depth: Int) throws(Problem) -> Part {
            var name = String.UnicodeScalarView()
            while let scalar = next, !["}", ":", "!"].contains(scalar) {
                guard scalar != "{" else {
                    throw Problem("has a { within a name; a brace that is meant is written twice")
                }
                name.append(scalar)
                place += 1
            }
            var conversion: Unicode.Scalar?
            if next == "!" {
                place += 1
                conversion = next
                place += 1
                guard let conversion, ["r", "s", "a"].contains(conversion), next == "}" || next == ":" else {
                    throw Problem("has a ! that neither r nor s nor a and then } or : follows")
                }
            }
            var spec: [Part] = []
            if next == ":" {
                place += 1
                spec = try parts(depth: depth + 1)
            }
            guard next == "}" else {
                throw Problem("has a { without its }; a brace that is meant is written twice")
            }
            place += 1
            let called = String(name)
            if called.isEmpty || called.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) }) {
                throw Problem("has {\(called)}, but values are called by the name of their input, as in {a}")
            }
            if called.contains(where: { $0 == "." || $0 == "[" }) {
                throw Problem("has {\(called)}, but parts of values are not supported")
            }
            return .field(name: called, conversion: conversion, spec: spec)
        }
    }
}
