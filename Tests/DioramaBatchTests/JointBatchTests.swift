import DioramaBatch
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import Foundation
import Synchronization
import Testing

/// Batches that denoise several items at once on the small model, against the same batches one by one.
@Suite(.timeLimit(.minutes(10)), .serialized) struct JointBatchTests {
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    private let list = """
        prompt,seed,width,height
        a red boat on the sea,1,64,64
        a lighthouse in the snow,2,64,64
        a castle,3,64,96
        a red boat on the sea,4,64,64
        a green hill,5,64,64

        """

    private func graph(_ sampler: String) throws -> GraphFile {
        let text = """
            {"checkpoint": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "diorama-tiny"}},
             "positive": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["checkpoint", 1]}},
             "negative": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["checkpoint", 1]}},
             "latent": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 64, "height": 64}},
             "spoil": {"class_type": "Spoil", "inputs": {"latent": ["latent", 0], "spoils": false}},
             "sampler": {"class_type": "KSampler", "inputs": {"model": ["checkpoint", 0], "seed": 1, "steps": 3,
                "cfg": 4, "sampler_name": "\(sampler)", "scheduler": "normal", "positive": ["positive", 0],
                "negative": ["negative", 0], "latent_image": ["spoil", 0]}},
             "decode": {"class_type": "VAEDecode", "inputs": {"samples": ["sampler", 0], "vae": ["checkpoint", 2]}},
             "scale": {"class_type": "ImageScaleBy", "inputs": {"image": ["decode", 0],
                "upscale_method": "nearest-exact", "scale_by": 1}},
             "save": {"class_type": "SaveImage", "inputs": {"images": ["scale", 0]}}}
            """
        return try GraphFile(JSON(parsing: text.utf8))
    }

    private func run(
        _ list: String, sampler: String = "euler", size: Int?, in name: String, events: Events = Events()
    ) async throws -> BatchSummary {
        let place = temporary.url
        let options = SessionOptions(
            folders: Folders(
                models: [Repository.url("samples/models")], input: place, output: place.appending(path: name),
                temp: place))
        let session = Session(nodes: try .builtin + [Spoil.self], options: options, cacheBytes: 128 << 20)
        var batchOptions = BatchOptions()
        batchOptions.batchSize = size
        batchOptions.namePattern = try NamePattern("{line}")
        let batch = try Batch(graph: graph(sampler), session: session, options: batchOptions)
        return try await batch.run(PromptList(list), in: BatchFolder(place.appending(path: name))) {
            events.note($0)
        }
    }

    private func pixels(_ folder: String) throws -> [String: [UInt8]] {
        let url = temporary.url.appending(path: folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path)
            .filter { $0.hasSuffix(".png") }
        return try Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, try bytes(of: PNG.decode(Array(Data(contentsOf: url.appending(path: $0))))))
            })
    }

    private func bytes(of bitmap: Bitmap) -> [UInt8] {
        guard case .eight(let bytes) = bitmap.samples else { return [] }
        return bytes
    }

    private func expectSame(_ folder: String, _ other: String, count: Int) throws {
        let (pictures, others) = (try pixels(folder), try pixels(other))
        #expect(pictures.count == count && others.count == count)
        for (name, samples) in pictures {
            let difference = PixelDifference(samples, try #require(others[name]))
            #expect(difference.isSamePicture, "\(name): \(difference)")
            figure("\(folder), \(name): \(difference)")
        }
    }

    @Test(arguments: ["euler", "euler_ancestral"])
    func togetherTheyAreThePicturesOneByOne(sampler: String) async throws {
        #expect(try await run(list, sampler: sampler, size: 1, in: "single").done == 5)
        let events = Events()
        let summary = try await run(list, sampler: sampler, size: 3, in: "joint-" + sampler, events: events)
        #expect(summary.done == 5 && summary.isComplete)
        try expectSame("joint-" + sampler, "single", count: 5)
        #expect(events.steps.count == 5)
        for steps in events.steps.values { #expect(steps == [0, 1, 2, 3]) }
        #expect(try await run(list, sampler: sampler, size: 3, in: "joint-" + sampler).skipped == 5)
    }

    @Test func byDefaultSmallPicturesAreMadeTogether() async throws {
        #expect(try await run(list, size: 1, in: "single").done == 5)
        #expect(try await run(list, size: nil, in: "default").done == 5)
        try expectSame("default", "single", count: 5)
    }

    @Test func whatIsMissingIsMade() async throws {
        #expect(try await run(list, size: 1, in: "single").done == 5)
        #expect(try await run(list, size: 3, in: "joint").done == 5)
        for name in ["2.png", "6.png"] {
            try FileManager.default.removeItem(at: temporary.url.appending(path: "joint/" + name))
        }
        let summary = try await run(list, size: 3, in: "joint")
        #expect(summary.done == 2 && summary.skipped == 3)
        try expectSame("joint", "single", count: 5)
    }

    @Test func oneThatFailsFailsAlone() async throws {
        let all = "prompt,seed,spoil.spoils\na boat,1,false\na castle,2,true\na hill,3,false\n"
        let good = "prompt,seed,spoil.spoils\na boat,1,false\n\na hill,3,false\n"
        #expect(try await run(good, size: 1, in: "single").done == 2)
        let summary = try await run(all, size: 3, in: "joint")
        #expect(summary.done == 2 && summary.failed == 1)
        #expect(summary.failures.first?.line == 3)
        let message = try #require(summary.failures.first).message
        #expect(message.contains("not finite numbers after step 1 of 3"), "\(message)")
        try expectSame("joint", "single", count: 2)
    }

    @Test func itemsOfOneLatentDoNotWaitForEachOther() async throws {
        // They differ behind the sampler only, so that one of them makes the latent of all.
        let list = "prompt,seed,scale.scale_by\na boat,1,1\na boat,1,0.5\na boat,1,0.25\n"
        let events = Events()
        let summary = try await run(list, size: 4, in: "shared", events: events)
        #expect(summary.done == 3 && summary.isComplete)
        #expect(events.steps.count == 1)
    }
}

extension Events {
    /// The steps that each line's sampler told of.
    fileprivate var steps: [Int: [Int]] {
        var steps: [Int: [Int]] = [:]
        for event in all {
            guard case .node(.progress(let node, let step, _), let planned) = event, node.id == "sampler"
            else { continue }
            steps[planned.item.line, default: []].append(step)
        }
        return steps
    }
}

/// Passes a latent on, or one without numbers.
private struct Spoil: Node {
    static let spec = NodeSpec("Spoil", category: "test", "Spoils latents.")
    @Input("The latent.") var latent: Latent
    @Input("Whether to.") var spoils = false
    @Output("The latent or its ruin.") var spoiled: Latent

    func run(_ context: RunContext) {
        spoiled = latent
        guard spoils else { return }
        let shape = latent.samples.shape
        // The small model's latents have 8 channels.
        spoiled = Latent(samples: .full(.nan, [1, 8, shape[2], shape[3]], on: latent.samples.device))
    }
}
