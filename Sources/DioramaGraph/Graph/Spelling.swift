/// Guesses what a misspelled name was meant to be.
package enum Spelling {
    /// Names longer than this are not compared: the work grows with the square.
    private static let longest = 100

    /// The candidate most like a word; nil when none is like it.
    ///
    /// Best is one that differs in the case of letters only, then one that ends in "/" and the word or begins with the
    /// word (of 3 letters or more), then one that is a few slips of the hand away: one for every three letters.
    ///
    /// - Parameters:
    ///   - word: what the user wrote.
    ///   - candidates: what would be right; at most 5000 are looked at.
    /// - Returns: the nearest, the first of several equally near.
    package static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        let wanted = Array(word.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= longest else { return nil }
        var best: (name: String, slips: Int)?
        for candidate in candidates.prefix(5000) {
            let letters = Array(candidate.lowercased().utf8)
            let allowed = min(best.map { $0.slips - 1 } ?? .max, max(1, wanted.count / 3))
            guard letters.count <= longest * 2 else { continue }
            let slips: Int?
            if letters.suffix(wanted.count + 1).elementsEqual([UInt8(ascii: "/")] + wanted)
                || (wanted.count >= 3 && letters.starts(with: wanted))
            {
                if letters == wanted { return candidate }
                slips = 0
            } else {
                slips = distance(wanted, letters, atMost: allowed)
            }
            if let slips, slips <= allowed { best = (candidate, slips) }
        }
        return best?.name
    }

    /// How many insertions, deletions, replacements and swaps of neighbours lead from one word to the other (optimal
    /// string alignment); nil when more than a limit.
    private static func distance(_ a: [UInt8], _ b: [UInt8], atMost limit: Int) -> Int? {
        guard limit >= 0, abs(a.count - b.count) <= limit else { return nil }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            if row.min() ?? 0 > limit { return nil }
            (beforeLast, last) = (last, row)
        }
        return last[b.count] <= limit ? last[b.count] : nil
    }
}

extension String? {
    /// A sentence with the guess as a question behind it, if there is a guess.
    ///
    /// - Parameter sentence: what is wrong.
    /// - Returns: for example `there is no input "sedd"; did you mean "seed"?`.
    func asked(_ sentence: String) -> String {
        map { "\(sentence); did you mean \(quoted($0))?" } ?? sentence
    }
}
