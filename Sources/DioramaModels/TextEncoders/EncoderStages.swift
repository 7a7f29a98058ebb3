import DioramaTensor
import DioramaTokenizers
import DioramaWeights

/// A CLIP with its tokenizer.
struct CLIPStage: Sendable {
    let tokenizer: CLIPTokenizer
    let model: CLIPTextModel
    /// The id that fills sequences up: the end's for CLIP-L, 0 for CLIP-G, as their diffusion models were trained.
    let padID: Int

    /// - Parameters:
    ///   - tokenizer: of the model.
    ///   - model: the encoder.
    ///   - padID: fills sequences up; the tokenizer's own if nil.
    init(tokenizer: CLIPTokenizer, model: CLIPTextModel, padID: Int?) {
        self.tokenizer = tokenizer
        self.model = model
        self.padID = padID ?? tokenizer.padID
    }

    /// Sequences that one text may become; what is beyond is left out.
    private static let mostSections = 64

    /// What a text becomes.
    struct Output {
        /// The states of all sequences, one behind the other, [1, L, D].
        let states: Tensor
        /// The normed state of the first sequence's end, [1, D].
        let pooled: Tensor
        /// The same projected, [1, P].
        let projected: Tensor
        /// Tokens at the text's end that were left out.
        let truncated: Int
    }

    func sections(_ text: String) -> TokenSections {
        let groups = WeightedPrompt(text).pieces.map { (ids: tokenizer.tokens($0.text), weight: $0.weight) }
        return TokenSections(
            groups,
            .init(
                start: tokenizer.bosID, end: tokenizer.eosID, pad: padID,
                longest: min(tokenizer.maxLength, model.config.positions), most: Self.mostSections))
    }

    /// Encodes a text, of whose states `chosen` picks some.
    ///
    /// What is shorter than `count` sequences has those of an empty text behind it.
    func encode(
        _ text: String, count: Int = 1, on device: Device, _ chosen: (CLIPTextModel.Output) -> Tensor
    ) throws -> Output {
        var sections = sections(text)
        sections.fill(upTo: count)
        let outputs = try sections.ids.map { try model([$0], on: device) }
        let states = sections.weighted(outputs.map(chosen))
        return Output(
            states: .concatenated(states, axis: 1), pooled: outputs[0].pooled,
            projected: outputs[0].projected,
            truncated: sections.truncated)
    }

    /// The stage with an adapter's changes; `place` is which CLIP of its pipeline it is.
    func adapted(
        by adapter: inout AdapterApplication, as place: CLIPPlace, strength: Double
    ) throws -> CLIPStage {
        CLIPStage(
            tokenizer: tokenizer, model: try model.adapted(by: &adapter, as: place, strength: strength),
            padID: padID)
    }
}

/// T5 with its tokenizer.
struct T5Stage: Sendable {
    let tokenizer: T5Tokenizer
    let model: T5EncoderModel
    /// The length up to which short texts are filled, and how many ids fill up at least.
    var shortest = 0, padding = 0
    /// Whether what weights are measured against begins with an end, as a text does; PixArt's is filled alone.
    var emptyHasEnd = true
    /// Whether the text's tokens see those that fill up, as ComfyUI has it.
    var seesPadding = true

    func sections(_ text: String) -> TokenSections {
        let groups = WeightedPrompt(text).pieces.map { piece in
            (ids: tokenizer.tokens(piece.text, limit: T5EncoderModel.longest), weight: piece.weight)
        }
        return TokenSections(
            groups,
            .init(
                end: tokenizer.endID, pad: tokenizer.padID, longest: T5EncoderModel.longest,
                shortest: shortest, padding: padding, emptyHasEnd: emptyHasEnd))
    }

    /// Encodes a text.
    ///
    /// - Returns: the normed state after a layer, counted from the end, [1, L, D], and how many tokens were left out.
    func encode(
        _ text: String, layer: Int = -1, on device: Device
    ) throws -> (states: Tensor, truncated: Int) {
        let sections = sections(text)
        let states = try sections.ids.map { ids in
            let seen = ids.lastIndex(of: tokenizer.endID).map { $0 + 1 }
            return try model(
                [ids], lengths: seesPadding ? nil : [seen ?? ids.count], on: device, layer: layer)
        }
        return (.concatenated(sections.weighted(states), axis: 1), sections.truncated)
    }

    /// The state of the text's end with nothing before it, [1, 1, D].
    func encodeEnd(layer: Int, on device: Device) throws -> (states: Tensor, truncated: Int) {
        (try model([[tokenizer.endID]], on: device, layer: layer), 0)
    }
}
