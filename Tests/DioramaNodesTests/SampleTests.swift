import Diorama
import DioramaImage
import DioramaTestSupport
import FoundationEssentials
import Testing

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
        var files: Set<[UInt8]> = []
        for threads in [1, 2, 3, 2] {
            files.insert(try #require(try await Render(threads: threads)(graph).first).bytes)
        }
        #expect(files.count == 1)
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
}
