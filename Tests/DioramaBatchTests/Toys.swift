import DioramaBatch
import DioramaTensor
import DioramaTestSupport
import Foundation
import Synchronization

/// Counts what the toys did, and breaks them when asked.
final class Log: Sendable {
    private let lines = Mutex<[String]>([])
    private let failures = Mutex<[String: Int]>([:])

    var all: [String] { lines.withLock { $0 } }

    func append(_ line: String) { lines.withLock { $0.append(line) } }

    func count(_ prefix: String) -> Int { all.count { $0.hasPrefix(prefix) } }

    func clear() { lines.withLock { $0.removeAll() } }

    /// Lets the next samplings of a prompt fail.
    func fail(_ prompt: String, times: Int) { failures.withLock { $0[prompt] = times } }

    func shouldFail(_ prompt: String) -> Bool {
        failures.withLock { failures in
            guard let left = failures[prompt], left > 0 else { return false }
            failures[prompt] = left - 1
            return true
        }
    }
}

struct ToyText: PortValue {
    static let portType: PortType = "CONDITIONING"
    let text: String
}

struct ToyLatent: PortValue {
    static let portType: PortType = "LATENT"
    let width, height: Int
}

struct ToyFailure: Error, CustomStringConvertible { let description: String }

struct ToyEncode: Node {
    static let spec = NodeSpec("ToyEncode", category: "toy", "Encodes a text.")
    @Input("The text.", multiline: true) var text: String
    @Output("The conditioning.") var conditioning: ToyText

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("encode \(text)")
        conditioning = ToyText(text: text)
    }
}

struct ToyEmpty: Node {
    static let spec = NodeSpec("ToyEmpty", category: "toy", "Says a size.")
    @Input("Pixels.", in: 1...64) var width = 4
    @Input("Pixels.", in: 1...64) var height = 3
    @Output("The size.") var latent: ToyLatent

    func run(_ context: RunContext) { latent = ToyLatent(width: width, height: height) }
}

/// Paints every pixel in one shade that everything it is told decides.
struct ToySampler: Node {
    static let spec = NodeSpec("ToySampler", category: "toy", "Paints.")
    @Input("Seed.") var seed: UInt64 = 0
    @Input("Steps.", in: 1...100) var steps = 4
    @Input("Guidance.", in: 0...100) var cfg = 1.0
    @Input("Pictures.", in: 1...4) var pictures = 1
    @Input("What to follow.") var positive: ToyText
    @Input("What to avoid.") var negative: ToyText
    @Input("The size.") var latentImage: ToyLatent
    @Output("The pictures.") var images: ImageBatch

    func run(_ context: RunContext) throws {
        let log = try context.resource(Log.self)
        log.append("sample \(positive.text) \(seed)")
        if log.shouldFail(positive.text) { throw ToyFailure(description: "the brush broke") }
        for step in 1...steps {
            try context.checkCancellation()
            context.progress(step, of: steps)
        }
        let words = "\(seed) \(steps) \(cfg) \(positive.text) \(negative.text)"
        let shade = Float(words.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) % 251 }) / 255
        let count = pictures * latentImage.height * latentImage.width * 3
        images = ImageBatch(
            pixels: Tensor(
                [Float](repeating: shade, count: count),
                [pictures, latentImage.height, latentImage.width, 3], on: try context.resource(Device.self)))
    }
}

enum Toy {
    /// A text-to-image graph: `prompt`, `avoid`, `empty`, `sampler`, `save`; `changes` replaces, adds or removes nodes.
    static func graph(_ changes: String = "{}") throws -> GraphFile {
        var nodes = try JSON(parsing: base.utf8).object ?? [:]
        for (id, node) in try JSON(parsing: changes.utf8).object ?? [:] {
            nodes[id] = node == .null ? JSON?.none : node
        }
        return try GraphFile(.object(nodes))
    }

    static var catalog: NodeCatalog {
        get throws { try NodeCatalog.builtin + [ToyEncode.self, ToyEmpty.self, ToySampler.self] }
    }

    private static let base = """
        {"prompt": {"class_type": "ToyEncode", "inputs": {"text": "a fox"}},
         "avoid": {"class_type": "ToyEncode", "inputs": {"text": "rain"}},
         "empty": {"class_type": "ToyEmpty", "inputs": {"width": 4, "height": 3}},
         "sampler": {"class_type": "ToySampler", "inputs": {"seed": 1, "steps": 4, "cfg": 2.5,
            "positive": ["prompt", 0], "negative": ["avoid", 0], "latent_image": ["empty", 0]}},
         "save": {"class_type": "SaveImage", "inputs": {"images": ["sampler", 0], "filename_prefix": "fox"}}}
        """
}
