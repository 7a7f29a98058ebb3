import DioramaTestSupport
import DioramaTokenizers
import FoundationEssentials
import Testing

/// Files of Qwen's and T5's tokenizers that are wrong or hostile end in a `TokenizerError` that says where and what.
@Suite struct HostileTokenizerTests {
    private func problem<Tokenizer>(_ load: () throws -> Tokenizer) -> String {
        let error = #expect(throws: TokenizerError.self) { _ = try load() }
        return error?.description ?? ""
    }

    private func replaced(_ file: String, _ old: String, _ new: String) throws -> Data {
        let variant = QwenT5Goldens.Variant(file: file, name: file, replace: [[old, new]])
        return try variant.data()
    }

    @Test(arguments: [
        (
            #""type":"BPE""#, #""type":"Unigram""#,
            #"the model's type is "Unigram", a Qwen tokenizer's is "BPE""#
        ),
        (
            #""end_of_word_suffix":null"#, #""end_of_word_suffix":"</w>""#,
            #"end_of_word_suffix is "</w>", a Qwen tokenizer's is """#
        ),
        (
            #""continuing_subword_prefix":null"#, #""continuing_subword_prefix":"@@""#,
            #"continuing_subword_prefix is "@@", a Qwen"#
        ),
        (#""ignore_merges":false"#, #""ignore_merges":1"#, "expected true or false, found a number"),
        (#"\\p{N}|"#, #"\\p{N}{1,3}|"#, "the known one is Qwen2's"),
        (#""Isolated""#, #""Removed""#, "Split must be Isolated and not inverted"),
        (#""use_regex":false"#, #""use_regex":true"#, "use_regex of ByteLevel is not false"),
        (#"{"type":"NFC"}"#, #"{"type":"NFKC"}"#, "the normalizer is NFKC, a Qwen tokenizer's is NFC"),
        (#"{"type":"NFC"}"#, "null", "the normalizer is none, a Qwen tokenizer's is NFC"),
        (
            #"{"type":"ByteLevel","add_prefix_space":false,"#, #"{"type":"Digits","#,
            "the pre_tokenizer is Split and Digits"
        ),
        (#""!":0,"#, "", #"1 of the 256 bytes have no piece, the first is byte 33, "!""#),
        (#""!":0,"#, #""!":1,"#, #"the id 1 is given to "!" and to"#),
        (#""!":0,"#, #""!":-1,"#, #"the id of "!" is -1.0, ids are whole numbers from 0 to 2147483647"#),
        (
            #""merges":["#, #""merges":[["!","$"],"#,
            #"merge 1, "! $", needs pieces that the vocabulary lacks: "!$""#
        ),
        (#""merges":["#, #""merges":[["!"],"#, "a merge is two pieces, this one has 1"),
    ]) func aWrongQwenFileSaysWhatIsWrong(old: String, new: String, message: String) throws {
        let data = try replaced("qwen", old, new)
        let text = problem { try QwenTokenizer(tokenizerJSON: data) }
        #expect(text.contains("tokenizer.json: ") && text.contains(message), "\(text)")
    }

    @Test func wrongArraysOfQwenSayWhatIsWrong() {
        let bytes = (0..<3).map { "a\($0)" }
        let text = problem {
            try QwenTokenizer(
                tokens: bytes + ["a0"], merges: ["a0", "a0 a9", "a b c"], types: [1, 1, 9, 1], padID: 7,
                preTokenizer: "llama-bpe", file: "model.gguf")
        }
        for part in [
            #"model.gguf: the piece "a0" has two ids, 0 and 3"#,
            #"merge 1, "a0": expected two pieces with one space between them"#,
            #"merge 3, "a b c": expected two"#,
            #"tokenizer.ggml.pre is "llama-bpe"; the known one is "qwen2""#,
            #"the type of "a2" is 9, types are 1 to 6"#, "the padding id is 7, ids are 0 to 3",
            "256 of the 256 bytes have no piece", #"merge 1, "a0 a9", needs pieces"#,
        ] { #expect(text.contains(part), "\(part) in \(text)") }
        #expect(
            problem { try QwenTokenizer(tokens: [], merges: [], types: [1]) }.contains(
                "0 tokens have 1 token types"))
        #expect(
            problem { try QwenTokenizer(tokens: [], merges: [], types: []) }.contains(
                #"no piece "<|endoftext|>""#))
        #expect(
            problem { try QwenTokenizer(tokens: [], merges: [], types: [], padID: Int.min) }.contains(
                "the padding id is -"))
    }

    @Test(arguments: [
        (
            #""type":"Unigram""#, #""type":"BPE""#,
            #"the model's type is "BPE", a T5 tokenizer's is "Unigram""#
        ),
        (#""unk_id":2"#, #""unk_id":null"#, "the vocabulary has no unknown piece"),
        (#""unk_id":2"#, #""unk_id":99999999"#, "the unknown id is 99999999, ids are 0 to"),
        (#""unk_id":2"#, #""unk_id":-1"#, "the unknown id is -1, ids are 0 to"),
        (#""unk_id":2"#, #""unk_id":1e30"#, "expected a whole number that fits 64 bits, found 1e30"),
        (#"["<pad>",0.0]"#, #"["<pad>","0"]"#, "expected a number, found a text"),
        (#"["<pad>",0.0]"#, #"["<pad>"]"#, "a piece is a text and its score, this one is 1 values"),
        (#"["<pad>",0.0]"#, #"["<pad>",1e999]"#, "expected a finite number, found 1e999"),
        (#"["<pad>",0.0]"#, #"["</s>",0.0]"#, #"the piece "</s>" has two ids, 0 and 1"#),
        (#""vocab":["#, #""vocabulary":["#, #"the model has no "vocab""#),
        (#""precompiled_charsmap":""#, #""precompiled_charsmap":"*"#, "precompiled_charsmap is a text of"),
        (
            #""precompiled_charsmap":""#, #""precompiled_charsmap":"AAAA"#,
            "expected a multiple of 4 from 4 to"
        ),
        (
            #""precompiled_charsmap":""#, #""precompiled_charsmap":0,"x":""#,
            "precompiled_charsmap is a whole number, expected a text in base64"
        ),
        (#"{"Regex":" {2,}"}"#, #"{"Regex":"\\d"}"#, "normalizer 3 is {"),
        (#""type":"Strip""#, #""type":"NFKC""#, "normalizer 2 is {"),
        (
            #""prepend_scheme":"first""#, #""prepend_scheme":"last""#,
            #"prepend_scheme is "last", expected always, first or never"#
        ),
        (
            #""replacement":"▁","prepend_scheme":"first""#, #""replacement":"__","prepend_scheme":"first""#,
            "the replacement of Metaspace has 2 characters"
        ),
        (
            #""pre_tokenizer":{"type":"Metaspace""#, #""pre_tokenizer":{"type":"Whitespace""#,
            "the pre_tokenizer is {"
        ),
        (#"{"id":0,"#, "{", #"an added token has no "id""#),
    ]) func aWrongT5FileSaysWhatIsWrong(old: String, new: String, message: String) throws {
        let data = try replaced("t5", old, new)
        let text = problem { try T5Tokenizer(tokenizerJSON: data) }
        #expect(text.contains("tokenizer.json: ") && text.contains(message), "\(text)")
    }

    @Test func wrongArraysOfT5SayWhatIsWrong() {
        let tokens = ["<pad>", "</s>", "<unk>", "a", "<0xZZ>"]
        let types = [3, 3, 2, 1, 1]
        func load(
            scores: [Float] = [0, 0, 0, -1, -2], types: [Int] = types, charsmap: [UInt8] = [],
            unknown: Int? = nil,
            end: Int? = nil
        ) -> String {
            problem {
                try T5Tokenizer(
                    tokens: tokens, scores: scores, types: types, charsmap: charsmap, unknownID: unknown,
                    endID: end)
            }
        }
        #expect(load(scores: []).contains("GGUF metadata: 5 tokens have 0 scores"))
        #expect(load(scores: [0, 0, 0, .nan, 1]).contains(#"the score of piece 3, "a", is nan"#))
        #expect(load(types: [1]).contains("5 tokens have 1 token types"))
        #expect(load(types: [3, 3, 2, 2, 1]).contains("two pieces are of the type unknown, 2 and 3"))
        #expect(load(types: [3, 3, 2, 1, 6]).contains(#"piece 4, "<0xZZ>", is of the type byte, but not"#))
        #expect(load(types: [3, 3, 1, 1, 1]).contains("the vocabulary has no unknown piece"))
        #expect(load(unknown: 5).contains("the unknown id is 5, ids are 0 to 4"))
        #expect(load(end: -1).contains("the id of the end token is -1, ids are 0 to 4"))
        #expect(
            load(charsmap: [1, 2]).contains("the precompiled charsmap has 2 bytes, at least 4 are expected"))
        #expect(
            load(charsmap: [255, 255, 255, 255, 0]).contains(
                "trie has 4294967295 bytes, expected a multiple of 4"))
        #expect(load(charsmap: [4, 0, 0, 0, 0, 0, 0, 0, 1]).contains("do not end in a zero byte"))
        #expect(
            load(charsmap: [4, 0, 0, 0, 9, 0, 0, 128, 0]).contains(
                "names a replacement at byte 9, but there are 1"))
        #expect(
            problem { try T5Tokenizer(tokens: ["x"], scores: [0], types: [2], charsmap: []) }
                .contains(#"has no piece "</s>", T5's end token"#))
        let long = String(repeating: "a", count: 1025)
        #expect(
            problem {
                try T5Tokenizer(
                    tokens: tokens + [long], scores: [0, 0, 0, 0, 0, 0], types: types + [1], charsmap: [])
            }.contains("is longer than 1024 bytes"))
    }

    @Test(
        arguments: [
            ([], "has no pieces; expected a SentencePiece model"),
            ([0x0A], "byte 1: a number that has no end"),
            ([0x0A, 5, 1], "byte 0: a field of 5 bytes, but only 1 are left of its message"),
            ([0x0A, 0], "byte 0: piece 0 has no text"),
            ([0x0A, 3, 0x0A, 1, 0xFF], "byte 2: piece 0 is not UTF-8"),
            ([0x0A, 2, 0x08, 1], "byte 2: field 1, piece, is not bytes"),
            ([0x0A, 5, 0x0A, 1, 0x61, 0x18, 9], "byte 5: the type of piece 0 is 9, types are 1 to 6"),
            ([0x0A, 7, 0x0A, 1, 0x61, 0x15, 0, 0, 0], "but only 3 are left"),
            ([0x0B], "byte 0: a field of wire type 3, which protobuf does not use"),
            ([0x08, 1], "field 1, pieces, is not a message"),
            ([0x08] + Array(repeating: 0xFF, count: 20), "a number of more than 10 bytes"),
            ([0x0A] + Array(repeating: 0xFF, count: 9) + [1], "a field of 18446744073709551615 bytes"),
            (
                [0x0A, 3, 0x0A, 1, 0x61, 0x12, 2, 0x18, 2],
                "the model's type is BPE, a T5 tokenizer's is UNIGRAM"
            ),
            ([0x0A, 3, 0x0A, 1, 0x61, 0x12, 3, 0xC0, 1, 1], "treat_whitespace_as_suffix is not supported"),
        ] as [([UInt8], String)]) func aWrongSentencePieceModelSaysWhatIsWrong(
            bytes: [UInt8], message: String
        )
    {
        let text = problem { try T5Tokenizer(sentencePiece: bytes, file: "spiece_model") }
        #expect(text.contains("spiece_model: ") && text.contains(message), "\(text)")
    }

    @Test func foldersWithoutFilesSayWhatIsExpected() throws {
        let folder = try TemporaryFolder()
        #expect(
            problem { try T5Tokenizer(directory: folder.url) }.contains(
                "expected tokenizer.json, or spiece.model; there is no tokenizer.json and no spiece.model"))
        #expect(
            problem { try QwenTokenizer(directory: folder.url) }.contains(
                "expected tokenizer.json, or vocab.json and merges.txt; there is no"))
    }

    /// A table whose every unit leads back to itself, so that a look-up would go on as long as the text.
    @Test(.timeLimit(.minutes(10))) func aTableThatNeverEndsDoesNotHang() throws {
        var charsmap: [UInt8] = [0, 4, 0, 0]
        for unit in 0..<UInt32(256) {
            withUnsafeBytes(of: unit.littleEndian) { charsmap.append(contentsOf: $0) }
        }
        charsmap.append(0)
        let tokenizer = try T5Tokenizer(
            tokens: ["<pad>", "</s>", "<unk>", "a"], scores: [0, 0, 0, -1], types: [3, 3, 2, 1],
            charsmap: charsmap)
        #expect(tokenizer.tokens(String(repeating: "a", count: 300_000)).count >= 1)
    }

    /// Every file, cut and flipped at many places, loads or ends in a `TokenizerError`.
    @Test(arguments: ["qwen.json", "t5.json", "spiece.model"]) func noDamageTraps(file: String) throws {
        let whole = Array(try QwenT5Goldens.data(file))
        var generator = SeededGenerator(11)
        let text =
            "the <extra_id_0> sea! caf\u{E9} \u{1F600}\u{2603} e\u{301} \u{FF21}\u{FB01} <|im_end|>\n\n x"
        for round in 0..<150 {
            var bytes = whole
            let place = Int.random(in: 0..<whole.count, using: &generator)
            if round % 3 == 0 {
                bytes.removeSubrange(place...)
            } else {
                bytes[place] ^= 1 << UInt8(round % 8)
            }
            do {
                switch file {
                case "qwen.json": _ = try QwenTokenizer(tokenizerJSON: Data(bytes)).tokens(text)
                case "t5.json": #expect(try T5Tokenizer(tokenizerJSON: Data(bytes)).encode(text).count > 1)
                default: #expect(try T5Tokenizer(sentencePiece: bytes).encode(text).count > 1)
                }
            } catch {
                #expect(!error.issues.isEmpty)
            }
        }
    }
}
