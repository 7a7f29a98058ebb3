import DioramaJSON

extension UnigramVocabulary {
    /// Reads a SentencePiece model (`sentencepiece_model.proto`) of the type Unigram.
    ///
    /// - Parameters:
    ///   - file: the protobuf.
    ///   - extraIDs: the number of tokens `<extra_id_N>` that are added behind the pieces, the highest N first.
    ///   - issues: gets what is wrong.
    init(sentencePiece file: NamedFile, extraIDs: Int, _ issues: inout IssueList) {
        self.init(file: file.name)
        var reader = SentencePieceReader()
        do {
            var fields = ProtobufReader(file.bytes)
            try reader.read(&fields)
        } catch {
            issues.add(file.name, "\(error)")
            return
        }
        entries = reader.entries
        if entries.isEmpty { issues.add(file.name, "has no pieces; expected a SentencePiece model") }
        if reader.modelType != 1 {
            let names: [UInt64: String] = [2: "BPE", 3: "WORD", 4: "CHAR"]
            let found = names[reader.modelType] ?? "\(reader.modelType)"
            issues.add(file.name, "the model's type is \(found), a T5 tokenizer's is UNIGRAM")
        }
        if reader.marksFollow { issues.add(file.name, "treat_whitespace_as_suffix is not supported") }
        takeTypes(&issues)
        fallsBackToBytes = reader.fallsBackToBytes
        normalizer.rule = .longest
        if !reader.charsmap.isEmpty {
            normalizer.table = PrecompiledCharsmap(reader.charsmap, file: file.name, &issues)
        }
        mark = reader.escapesSpaces ? Self.mark : " "
        takeSpaces(addsPrefix: reader.addsPrefix, dropsSpaces: reader.dropsSpaces)
        for number in (0..<max(0, extraIDs)).reversed() {
            addedTokens.append(AddedToken("<extra_id_\(number)>"))
        }
    }

    /// Normalizes spaces as SentencePiece does.
    mutating func takeSpaces(addsPrefix: Bool, dropsSpaces: Bool) {
        prefix = UnigramWords.Prefix(place: addsPrefix ? .everyStretch : .nowhere, doubles: true)
        if dropsSpaces { normalizer.steps = [.dropSpaces(mark: mark)] }
    }
}

/// Takes what Unigram needs from a `ModelProto`.
struct SentencePieceReader {
    private(set) var entries: [UnigramVocabulary.Entry] = []
    private(set) var modelType: UInt64 = 1
    private(set) var marksFollow = false
    private(set) var fallsBackToBytes = false
    private(set) var charsmap: [UInt8] = []
    private(set) var addsPrefix = true
    private(set) var dropsSpaces = true
    private(set) var escapesSpaces = true

    mutating func read(_ model: inout ProtobufReader) throws(ProtobufReader.Failure) {
        while let field = try model.next() {
            switch field.number {
            case 1: try readPiece(model.message(field, "pieces"), at: field.start)
            case 2: try readTrainer(model.message(field, "trainer_spec"))
            case 3: try readNormalizer(model.message(field, "normalizer_spec"))
            default: break
            }
        }
    }

    private mutating func readPiece(_ message: ProtobufReader, at start: Int) throws(ProtobufReader.Failure) {
        var message = message
        var entry = UnigramVocabulary.Entry(text: "", score: 0)
        while let field = try message.next() {
            switch field.number {
            case 1:
                let bytes = try message.bytes(field, "piece")
                guard let text = String(validating: bytes, as: UTF8.self) else {
                    throw .init(offset: field.start, problem: "piece \(entries.count) is not UTF-8")
                }
                entry.text = text
            case 2: entry.score = Double(try message.float(field, "score"))
            case 3:
                let number = try message.integer(field, "type")
                guard let type = Int(exactly: number).flatMap(GGUFTokenType.init) else {
                    throw .init(
                        offset: field.start,
                        problem: "the type of piece \(entries.count) is \(number), types are 1 to 6")
                }
                entry.type = type
            default: break
            }
        }
        guard !entry.text.isEmpty else {
            throw .init(offset: start, problem: "piece \(entries.count) has no text")
        }
        guard entries.count < UnigramVocabulary.countLimit else {
            throw .init(offset: start, problem: "more than \(UnigramVocabulary.countLimit) pieces")
        }
        entries.append(entry)
    }

    private mutating func readTrainer(_ message: ProtobufReader) throws(ProtobufReader.Failure) {
        var message = message
        while let field = try message.next() {
            switch field.number {
            case 3: modelType = try message.integer(field, "model_type")
            case 24: marksFollow = try message.integer(field, "treat_whitespace_as_suffix") != 0
            case 35: fallsBackToBytes = try message.integer(field, "byte_fallback") != 0
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ message: ProtobufReader) throws(ProtobufReader.Failure) {
        var message = message
        while let field = try message.next() {
            switch field.number {
            case 2: charsmap = Array(try message.bytes(field, "precompiled_charsmap"))
            case 3: addsPrefix = try message.integer(field, "add_dummy_prefix") != 0
            case 4: dropsSpaces = try message.integer(field, "remove_extra_whitespaces") != 0
            case 5: escapesSpaces = try message.integer(field, "escape_whitespaces") != 0
            default: break
            }
        }
    }
}
