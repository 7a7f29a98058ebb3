import DioramaGraph
import Foundation
import Synchronization

/// What the toy nodes tell their test: how often each ran, in which order, and what is still alive.
final class Log: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }

    func count(_ line: String) -> Int { all.count { $0 == line } }

    func clear() { lines.withLock { $0.removeAll() } }
}

/// A whole number that only a link can give, and that tells when it is freed.
final class Box: PortValue {
    static let portType: PortType = "BOX"
    let value: Int
    let byteCount: Int
    private let log: Log?

    init(_ value: Int, byteCount: Int = 0, log: Log? = nil) {
        self.value = value
        self.byteCount = byteCount
        self.log = log
    }

    deinit { log?.append("freed \(value)") }
}

struct Constant: Node {
    static let spec = NodeSpec("Constant", category: "toy", "Makes a number.")
    @Input("The number.", in: -1000...1_000_000) var value = 1
    @Output("The number.", name: "number") var number: Int

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("run \(value)")
        number = value
    }
}

struct MakeBox: Node {
    static let spec = NodeSpec("MakeBox", title: "Make a Box", category: "toy", "Puts a number into a box.")
    @Input("The number.", in: 0...100) var value: Int = 1
    @Input("The size it claims.") var bytes = 0
    @Output("The box.") var box: Box

    func run(_ context: RunContext) throws {
        let log = try context.resource(Log.self)
        log.append("run box \(value)")
        box = Box(value, byteCount: bytes, log: log)
    }
}

struct Add: Node {
    static let spec = NodeSpec("Add", category: "toy", "Adds two numbers.")
    @Input("First.") var a: Int
    @Input("Second.") var b: Int
    @Output("The sum.") var sum: Int

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("add")
        sum = a &+ b
    }
}

struct OpenBox: Node {
    static let spec = NodeSpec("OpenBox", category: "toy", "Takes a number out of a box.")
    @Input("The box.") var box: Box
    @Input("Another box.", optional: true) var other: Box?
    @Output("The number.") var number: Int
    @Output("The same box.", name: "box") var same: Box

    func run(_ context: RunContext) {
        number = box.value + (other?.value ?? 0)
        same = box
    }
}

struct Choose: Node {
    static let spec = NodeSpec("Choose", category: "toy", "Has every kind of widget.")
    @Input("Steps.", in: 1...100) var steps = 20
    @Input("Scale.", in: 0...10, step: 0.1) var scale = 7.5
    @Input("Seed.", controlAfterGenerate: true) var seed: UInt64 = 0
    @Input("Mode.", options: ["euler", "euler_ancestral", "heun"]) var samplerName = "euler"
    @Input("File.", options: { try $0.resource(FileNames.self).names }) var file: String
    @Input("Text.", multiline: true) var text: String
    @Input("Switch.") var isOn = false
    @Input("Judged by the node itself.", options: { _ in [] }, validateOptions: false) var image: String
    @Output("All of it.") var words: String

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        $image.literal?.hasSuffix(".png") == false ? [$image.problem("no such picture")] : []
    }

    func run(_ context: RunContext) {
        words = "\(steps) \(scale) \(seed) \(samplerName) \(file) \(text) \(isOn) \(image)"
    }
}

/// The options of `Choose.file`.
struct FileNames: Sendable {
    let names: [String]
}

struct Show: Node {
    static let spec = NodeSpec("Show", title: "Show It", category: "toy", "Shows a number.", isOutput: true)
    @Input("The number.") var number: Int
    @Output("The same number.") var shown: Int

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("show \(number)")
        shown = number
    }
}

struct ShowAny: Node {
    static let spec = NodeSpec("ShowAny", category: "toy", "Shows anything.", isOutput: true)
    @Input("Anything.") var source: AnyValue
    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extra: JSON
    @Hidden(.uniqueID) var id: String

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("\(id): \(source.value) \(prompt) \(extra)")
    }
}

enum Toys {
    static let nodes: [any Node.Type] = [
        Constant.self, MakeBox.self, Add.self, OpenBox.self, Choose.self, Show.self, ShowAny.self,
    ]

    static func catalog(_ more: [any Node.Type] = []) throws -> NodeCatalog { try NodeCatalog(nodes + more) }

    static func environment(_ log: Log = Log()) -> RunEnvironment {
        let nowhere = URL(filePath: "/nowhere")
        return RunEnvironment(
            folders: Folders(models: [nowhere], input: nowhere, output: nowhere, temp: nowhere),
            resources: Resources().with(log).with(FileNames(names: ["a.safetensors", "b/c.safetensors"])))
    }

    static func schedule(
        _ text: String, _ log: Log = Log(), nodes: [any Node.Type] = [], targets: [String]? = nil
    ) throws -> Schedule {
        Schedule(
            try Graph(
                GraphFile(text), catalog: catalog(nodes), environment: environment(log), targets: targets))
    }
}
