import DioramaTensor

/// Sequences of token ids of one length, as a text encoder takes them, checked.
struct TokenSequences {
    /// The ids, [B, L].
    let ids: Tensor
    /// L.
    let length: Int
    /// Added to the scores of keys: the lowest number for those that fill up a sequence, [B, L]; nil where none does.
    let keyBias: Tensor?

    /// - Parameters:
    ///   - rows: the ids of each sequence.
    ///   - lengths: how many ids at the beginning of each sequence are real; all of them if nil.
    ///   - encoder: the encoder's name, for errors.
    ///   - vocabulary: how many ids there are.
    ///   - longest: the longest sequence that the encoder takes.
    ///   - device: where the tensors are made.
    /// - Throws: `ModelInputError` for an id outside the vocabulary, and for sequences that are empty, too long or of different lengths.
    init(
        _ rows: [[Int]], lengths: [Int]? = nil, encoder: String, vocabulary: Int, longest: Int,
        on device: Device
    ) throws {
        let length = rows.first?.count ?? 0
        guard 1...longest ~= length, rows.allSatisfy({ $0.count == length }) else {
            throw ModelInputError(
                "\(encoder) takes sequences of one length in 1...\(longest), found \(rows.map(\.count))")
        }
        for id in rows.joined() where !(0..<vocabulary ~= id) {
            throw ModelInputError(
                "\(encoder): the token id \(id) is outside the text encoder's table of \(vocabulary); the tokenizer may be another "
                    + "model's, or have more words than the encoder")
        }
        self.length = length
        ids = Tensor(rows.joined().map(Int32.init), [rows.count, length], on: device)
        guard let lengths else {
            keyBias = nil
            return
        }
        guard lengths.count == rows.count, lengths.allSatisfy({ 1...length ~= $0 }) else {
            throw ModelInputError(
                "\(encoder) takes a number of real tokens in 1...\(length) for each of \(rows.count) sequences, found \(lengths)"
            )
        }
        // The lowest number rather than minus infinity, as transformers has it.
        let bias = lengths.flatMap { real in
            (0..<length).map { $0 < real ? 0 : -Float.greatestFiniteMagnitude }
        }
        keyBias =
            lengths.allSatisfy { $0 == length }
            ? nil : Tensor(bias, [rows.count, length], on: device)
    }
}
