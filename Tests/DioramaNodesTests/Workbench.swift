import Diorama
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Synchronization

/// Single nodes of the catalog, run by the engine in folders of their own, on values that the test gives.
struct Workbench {
    let scratch: TemporaryFolder
    let folders: Folders
    let engine: Engine
    let device = Device.cpu()
    private let values = GivenValues()

    /// A workbench with an input folder of its own, or another; `target` is where `--output` would save, in its folder, and
    /// `models` are further folders of models, `others`
    /// what an application may share besides.
    init(
        input: URL? = nil, target: String? = nil, models: [URL] = [],
        resources others: Resources = Resources()
    ) throws {
        scratch = try TemporaryFolder()
        folders = Folders(
            models: [Repository.url("samples/models")] + models,
            input: input ?? scratch.url.appending(path: "input"),
            output: scratch.url.appending(path: "output"), temp: scratch.url.appending(path: "temp"))
        var resources = others.with(device).with(values)
        if let target { resources = resources.with(OutputTarget(scratch.url.appending(path: target))) }
        engine = Engine(RunEnvironment(folders: folders, resources: resources), cacheBytes: 0)
    }

    /// Runs a node of this class, whose id is `node`.
    ///
    /// `literals` are the inputs that the graph holds, `given` those that other nodes would make, and `extra` is what
    /// pictures shall carry besides the graph. `onEvent` is told what happens.
    @discardableResult
    func run(
        _ className: String, _ literals: JSON.Object = [:], given: [String: any PortValue] = [:],
        extra: JSON.Object = [:], onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) async throws -> RunResult {
        values.give(given)
        var inputs = literals
        var nodes: JSON.Object = [:]
        for name in given.keys.sorted() {
            inputs[name] = [.string("given " + name), 0]
            nodes["given " + name] = ["class_type": "Given", "inputs": ["name": .string(name)]]
        }
        nodes["node"] = ["class_type": .string(className), "inputs": .object(inputs)]
        let file = try GraphFile([
            "prompt": .object(nodes), "extra_data": ["extra_pnginfo": .object(extra)],
        ])
        let graph = try Graph(
            file, catalog: .builtin + [Given.self], environment: engine.environment, targets: ["node"])
        return try await engine.run(Schedule(graph), onEvent: onEvent)
    }

    /// Runs a node for one of its outputs.
    func output<Value: PortValue>(
        _ index: Int = 0, of className: String, _ literals: JSON.Object = [:],
        given: [String: any PortValue] = [:]
    ) async throws -> Value {
        let result = try await run(className, literals, given: given)
        guard let value = result.value("node", output: index, as: Value.self) else {
            throw NoSuchOutput(className: className, index: index)
        }
        return value
    }

    /// What a node says is wrong, with its values or while it runs; nil when nothing is.
    func failure(
        of className: String, _ literals: JSON.Object = [:], given: [String: any PortValue] = [:]
    ) async -> String? {
        do {
            try await run(className, literals, given: given)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The sample model.
    func checkpoint() async throws -> (model: Model, vae: VAE) {
        let result = try await run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        guard let model = result.value("node", output: 0, as: Model.self),
            let vae = result.value("node", output: 2, as: VAE.self)
        else { throw NoSuchOutput(className: "CheckpointLoaderSimple", index: 0) }
        return (model, vae)
    }

    /// Random numbers in 0...1 that a seed decides.
    func noise(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
        var random = SeededGenerator(seed)
        return Tensor(
            (0..<shape.count).map { _ in Float.random(in: 0...1, using: &random) }, shape, on: device)
    }

    private struct NoSuchOutput: Error {
        let className: String
        let index: Int
    }
}

/// The values of the nodes in front of the tested one.
final class GivenValues: Sendable {
    private let values = Mutex<[String: any PortValue]>([:])

    /// Replaces all of them.
    func give(_ given: [String: any PortValue]) { values.withLock { $0 = given } }

    subscript(name: String) -> (any PortValue)? { values.withLock { $0[name] } }
}

/// Gives a value of the test.
struct Given: Node {
    static let spec = NodeSpec("Given", category: "test", "Gives a value of the test.")
    @Input("Which.") var name: String
    @Output("The value.") var value: AnyValue

    func run(_ context: RunContext) throws {
        guard let given = try context.resource(GivenValues.self)[name] else {
            throw context.fail($name, "names no value of the test")
        }
        value = AnyValue(given)
    }
}
