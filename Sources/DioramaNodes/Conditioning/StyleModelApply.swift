import DioramaGraph
import DioramaModels
import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Puts tokens of a picture's style behind those of a prompt.
struct StyleModelApply: Node {
    static let spec = NodeSpec(
        "StyleModelApply", title: "Apply Style Model", category: "model/conditioning",
        "Puts tokens that a style model (FLUX.1 Redux) makes of a picture behind those of a prompt. Several of these nodes one behind the "
            + "other mix several pictures.", searchAliases: ["redux", "image prompt", "variation"])

    @Input("The prompt.") var conditioning: Conditioning
    @Input("The style model.") var styleModel: StyleModel
    @Input("What the vision model that belongs to it sees in pictures.") var clipVisionOutput:
        CLIPVisionOutput
    @Input("How much the style counts.", in: 0...10, step: 0.001) var strength = 1.0
    @Input(
        "How the strength counts: multiply changes the tokens themselves; attn_bias changes how much FLUX.1 and Chroma attend to them, "
            + "other models do not hear it.", options: ["multiply", "attn_bias"])
    var strengthType = "multiply"

    @Output("The prompt with the style.", name: "CONDITIONING") var styled: Conditioning

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        StyleFit.problems(node, style: $styleModel.name, vision: $clipVisionOutput.name, environment)
    }

    func run(_ context: RunContext) async throws {
        let states = try styleModel.network(clipVisionOutput.states.last)
        let isMultiplied = strengthType == "multiply"
        // The tokens of all pictures follow one another.
        let tokens = states.reshaped(1, states.shape[0] * states.shape[1], states.shape[2])
        let style = isMultiplied && strength != 1 ? tokens * Float(strength) : tokens
        let bias = isMultiplied ? 0 : Self.bias(of: strength)
        styled = try conditioning.mapped { entry in
            let (text, old) = (entry.context.unfolded, entry.context)
            guard text.shape[2] == style.shape[2] else {
                throw context.fail(
                    $conditioning,
                    "has tokens of \(text.shape[2]) values, those of the style model have \(style.shape[2]): it may come from the "
                        + "text encoder of another model than the style model was made for")
            }
            entry.context = TextContext(
                tokens: .concatenated([text, style.repeated(text.shape[0], axis: 0)], axis: 1),
                pooled: old.pooled)
            entry.context.styles = old.styles
            // Behind a style that counts otherwise, one that counts as it is needs its place too: its tokens do not attend by a bias.
            if bias != 0 || !old.styles.isEmpty {
                let start = text.shape[1]
                entry.context.styles.append(StyleTokens(start..<start + style.shape[1], bias: bias))
            }
        }
    }

    /// The logarithm of a strength, rounded as ComfyUI's mask rounds it; that of 0 takes the tokens out.
    private static func bias(of strength: Double) -> Float { Float(Float16(log(Float(strength)))) }
}
