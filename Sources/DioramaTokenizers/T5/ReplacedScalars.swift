/// The scalars of a text after a table's replacements.
struct ReplacedScalars: IteratorProtocol {
    /// What is looked up at a place of the text.
    enum Rule {
        /// Hugging Face's: an extended grapheme cluster of fewer than 6 bytes by its shortest beginning, which stands
        /// for the whole cluster; where there is none, every character alone.
        case clusters
        /// SentencePiece's: the longest beginning of the rest of the text.
        case longest
    }

    private let table: PrecompiledCharsmap?
    private let rule: Rule
    private let scalars: Substring.UnicodeScalarView
    private var position: String.Index
    private var clusters: Substring.Iterator
    private var ready: [Unicode.Scalar] = []
    private var taken = 0

    init(_ text: Substring, _ table: PrecompiledCharsmap?, _ rule: Rule) {
        self.table = table
        self.rule = rule
        scalars = text.unicodeScalars
        position = scalars.startIndex
        clusters = text.makeIterator()
    }

    mutating func next() -> Unicode.Scalar? {
        while taken == ready.count {
            ready.removeAll(keepingCapacity: true)
            taken = 0
            switch rule {
            case .clusters where table != nil: guard replaceCluster() else { return nil }
            default: guard replaceLongest() else { return nil }
            }
        }
        taken += 1
        return ready[taken - 1]
    }

    private mutating func replaceCluster() -> Bool {
        guard let cluster = clusters.next() else { return false }
        let scalars = cluster.unicodeScalars
        if let scalar = scalars.first, cluster.utf8.count == 1, table?.surelyKeeps(scalar) == true {
            ready.append(scalar)
            return true
        }
        if cluster.utf8.count < 6, let replacement = table?.shortestMatch(scalars) {
            ready.append(contentsOf: replacement)
            return true
        }
        for scalar in scalars {
            ready.append(contentsOf: table?.shortestMatch(CollectionOfOne(scalar)) ?? [scalar])
        }
        return true
    }

    private mutating func replaceLongest() -> Bool {
        guard position < scalars.endIndex else { return false }
        let scalar = scalars[position]
        if let match = table?.longestMatch(scalars[position...]) {
            ready.append(contentsOf: match.replacement)
            position = match.end
        } else {
            ready.append(scalar)
            scalars.formIndex(after: &position)
        }
        return true
    }
}
