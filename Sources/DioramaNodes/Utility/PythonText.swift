/// Texts as Python has them: sequences of Unicode scalars, with the methods of its `str`.
struct PythonText: Equatable {
    /// More characters than any prompt has; a graph of a few nodes could otherwise double a text until memory is full.
    static let longest = 1 << 24

    /// The characters.
    var scalars: [Unicode.Scalar]

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    init(_ scalars: some Sequence<Unicode.Scalar>) { self.scalars = Array(scalars) }

    /// The text as Swift has it.
    var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    // MARK: Case

    /// As `str.upper`.
    var uppercased: PythonText { PythonText(scalars.flatMap(\.properties.uppercaseMapping.unicodeScalars)) }

    /// As `str.lower`: a sigma at the end of a word has a form of its own.
    var lowercased: PythonText { PythonText(scalars.indices.flatMap(lowercase)) }

    /// As `str.capitalize`: the first character as in titles, all others in lower case.
    var capitalized: PythonText {
        PythonText(
            scalars.indices.flatMap { index in
                index == 0
                    ? Array(scalars[0].properties.titlecaseMapping.unicodeScalars) : lowercase(at: index)
            })
    }

    /// As `str.title`: every letter behind something else than a letter as in titles, all others in lower case.
    var titled: PythonText {
        PythonText(
            scalars.indices.flatMap { index in
                index > 0 && scalars[index - 1].properties.isCased
                    ? lowercase(at: index)
                    : Array(scalars[index].properties.titlecaseMapping.unicodeScalars)
            })
    }

    private func lowercase(at index: Int) -> [Unicode.Scalar] {
        guard scalars[index] == "Σ" else {
            return Array(scalars[index].properties.lowercaseMapping.unicodeScalars)
        }
        func isCased(_ neighbours: some Sequence<Unicode.Scalar>) -> Bool {
            neighbours.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
        }
        let endsWord = isCased(scalars[..<index].reversed()) && !isCased(scalars[(index + 1)...])
        return endsWord ? ["ς"] : ["σ"]
    }

    // MARK: Parts

    /// As `str[start:end]`: places count from the end where negative, and are moved into the text where beyond it.
    func slice(_ start: Int, _ end: Int) -> PythonText {
        func place(_ index: Int) -> Int {
            index < 0 ? max(0, scalars.count + index) : min(index, scalars.count)
        }
        let (from, to) = (place(start), place(end))
        return PythonText(from < to ? scalars[from..<to] : [])
    }

    /// As `str.strip`, `str.lstrip` and `str.rstrip`.
    func stripped(left: Bool = true, right: Bool = true) -> PythonText {
        var rest = scalars[...]
        if left { rest = rest.drop(while: \.isPythonSpace) }
        if right { while rest.last?.isPythonSpace == true { rest.removeLast() } }
        return PythonText(rest)
    }

    // MARK: Search

    /// Whether another text is in this one.
    func contains(_ other: PythonText) -> Bool {
        var found = false
        places(of: other) { _ in
            found = true
            return false
        }
        return found
    }

    /// As `str.replace`; nil where the result would have more than `longest` characters.
    func replacing(_ old: PythonText, with new: PythonText) -> PythonText? {
        var result: [Unicode.Scalar] = []
        var end = 0
        places(of: old) { place in
            result += scalars[end..<place]
            result += new.scalars
            end = place + old.scalars.count
            return result.count <= Self.longest
        }
        guard result.count + scalars.count - end <= Self.longest else { return nil }
        return PythonText(result + scalars[end...])
    }

    /// The places of another text, from left to right and without overlap; an empty text is everywhere.
    ///
    /// Takes time in proportion to both texts, by the table of Knuth, Morris and Pratt.
    private func places(of other: PythonText, visit: (Int) -> Bool) {
        let wanted = other.scalars
        guard !wanted.isEmpty else {
            for place in 0...scalars.count where !visit(place) { return }
            return
        }
        // How many characters still match where the next one does not.
        var fallback = [0]
        var matched = 0
        for scalar in wanted.dropFirst() {
            while matched > 0, wanted[matched] != scalar { matched = fallback[matched - 1] }
            if wanted[matched] == scalar { matched += 1 }
            fallback.append(matched)
        }
        matched = 0
        for (index, scalar) in scalars.enumerated() {
            while matched > 0, wanted[matched] != scalar { matched = fallback[matched - 1] }
            if wanted[matched] == scalar { matched += 1 }
            guard matched == wanted.count else { continue }
            matched = 0
            guard visit(index + 1 - wanted.count) else { return }
        }
    }
}
