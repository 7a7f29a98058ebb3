import DioramaJSON

/// Reads tokenizer_config.json and special_tokens_map.json, which share the keys of the special tokens.
struct ConfigurationReader {
    private(set) var configuration = CLIPTokenizer.Configuration()
    private(set) var listsAddedTokens = false
    /// The lengths a file may ask for; nil if they do not matter.
    private let lengths: ClosedRange<Int>?

    init(lengths: ClosedRange<Int>?) { self.lengths = lengths }

    mutating func read(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            guard try scanner.kind() != .null else { return try scanner.null() }
            switch key {
            case "bos_token": configuration.bos = try scanner.addedToken(special: true).token
            case "eos_token": configuration.eos = try scanner.addedToken(special: true).token
            case "unk_token": configuration.unknown = try scanner.addedToken(special: true).token
            case "pad_token": configuration.pad = try scanner.addedToken(special: true).token
            case "sep_token": configuration.separator = try scanner.addedToken(special: true).token
            case "cls_token": configuration.classifier = try scanner.addedToken(special: true).token
            case "mask_token": configuration.mask = try scanner.addedToken(special: true).token
            case "extra_special_tokens", "additional_special_tokens": try readExtraTokens(&scanner)
            case "model_max_length", "max_len":
                guard let lengths else { return try scanner.skip() }
                configuration.maxLength = try readMaxLength(&scanner, in: lengths)
            case "padding_side": configuration.paddingSide = try scanner.side()
            case "truncation_side": configuration.truncationSide = try scanner.side()
            case "split_special_tokens": configuration.splitsSpecialTokens = try scanner.boolean()
            case "added_tokens_decoder": try readDecoder(&scanner)
            default: try scanner.skip()
            }
        }
    }

    /// Reads added_tokens.json, `{"token": id}`.
    mutating func readAddedTokens(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        var entries: [(id: Double, content: String)] = []
        try scanner.object { (scanner, content) throws(JSON.ParseError) in
            entries.append((try scanner.double(), content))
        }
        let special = [configuration.bos, configuration.eos, configuration.unknown, configuration.pad]
            .compactMap { $0?.content }
        configuration.extraTokens =
            entries.sorted { $0.id < $1.id }.map {
                AddedToken($0.content, special: special.contains($0.content))
            } + configuration.extraTokens
    }

    private mutating func readExtraTokens(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        guard try scanner.kind() == .array else { return try scanner.skip() }
        try scanner.array { (scanner) throws(JSON.ParseError) in
            configuration.extraTokens.append(try scanner.addedToken(special: true).token)
        }
    }

    /// A length; nil for the huge number that stands for "none".
    private func readMaxLength(
        _ scanner: inout JSONScanner, in lengths: ClosedRange<Int>
    ) throws(JSON.ParseError) -> Int? {
        let number = try scanner.double()
        guard number < 1e20 else { return nil }
        guard let length = Int(exactly: number), lengths.contains(length) else {
            throw scanner.wrong(
                "model_max_length is \(number), expected a whole number from \(lengths.lowerBound) to "
                    + "\(lengths.upperBound)")
        }
        return length
    }

    /// `{"id": {"content": ..., ...}}`, put in the order of the ids.
    private mutating func readDecoder(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        listsAddedTokens = true
        var entries: [(id: Int, token: AddedToken)] = []
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            guard let id = Int(key) else {
                throw scanner.wrongKey("the keys of added_tokens_decoder are ids, found \(quoted(key))")
            }
            entries.append((id, try scanner.addedToken(special: false).token))
        }
        configuration.addedTokens = entries.sorted { $0.id < $1.id }.map(\.token)
    }
}
