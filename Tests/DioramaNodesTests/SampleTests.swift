import Diorama
import DioramaImage
import DioramaTestSupport
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Pictures in `samples/` are what the graphs of the same name rendered when they were last looked at.
@Suite struct SampleTests {
    @Test("each graph renders the picture beside it", arguments: try Render.graphNames())
    func rendersItsSample(name: String) async throws {
        let picture = try #require(try await Render()(Render.graph(name)).first)
        let sample = try Render.picture(Repository.url("samples/\(name).\(picture.fileExtension)"))
        let difference = PixelDifference(try picture.pixels, try sample.pixels)
        // JPEG's coefficients turn one level before compression into several after it.
        let isSame = picture.fileExtension == "png" ? difference.isSamePicture : difference.largest <= 8
        #expect(isSame, "\(name): \(difference)")
    }

    @Test func theSameGraphGivesTheSameBytesOnAnyNumberOfThreads() async throws {
        let graph = try Render.graph("text-to-image")
        let alone = try #require(try await Render(threads: 1)(graph).first)
        for threads in [2, 3, 2] {
            let shared = try #require(try await Render(threads: threads)(graph).first)
            let difference = PixelDifference(try shared.pixels, try alone.pixels)
            #expect(shared.bytes == alone.bytes, "\(threads) threads: \(difference)")
        }
    }

    @Test func aPictureCarriesTheGraphThatMadeIt() async throws {
        for name in ["text-to-image", "jpeg"] {
            let picture = try #require(try await Render()(Render.graph(name)).first)
            let prompt = try #require(try ImageFile.readMetadata(picture.bytes).prompt)
            let again = try #require(try await Render()(GraphFile(prompt)).first)
            #expect(again.bytes == picture.bytes, "\(name)")
        }
    }

    @Test func aSecondRenderRunsOnlyWhatChanged() async throws {
        let render = try Render()
        let graph = try Render.graph("text-to-image")
        _ = try await render(graph)
        let changed = try graph.with([("positive", "text", "a green tree in a meadow by day")])
        let ran = Recorder()
        try await render.session.render(render.session.graph(changed)) { event in
            if case .nodeStarted(let node, _, _) = event { ran.append(node.id) }
        }
        #expect(Set(ran.ids) == ["positive", "sampler", "decode", "save"])
    }

    /// The least ratios that are promised; over the 160 of `bench_accuracy.py --prompts 160` they were 45.1 and 43.9 dB.
    @Test(
        "lower precisions give nearly the picture of f32", arguments: [(Precision.bf16, 40.0), (.int8, 30.0)])
    func precisions(precision: Precision, least: Double) async throws {
        let (exact, rounded) = (try Render(precision: .f32), try Render(precision: precision))
        for (seed, text) in [
            (3, "a red lighthouse in the snow at sunset"),
            (4, "a white castle on a green meadow at night, stars"),
        ] {
            let graph = try Render.graph("text-to-image").with([
                ("positive", "text", .string(text)), ("sampler", "seed", .integer(seed)),
            ])
            let (a, b) = (
                try #require(try await exact(graph).first), try #require(try await rounded(graph).first)
            )
            let (before, after) = (try a.pixels, try b.pixels)
            let squares = zip(before, after).reduce(0.0) {
                let difference = Double($1.0) - Double($1.1)
                return $0 + difference * difference
            }
            #expect(squares > 0, "the precision changed nothing")
            let ratio = 10 * log10(255 * 255 * Double(before.count) / squares)
            #expect(ratio >= least, "\(text): \(ratio) dB")
        }
    }
}
