import DioramaJSON

/// What Qwen's tokenizers do between added tokens.
struct QwenWords: WordEncoding {
    let encoder: BytePairEncoder

    var lookahead: Int { QwenSplitter.lookahead }

    func makeScratch() -> BytePairEncoder.Scratch { BytePairEncoder.Scratch() }

    func normalize(_ text: Substring) -> ComposedScalars<Substring.UnicodeScalarView.Iterator> {
        ComposedScalars(text.unicodeScalars.makeIterator())
    }

    func split(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ word: (Range<Int>) -> Bool
    ) -> Int? {
        QwenSplitter.split(text, range, isEnd: isEnd, word)
    }

    func encode(
        _ word: ArraySlice<Unicode.Scalar>, _ place: WordPlace, into ids: inout [Int],
        using scratch: inout BytePairEncoder.Scratch
    ) {
        encoder.encode(word, endsWord: place.isWhole, into: &ids, using: &scratch)
    }
}

/// Checks that a tokenizer.json asks for what `QwenWords` does.
enum QwenPipeline {
    static func check(
        _ normalizer: JSON?, _ preTokenizer: JSON?, _ file: String, _ issues: inout IssueList
    ) {
        let normalizers = steps(normalizer, "normalizers")
        if normalizers.map(\.type) != ["NFC"] {
            issues.add(file, "the normalizer is \(names(normalizers)), a Qwen tokenizer's is NFC")
        }
        let steps = steps(preTokenizer, "pretokenizers")
        guard steps.map(\.type) == ["Split", "ByteLevel"] else {
            issues.add(
                file, "the pre_tokenizer is \(names(steps)), a Qwen tokenizer's is Split and ByteLevel")
            return
        }
        checkSplit(steps[0].json, file, &issues)
        for key in ["add_prefix_space", "use_regex"] where steps[1].json[key]?.bool != false {
            issues.add(file, "\(key) of ByteLevel is not false, as it is for a Qwen tokenizer")
        }
    }

    private static func checkSplit(_ split: JSON, _ file: String, _ issues: inout IssueList) {
        let pattern = split["pattern"]?["Regex"]?.string
        if pattern.map({ Array($0.utf8) == Array(QwenSplitter.pattern.utf8) }) != true {
            let found = pattern.map(quoted) ?? split["pattern"]?.brief ?? "none"
            issues.add(
                file,
                "the pattern that words are split by is \(found); the known one is Qwen2's (Qwen2, 2.5, 3 and their "
                    + "VL kin), \"\(QwenSplitter.pattern)\"")
        }
        if split["behavior"]?.string != "Isolated" || split["invert"]?.bool == true {
            issues.add(file, "Split must be Isolated and not inverted, as it is for a Qwen tokenizer")
        }
    }

    /// A step, or the steps of a Sequence.
    private static func steps(_ json: JSON?, _ list: String) -> [(type: String, json: JSON)] {
        guard let json else { return [] }
        let type = json["type"]?.string ?? json.brief
        guard type == "Sequence", let steps = json[list]?.array else { return [(type, json)] }
        return steps.map { ($0["type"]?.string ?? $0.brief, $0) }
    }

    private static func names(_ steps: [(type: String, json: JSON)]) -> String {
        steps.isEmpty ? "none" : steps.map { brief($0.type) }.joined(separator: " and ")
    }
}
