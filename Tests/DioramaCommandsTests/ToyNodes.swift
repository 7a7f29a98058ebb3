import DioramaGraph

/// What flows between the toy nodes.
struct ToyModel: PortValue { static let portType: PortType = "MODEL" }
struct ToyConditioning: PortValue { static let portType: PortType = "CONDITIONING" }
struct ToyLatent: PortValue { static let portType: PortType = "LATENT" }
struct ToyPicture: PortValue { static let portType: PortType = "IMAGE" }

/// Nodes with the names and inputs of the real ones, which do nothing.
enum Toy {
    static var catalog: NodeCatalog {
        get throws {
            try NodeCatalog([
                CheckpointLoaderSimple.self, CLIPTextEncode.self, ConditioningCombine.self,
                ControlNetApplyAdvanced.self,
                EmptyLatentImage.self, LatentUpscale.self, KSampler.self, PrimitiveInt.self,
                PrimitiveString.self,
                SaveImage.self, SaveImageJPEG.self,
            ])
        }
    }

    struct CheckpointLoaderSimple: Node {
        static let spec = NodeSpec("CheckpointLoaderSimple", category: "loaders", "Loads a model.", lane: .io)
        @Input("The file.") var ckptName: String
        @Output("The model.") var model: ToyModel
        func run(_ context: RunContext) { model = ToyModel() }
    }

    struct CLIPTextEncode: Node {
        static let spec = NodeSpec("CLIPTextEncode", category: "conditioning", "Encodes a text.")
        @Input("The text.", multiline: true) var text: String
        @Output("The conditioning.") var conditioning: ToyConditioning
        func run(_ context: RunContext) { conditioning = ToyConditioning() }
    }

    struct ConditioningCombine: Node {
        static let spec = NodeSpec(
            "ConditioningCombine", category: "conditioning", "Combines two conditionings.")
        @Input("One.", name: "conditioning_1") var first: ToyConditioning
        @Input("Another.", name: "conditioning_2") var second: ToyConditioning
        @Output("Both.") var conditioning: ToyConditioning
        func run(_ context: RunContext) { conditioning = first }
    }

    struct ControlNetApplyAdvanced: Node {
        static let spec = NodeSpec(
            "ControlNetApplyAdvanced", category: "conditioning", "Changes both conditionings.")
        @Input("Positive.") var positive: ToyConditioning
        @Input("Negative.") var negative: ToyConditioning
        @Output("Positive.", name: "positive") var changedPositive: ToyConditioning
        @Output("Negative.", name: "negative") var changedNegative: ToyConditioning
        func run(_ context: RunContext) {
            changedPositive = positive
            changedNegative = negative
        }
    }

    struct EmptyLatentImage: Node {
        static let spec = NodeSpec("EmptyLatentImage", category: "latent", "Makes an empty latent.")
        @Input("Pixels.", in: 16...4096) var width = 512
        @Input("Pixels.", in: 16...4096) var height = 512
        @Output("The latent.") var latent: ToyLatent
        func run(_ context: RunContext) { latent = ToyLatent() }
    }

    struct LatentUpscale: Node {
        static let spec = NodeSpec("LatentUpscale", category: "latent", "Makes a latent larger.")
        @Input("The latent.") var samples: ToyLatent
        @Input("Pixels.", in: 0...4096) var width = 512
        @Input("Pixels.", in: 0...4096) var height = 512
        @Output("The larger latent.") var latent: ToyLatent
        func run(_ context: RunContext) { latent = samples }
    }

    struct KSampler: Node {
        static let spec = NodeSpec("KSampler", category: "sampling", "Denoises a latent. It takes a while.")
        @Input("The model.") var model: ToyModel
        @Input("Seed of the noise.") var seed: UInt64 = 0
        @Input("Number of steps.", in: 1...10000) var steps = 20
        @Input("Guidance.", in: 0...100) var cfg = 8.0
        @Input("How to step.", options: ["euler", "heun"]) var samplerName = "euler"
        @Input("What to follow.") var positive: ToyConditioning
        @Input("What to avoid.") var negative: ToyConditioning
        @Input("Where to start.") var latentImage: ToyLatent
        @Output("The denoised latent.") var latent: ToyLatent
        func run(_ context: RunContext) { latent = latentImage }
    }

    struct PrimitiveInt: Node {
        static let spec = NodeSpec("PrimitiveInt", category: "values", "A whole number.")
        @Input("The number.") var value: Int
        @Output("The number.") var number: Int
        func run(_ context: RunContext) { number = value }
    }

    struct PrimitiveString: Node {
        static let spec = NodeSpec("PrimitiveString", category: "values", "A text.")
        @Input("The text.") var value: String
        @Output("The text.") var text: String
        func run(_ context: RunContext) { text = value }
    }

    struct SaveImage: Node {
        static let spec = NodeSpec("SaveImage", category: "image", "Saves as PNG.", lane: .io, isOutput: true)
        @Input("What to save.") var images: ToyLatent
        @Input("Start of the name.") var filenamePrefix = "ComfyUI"
        func run(_ context: RunContext) {}
    }

    struct SaveImageJPEG: Node {
        static let spec = NodeSpec(
            "SaveImageJPEG", category: "image", "Saves as JPEG.", lane: .io, isOutput: true)
        @Input("What to save.") var images: ToyLatent
        @Input("Start of the name.") var filenamePrefix = "ComfyUI"
        @Input("1 to 100.", in: 1...100) var quality = 92
        func run(_ context: RunContext) {}
    }

    /// A text-to-image graph: `empty`, `prompt`, `avoid`, `sampler`, `save`; `changes` replaces or adds nodes.
    static func graph(_ changes: String = "{}") throws -> GraphFile {
        var nodes = try JSON(parsing: base.utf8).object ?? [:]
        for (id, node) in try JSON(parsing: changes.utf8).object ?? [:] {
            nodes[id] = node == .null ? JSON?.none : node
        }
        return try GraphFile(.object(nodes))
    }

    private static let base = """
        {"model": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny"}},
         "prompt": {"class_type": "CLIPTextEncode", "_meta": {"title": "The Prompt"}, "inputs": {"text": "a fox"}},
         "avoid": {"class_type": "CLIPTextEncode", "inputs": {"text": "rain"}},
         "empty": {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 64}},
         "sampler": {"class_type": "KSampler", "inputs": {"model": ["model", 0], "seed": 1, "cfg": 4.5,
            "positive": ["prompt", 0], "negative": ["avoid", 0], "latent_image": ["empty", 0]}},
         "save": {"class_type": "SaveImage", "inputs": {"images": ["sampler", 0], "filename_prefix": "fox"}}}
        """
}
