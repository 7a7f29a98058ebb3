import Diorama
import DioramaTestSupport
import Testing

/// Files that a graph names, that are there, and that no loader opens: each sentence says what the file is and what was wanted.
@Suite struct PickleChoiceTests {
    private let folder: TemporaryFolder
    private let bench: Workbench

    init() throws {
        folder = try TemporaryFolder()
        bench = try Workbench(models: [folder.url])
    }

    /// A loader, the folder of its files, the input that names one, other inputs, and what is wanted.
    struct Loader: Sendable, CustomTestStringConvertible {
        let className, folder, input, wanted: String
        var others: JSON.Object = [:]
        var testDescription: String { className }

        static let all = [
            Loader(
                className: "UNETLoader", folder: "diffusion_models", input: "unet_name",
                wanted: "a diffusion model", others: ["weight_dtype": "default"]),
            Loader(
                className: "CLIPLoader", folder: "text_encoders", input: "clip_name",
                wanted: "a text encoder",
                others: ["type": "lumina2"]),
            Loader(className: "VAELoader", folder: "vae", input: "vae_name", wanted: "an autoencoder"),
            Loader(
                className: "CheckpointLoaderSimple", folder: "checkpoints", input: "ckpt_name",
                wanted: "a checkpoint, a diffusion model with its text encoder and its autoencoder"),
            Loader(
                className: "LoraLoader", folder: "loras", input: "lora_name", wanted: "an adapter (LoRA)",
                others: ["strength_model": 1, "strength_clip": 1]),
        ]
    }

    private func failure(_ loader: Loader, _ name: String) async -> String {
        var inputs = loader.others
        inputs[loader.input] = .string(name)
        let isLora = loader.className == "LoraLoader"
        return await bench.failure(
            of: loader.className, inputs, given: isLora ? ["model": 1, "clip": 1] : [:])
            ?? ""
    }

    @Test("a pickle", arguments: Loader.all, ["p.ckpt", "z.pt", "p.bin", "deep/p.pth"])
    func pickles(_ loader: Loader, _ name: String) async throws {
        try folder.write([0x80, 2, 0x7D] + Array(repeating: 0, count: 61), to: "\(loader.folder)/\(name)")
        let problem = await failure(loader, name)
        let said =
            "\"\(loader.input)\" is \"\(name)\": that file is a Python pickle, which can run code and is never opened; convert it to "
            + "safetensors (for example with diffusers' save_pretrained(..., safe_serialization=True)); wanted is \(loader.wanted), "
            + "in a file that ends in .safetensors"
        #expect(problem.contains(said), "\(problem)")
    }

    @Test("a zip file of PyTorch, a web page and a text", arguments: Loader.all)
    func others(_ loader: Loader) async throws {
        for (name, bytes, said) in [
            ("z.pt", "PK\u{3}\u{4}" + String(repeating: " ", count: 60), "that file is a Python pickle"),
            ("h.ckpt", "<!doctype html>" + String(repeating: " ", count: 60), "that file is a web page"),
            ("notes.txt", "weights", "that file is not a weights file known here"),
        ] {
            try folder.write(bytes, to: "\(loader.folder)/\(name)")
            let problem = await failure(loader, name)
            #expect(problem.contains(said) && problem.contains("; wanted is \(loader.wanted)"), "\(problem)")
        }
    }

    @Test("a file that is not there is none of the options", arguments: Loader.all)
    func missing(_ loader: Loader) async {
        let problem = await failure(loader, "nowhere.ckpt")
        #expect(!problem.isEmpty && !problem.contains("that file"), "\(problem)")
    }

    @Test func aTinyAutoencoderOfPickles() async throws {
        for part in ["decoder", "encoder"] {
            try folder.write([0x80, 2] + Array(repeating: 0, count: 62), to: "vae_approx/taef1_\(part).pth")
        }
        let problem = await bench.failure(of: "VAELoader", ["vae_name": "taef1"]) ?? ""
        #expect(
            problem.contains(
                "\"vae_name\" is \"taef1\": its part taef1_decoder.pth: that file is a Python pickle"),
            "\(problem)")
    }

    @Test("a truncated GGUF file says what was wanted", arguments: Loader.all.filter { $0.folder != "loras" })
    func truncated(_ loader: Loader) async throws {
        try folder.write(
            Array(Golden.data("tokenizers/gguf/t5.gguf").prefix(100_000)), to: "\(loader.folder)/cut.gguf")
        let problem = await failure(loader, "cut.gguf")
        #expect(
            problem.contains("cut.gguf: ") && problem.contains("; wanted is \(loader.wanted)"), "\(problem)")
    }
}
