import DioramaGraph

/// Shows a value as text.
struct PreviewAny: Node {
    static let spec = NodeSpec(
        "PreviewAny", title: "Preview as Text", category: "utilities",
        "Shows any value as text among the notes of the run, and hands the text on.", lane: .io,
        isOutput: true,
        searchAliases: ["show output", "inspect", "debug", "print"])

    @Input("What to show.") var source: AnyValue

    @Output("The value as text: texts and numbers as they are, of everything else its type and size.")
    var text: String

    func run(_ context: RunContext) async throws {
        text = try described(source.value)
        context.notice(text.count <= Self.mostShown ? text : text.prefix(Self.mostShown) + "…")
    }

    /// As much of a text as a note shows.
    private static let mostShown = 4000

    private func described(_ value: any PortValue) throws -> String {
        switch value {
        case let value as any LiteralValue: try String(literal: value.json)
        case let latent as Latent: "LATENT \(latent.samples.shape)"
        case let images as ImageBatch: "IMAGE \(images.pixels.shape)"
        case let mask as Mask: "MASK \(mask.coverage.shape)"
        default: type(of: value).portType.name
        }
    }
}
