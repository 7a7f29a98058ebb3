/// Which text encoder a file holds.
public enum TextEncoderKind: Sendable, Hashable, CustomStringConvertible {
    /// CLIP ViT-L/14 of OpenAI, 768 wide.
    case clipL
    /// OpenCLIP ViT-bigG/14, 1280 wide.
    case clipG
    /// OpenCLIP ViT-H/14, 1024 wide.
    case clipH
    /// T5 1.1.
    case t5(width: Int)
    /// UMT5: T5 1.1 with a table of relative positions in every layer, and a vocabulary of its own.
    case umt5(width: Int)
    /// Qwen3.
    case qwen3(width: Int)
    /// None that is known; says what it looks like: `Gemma 2, 2304 wide`.
    case unknown(String)

    /// T5 1.1 XXL.
    public static let t5XXL = t5(width: 4096)

    /// Its name: `T5-XXL`, `Qwen3-4B`.
    public var description: String {
        switch self {
        case .clipL: "CLIP-L"
        case .clipG: "CLIP-G"
        case .clipH: "CLIP-H"
        case .t5(let width): "T5" + Self.size(width, Self.t5Sizes)
        case .umt5(let width): "UMT5" + Self.size(width, Self.t5Sizes)
        case .qwen3(let width): "Qwen3" + Self.size(width, Self.qwen3Sizes)
        case .unknown(let description): description
        }
    }

    private static let t5Sizes = [512: "Small", 768: "Base", 1024: "Large", 2048: "XL", 4096: "XXL"]
    private static let qwen3Sizes = [1024: "0.6B", 2048: "1.7B", 2560: "4B", 4096: "8B"]

    private static func size(_ width: Int, _ sizes: [Int: String]) -> String {
        sizes[width].map { "-\($0)" } ?? " of width \(width)"
    }
}
