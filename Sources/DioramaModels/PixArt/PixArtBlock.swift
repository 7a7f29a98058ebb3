import DioramaNN
import DioramaTensor
import DioramaWeights

/// A block of PixArt: attention among image tokens, attention to the text, a perceptron.
///
/// One modulation serves all blocks, to which each adds a table of its own: adaLN-single. Names as in diffusers'
/// `BasicTransformerBlock` with `norm_type` `ada_norm_single`.
struct PixArtBlock: Sendable {
    private let table: Tensor
    private let own, across: CrossAttention
    private let mlp: FeedForward

    init(_ w: Weights, _ c: PixArtConfig) throws {
        table = try w.tensor("scale_shift_table", [6, c.width])
        own = try CrossAttention(w["attn1"], width: c.width, heads: c.heads)
        across = try CrossAttention(w["attn2"], width: c.width, heads: c.heads)
        mlp = try FeedForward(w["ff"], width: c.width)
    }

    /// Passes image tokens through, of which `state` must have text tokens beside; `time` is [B, 1, 6 D].
    func callAsFunction(_ state: BlockState, _ time: Tensor) -> BlockState {
        guard let context = state.context else {
            preconditionFailure("PixArtBlock: the state has no text tokens")
        }
        let (mix, think) = Modulation.pair(time + table.asType(.f32).reshaped(1, 1, table.count))
        let read = mix.input(state.image)
        let mixed = own(read, reading: read, mix.added(to: state.image))
        let told = across(mixed, reading: context, LinearEpilogue(residual: mixed))
        return BlockState(image: mlp(think.input(told), think.added(to: told)), context: context)
    }
}
