// The Swift of docs/CustomNodes.md: each of the page's blocks stands here word for word, so that it compiles, and the
// tests below run what they show.

import Diorama
import Foundation
import Testing

struct Brightness: Node {
    static let spec = NodeSpec(
        "Brightness", category: "image/color", "Makes pictures lighter or darker.",
        searchAliases: ["exposure"])

    @Input("Pictures to change.") var image: ImageBatch
    @Input("What each value is multiplied by; 1 changes nothing.", in: 0...4, step: 0.05)
    var factor = 1.0

    @Output("The changed pictures, the same size.") var changed: ImageBatch

    func run(_ context: RunContext) {
        changed = ImageBatch(pixels: (image.pixels * Float(factor)).clamped(0, 1))
    }
}

struct EveryWidget: Node {
    static let spec = NodeSpec(
        "EveryWidget", category: "examples", "Shows how each kind of input is written.")

    @Input("Pictures: a socket, which only a link can fill.") var image: ImageBatch
    @Input("A socket that may stay empty.", optional: true) var mask: Mask?
    @Input("A whole number with its default and range.", in: 1...64, step: 1) var count = 8
    @Input("A number; editors round it to hundredths.", in: 0...1, step: 0.05, round: 0.01) var strength = 0.5
    @Input("A switch.", labelOn: "yes", labelOff: "no") var inverted = false
    @Input("A text of several lines.", multiline: true) var text = "a red boat"
    @Input("One of a list.", options: ["nearest", "bilinear"]) var method = "bilinear"
    @Input(
        "A file of the input folder.",
        options: { environment in environment.folders.inputs { $0.pathExtension == "png" } })
    var file: String
    @Input("A seed; editors may draw a new one after each run.", controlAfterGenerate: true)
    var seed: UInt64 = 0

    @Output("The first result.", name: "image") var first: ImageBatch
    @Output("The second result.", name: "count") var second: Int

    @Hidden(.uniqueID) var id: String
    @Hidden(.prompt) var graph: JSON

    func run(_ context: RunContext) {
        first = image
        second = count
    }
}

/// Colors that go together.
struct Palette: PortValue {
    static let portType: PortType = "PALETTE"

    /// Red, green and blue in 0...1.
    var colors: [SIMD3<Float>]

    var byteCount: Int { colors.count * MemoryLayout<SIMD3<Float>>.stride }
}

struct PaletteFromText: Node {
    static let spec = NodeSpec(
        "PaletteFromText", category: "examples", "Reads colors such as '#ff8000, #204060'.", lane: .io)

    @Input("Colors of six hexadecimal digits, divided by commas.") var text = "#ff8000, #204060"

    @Output("The colors.") var palette: Palette

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        guard let text = $text.literal else { return [] }
        return wrongColors(of: text).map { $text.problem("'\($0)' is no color; write it as #ff8000") }
    }

    func run(_ context: RunContext) throws {
        if let wrong = wrongColors(of: text).first {
            throw context.fail($text, "has '\(wrong)', which is no color; write it as #ff8000")
        }
        palette = Palette(colors: words(of: text).compactMap(color))
    }

    private func words(of text: String) -> [String] {
        text.split(separator: ",").map { $0.filter { $0 != " " } }
    }

    private func wrongColors(of text: String) -> [String] {
        words(of: text).filter { color($0) == nil }
    }

    private func color(_ word: String) -> SIMD3<Float>? {
        guard word.count == 7, word.first == "#", let value = UInt32(word.dropFirst(), radix: 16) else {
            return nil
        }
        return SIMD3(Float(value >> 16), Float(value >> 8 & 255), Float(value & 255)) / 255
    }
}

struct WordCount: Node {
    static let spec = NodeSpec(
        "WordCount", category: "examples", "Counts the words of a text file in the input folder.", lane: .io)

    @Input("A text file of the input folder.") var file = "notes.txt"

    @Output("How many words it has.") var count: Int

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        guard let file = $file.literal else { return nil }
        return try FileIdentity(of: environment.folders.inputFile(file)).description
    }

    func run(_ context: RunContext) async throws {
        let text = try String(contentsOf: context.folders.inputFile(file), encoding: .utf8)
        let lines = text.split(separator: "\n")
        var sum = 0
        for (number, line) in lines.enumerated() {
            try context.checkCancellation()
            sum += line.split(separator: " ").count
            context.progress(number + 1, of: lines.count)
        }
        if sum == 0 { context.notice("\(file) has no words") }
        count = sum
    }
}

struct TextLines: Node {
    static let spec = NodeSpec("TextLines", category: "examples", "Gives the lines of a text, one by one.")

    @Input("A text of several lines.", multiline: true) var text: String

    @OutputList("Its lines; what follows runs once for each.", name: "lines") var lines: [String]

    func run(_ context: RunContext) {
        lines = text.split(separator: "\n").map(String.init)
        if lines.isEmpty { $lines.block("the text is empty") }
    }
}

struct Average: Node {
    static let spec = NodeSpec("Average", category: "examples", "Gives the mean of pictures of one size.")

    @InputList("Pictures: all of them at once.") var images: [ImageBatch]

    @Output("Their mean.") var mean: ImageBatch

    func run(_ context: RunContext) throws {
        guard let first = images.first, images.allSatisfy({ $0.pixels.shape == first.pixels.shape }) else {
            throw context.fail($images, "must be pictures of one size; scale them first")
        }
        let sum = images.dropFirst().reduce(first.pixels) { $0 + $1.pixels }
        mean = ImageBatch(pixels: sum / Float(images.count))
    }
}

struct Either: Node {
    static let spec = NodeSpec(
        "Either", category: "examples", "Hands on the first picture, or else the second.")

    @Input("Whether to take the first.") var takesFirst = true
    @Input("Only made when it is taken.", lazy: true) var first: ImageBatch
    @Input("Only made when it is taken.", lazy: true) var second: ImageBatch

    @Output("The one that was taken.") var image: ImageBatch

    func checkLazy() -> [String]? {
        let wanted = takesFirst ? $first : $second
        return wanted.isPending ? [wanted.name] : []
    }

    func run(_ context: RunContext) { image = takesFirst ? first : second }
}

struct Tint: InputGroup {
    @Input("Red, 0 to 1.", in: 0...1) var red = 1.0
    @Input("Green, 0 to 1.", in: 0...1) var green = 0.5
}

struct Mix: Node {
    static let spec = NodeSpec("Mix", category: "examples", "Adds up numbers, and says how.")

    @GrowingInput("Numbers: any from 2 to 10.", prefix: "part", in: 2...10) var parts: [Double]
    @InputChoice("What to do with the sum.", ["plain": NoInputs.self, "tinted": Tint.self])
    var style: any InputGroup

    @Output("The sum.") var sum: Double

    func run(_ context: RunContext) {
        sum = parts.reduce(0, +)
        if let tint = style as? Tint { sum *= tint.red + tint.green }
    }
}

struct UpscaleTwice: Node {
    static let spec = NodeSpec("UpscaleTwice", category: "examples", "Doubles pictures again and again.")

    @Input("Pictures.") var image: ImageBatch
    @Input("How often.", in: 0...4) var times = 2

    @Output("The larger pictures.") var larger: ImageBatch

    func run(_ context: RunContext) {
        guard times > 0 else {
            larger = image
            return
        }
        var graph = Expansion()
        let doubled = graph.add("ImageScaleBy", ["image": .value(image), "scale_by": 2.0])
        let rest = graph.add(
            "UpscaleTwice", ["image": .output(doubled[0]), "times": .literal(.integer(times - 1))])
        $larger.link(to: rest[0])
        context.expand(graph)
    }
}

struct OwnBlock: Node {
    static let spec = NodeSpec(
        "OwnBlock", category: "examples", "Puts an attention block of its own behind one of a model's.")

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("The block to follow, counted from 0.", in: 0...1000) var block = 3
    @Input("How much it adds; 0 changes nothing.", in: 0...1, step: 0.01) var strength = 0.1

    @Output("The model with one block more.") var changed: Model

    func run(_ context: RunContext) throws {
        let amount = Float(strength)
        var copy = model
        try copy.add(
            .insert(after: .block(block)) { state, call in
                var next = state
                next.image = state.image + attendingToItself(state.image) * amount
                return next
            }, from: 0.2, to: 0.9)
        changed = copy
    }
}

/// What each token takes from those like it, [B, N, D] as the tokens.
func attendingToItself(_ tokens: Tensor) -> Tensor {
    let x = layerNorm(tokens, eps: 1e-6)
    let head = x.reshaped(x.shape[0], x.shape[1], 1, x.shape[2])
    return attention(head, head, head).reshaped(x.shape)
}

struct BeyondWeaker: Node {
    static let spec = NodeSpec(
        "BeyondWeaker", category: "examples", "Guides away from what the model sees without two blocks.")

    @Input("The model to change; the original stays as it is.") var model: Model

    @Output("The guided model.") var changed: Model

    func run(_ context: RunContext) {
        var copy = model
        copy.guidance.after.append { guided, step, model in
            guard model.percent < 0.5 else { return guided }
            let weaker = try model.conditional(adding: [.skip(.blocks(2...3))])
            return guided + (step.conditional - weaker) * 2
        }
        changed = copy
    }
}

struct SamplerSecondOrder: Node {
    static let spec = NodeSpec(
        "SamplerSecondOrder", category: "examples", "A sampler that looks ahead in each step.", lane: .io)

    @Input("How far: 0.5 is the midpoint rule, 0.67 Ralston's.", in: 0.1...0.9, step: 0.01) var ahead = 0.5

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) {
        let part = Float(ahead)
        sampler = Sampler("second_order") { walk, x in
            try walk.run(from: x) { walk, step, x, denoised in
                let length = step.next - step.sigma
                let here = (x - denoised.guided) / step.sigma
                let there = try walk.derivative(x + here * (length * part), step.sigma + length * part)
                return x + (here + (there - here) / (2 * part)) * length
            }
        }
    }
}

struct EvenSigmas: Node {
    static let spec = NodeSpec(
        "EvenSigmas", category: "examples", "Noise levels at even distances.", lane: .io)

    @Input("The model, which says how strong its noise is at most.") var model: Model
    @Input("How many steps.", in: 1...1000) var steps = 20

    @Output("The levels, the last one 0.") var sigmas: Sigmas

    func run(_ context: RunContext) {
        let most = model.sampling.sigmaMax
        sigmas = Sigmas((0...steps).map { most * (1 - Float($0) / Float(steps)) })
    }
}

struct OtherLatents: Node {
    static let spec = NodeSpec(
        "OtherLatents", category: "examples", "Scales latents for a model in another way.", lane: .io)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("Multiplies the autoencoder's latents.", in: 0.01...100) var scale = 1.0
    @Input("Is taken from them first.", in: -100...100) var shift = 0.0

    @Output("The model with the other format.") var changed: Model

    func run(_ context: RunContext) {
        var copy = model
        copy.latentFormat = LatentFormat(scale: Float(scale), shift: Float(shift))
        changed = copy
    }
}

func renderWithOwnNodes(graph: URL, output: URL) async throws -> [URL] {
    let folders = Folders(
        models: [], input: graph.deletingLastPathComponent(), output: output,
        temp: FileManager.default.temporaryDirectory)
    let session = Session(
        nodes: try .builtin + [Brightness.self, PaletteFromText.self],
        options: SessionOptions(folders: folders))
    return try await session.render(session.graph(GraphFile(data: Data(contentsOf: graph)))) { event in
        if case .progress(let node, let step, let total) = event { print("\(node): \(step) of \(total)") }
    }
}

@Suite struct PageSnippetTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    @Test func brightnessMultiplies() {
        let node = Brightness()
        node.image = ImageBatch(pixels: .full(0.25, [1, 2, 2, 3], on: .cpu()))
        node.factor = 2
        node.run(.standalone(Brightness.self))
        #expect(node.changed.pixels.floats() == Array(repeating: 0.5, count: 12))
    }

    @Test func everyDeclarationIsSound() throws {
        let nodes: [any Node.Type] = [
            Brightness.self, EveryWidget.self, PaletteFromText.self, WordCount.self, OwnBlock.self,
            BeyondWeaker.self, SamplerSecondOrder.self, EvenSigmas.self, OtherLatents.self, TextLines.self,
            Average.self, Either.self, Mix.self,
            UpscaleTwice.self,
        ]
        let catalog = try NodeCatalog(nodes)
        #expect(catalog["EveryWidget"]?.outputs.map(\.name) == ["image", "count"])
        #expect(catalog["EveryWidget"]?.inputs.map(\.name).contains("strength") == true)
    }

    @Test func colorsAreReadOrRefused() throws {
        let node = PaletteFromText()
        node.text = "#ff0000,#000000"
        try node.run(.standalone(PaletteFromText.self))
        #expect(node.palette.colors == [SIMD3(1, 0, 0), SIMD3(0, 0, 0)])
        node.text = "#ff0000, red"
        #expect(throws: (any Error).self) { try node.run(.standalone(PaletteFromText.self)) }
    }

    @Test func wordsAreCountedAgainWhenTheFileChanges() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try "a red boat\non the sea\n".write(
            to: folder.appending(path: "notes.txt"), atomically: true, encoding: .utf8)
        let folders = Folders(models: [], input: folder, output: folder, temp: folder)
        let node = WordCount()
        try await node.run(.standalone(WordCount.self, folders: folders))
        #expect(node.count == 6)
        let environment = RunEnvironment(folders: folders)
        let before = try node.fingerprint(environment)
        try "one".write(to: folder.appending(path: "notes.txt"), atomically: true, encoding: .utf8)
        #expect(try node.fingerprint(environment) != before)
    }

    /// A node between the sample model and its sampler, by what a package of one's own sees.
    @Test(arguments: ["OwnBlock", "BeyondWeaker"]) func aModelIsChangedOnTheWayToItsSampler(name: String)
        async throws
    {
        defer { try? FileManager.default.removeItem(at: folder) }
        let repository = (0..<5).reduce(URL(filePath: #filePath)) { url, _ in url.deletingLastPathComponent()
        }
        let folders = Folders(
            models: [repository.appending(path: "samples/models")], input: folder, output: folder,
            temp: folder)
        let session = Session(
            nodes: try .builtin + [OwnBlock.self, BeyondWeaker.self],
            options: SessionOptions(folders: folders))
        var file = try GraphFile(
            data: Data(contentsOf: repository.appending(path: "graphs/skip-layer-guidance.json")))
        try file.set("steps", of: "sampler", to: .literal(4))
        let changing = try GraphFile(
            data: Data(file.json.text().replacing("SkipLayerGuidanceSD3", with: name).utf8))
        try file.set("model", of: "sampler", to: .link(Link("checkpoint", .name("MODEL"))))
        var pictures: [Data] = []
        for graph in [file, changing] {
            let written = try await session.render(session.graph(graph))
            let bytes = try Data(contentsOf: try #require(written.first))
            // The pixels; the graph, which is another, stands before them.
            pictures.append(bytes[try #require(bytes.range(of: Data("IDAT".utf8))).lowerBound...])
        }
        #expect(pictures[0] != pictures[1])
    }

    /// Runs a graph of the page's nodes and of those that come with Diorama.
    private func run(_ text: String, for node: String) async throws -> RunResult {
        let catalog =
            try .builtin + [
                TextLines.self, Average.self, Either.self, Mix.self, UpscaleTwice.self, Gray.self,
            ]
        let environment = RunEnvironment(
            folders: Folders(models: [], input: folder, output: folder, temp: folder),
            resources: Resources().with(Device.cpu()))
        let graph = try Graph(GraphFile(text), catalog: catalog, environment: environment, targets: [node])
        return try await Engine(environment).run(Schedule(graph))
    }

    /// A picture of one gray; a value beyond 1 must never be made.
    struct Gray: Node {
        static let spec = NodeSpec("Gray", category: "examples", "A picture of one gray.")
        @Input("The gray.") var value: Double
        @Output("The picture.") var image: ImageBatch

        func run(_ context: RunContext) throws {
            if value > 1 { throw context.fail($value, "is beyond 1") }
            let device = try context.resource(Device.self)
            image = ImageBatch(pixels: .full(Float(value), [1, 1, 2, 3], on: device))
        }
    }

    @Test func linesRunOneByOne() async throws {
        let lines = try await run(
            #"""
            {"lines": {"class_type": "TextLines", "inputs": {"text": "one\ntwo\n\nthree"}},
             "join": {"class_type": "ComfyNotNode", "inputs": {"value": ["lines", 0]}}}
            """#, for: "join")
        #expect(lines.list("join", of: Bool.self) == [false, false, false])
        let failure = await #expect(throws: RunFailure.self) {
            try await run(
                #"""
                {"lines": {"class_type": "TextLines", "inputs": {"text": ""}},
                 "join": {"class_type": "ComfyNotNode", "inputs": {"value": ["lines", 0]}}}
                """#, for: "join")
        }
        #expect(failure?.description == "join (ComfyNotNode): blocked: the text is empty")
    }

    @Test func aListIsAveragedAndTheOtherSideIsNotMade() async throws {
        let result = try await run(
            """
            {"a": {"class_type": "Gray", "inputs": {"value": 0.25}}, "b": {"class_type": "Gray", "inputs": {"value": 0.75}},
             "wrong": {"class_type": "Gray", "inputs": {"value": 2}},
             "list": {"class_type": "CreateList", "inputs": {"inputs.input0": ["a", 0], "inputs.input1": ["b", 0]}},
             "mean": {"class_type": "Average", "inputs": {"images": ["list", 0]}},
             "either": {"class_type": "Either", "inputs": {"takes_first": false, "first": ["wrong", 0], "second": ["mean", 0]}}}
            """, for: "either")
        let picture = try #require(result.value("either", as: ImageBatch.self))
        #expect(picture.pixels.floats() == Array(repeating: 0.5, count: 6))
    }

    @Test func partsGrowAndAStyleBringsItsInputs() async throws {
        let result = try await run(
            """
            {"mix": {"class_type": "Mix", "inputs":
              {"parts.part0": 1, "parts.part1": 2, "parts.part2": 3, "style": "tinted", "style.red": 0.5}}}
            """, for: "mix")
        #expect(result.value("mix", as: Double.self) == 6)
    }

    @Test func aLoopPutsItselfInItsPlace() async throws {
        let result = try await run(
            """
            {"a": {"class_type": "Gray", "inputs": {"value": 0.25}},
             "larger": {"class_type": "UpscaleTwice", "inputs": {"image": ["a", 0], "times": 3}}}
            """, for: "larger")
        #expect(result.value("larger", as: ImageBatch.self)?.pixels.shape == [1, 8, 16, 3])
    }

    @Test func aGraphMistakeIsToldInTheNodesWords() throws {
        let graph = try GraphFile(
            data: Data(
                ##"{"1": {"class_type": "PaletteFromText", "inputs": {"text": "#ff0000, red"}}, "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}"##
                    .utf8))
        let folders = Folders(models: [], input: folder, output: folder, temp: folder)
        let session = Session(
            nodes: try .builtin + [PaletteFromText.self], options: SessionOptions(folders: folders))
        let error = #expect(throws: GraphError.self) { try session.graph(graph) }
        #expect("\(try #require(error))".contains("'red' is no color; write it as #ff8000"))
    }
}
