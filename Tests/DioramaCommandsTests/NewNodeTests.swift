import DioramaCommands
import DioramaFiles
import DioramaGraph
import DioramaImage
import DioramaNodes
import DioramaTestSupport
import FoundationEssentials
import Testing

/// `diorama new-node`; that its package builds and passes its own tests is seen by `make test`, in Examples/CustomNode.
@Suite struct NewNodeTests {
    private let temporary: TemporaryFolder
    private var folder: URL { temporary.url }

    init() throws { temporary = try TemporaryFolder() }

    private func run(_ arguments: String...) async throws -> Outcome {
        await diorama(["new-node"] + arguments, in: folder, catalog: try NodeCatalog([]))
    }

    @Test func theExampleIsWhatTheCommandWrites() throws {
        let package = try NodePackage(name: "Vignette", diorama: .folder("../.."))
        for file in package.files {
            let text = try String(
                contentsOf: Repository.url("Examples/CustomNode/\(file.path)"), encoding: .utf8)
            #expect(text == file.text, "Examples/CustomNode/\(file.path) differs from what new-node writes")
        }
    }

    @Test func aPackageIsWrittenWithAPictureToTryItOn() async throws {
        let outcome = try await run("FilmGrain", "--diorama", Repository.root.path)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.output.contains(".build/release/diorama-film-grain render graphs/film-grain.json"))
        let package = folder.appending(path: "FilmGrain")
        let manifest = try String(contentsOf: package.appending(path: "Package.swift"), encoding: .utf8)
        #expect(manifest.contains("path: \"\(Repository.root.path)\""))
        let picture = try ImageFile.decode(
            InputFile.read(package.appending(path: "input/picture.png").path))
        #expect([picture.width, picture.height] == [256, 192])
    }

    @Test func aRepositoryIsNamedByTheEndOfItsURL() throws {
        let package = try NodePackage(name: "Glow", diorama: .repository("https://example.org/a/Diorama.git"))
        let manifest = try #require(package.files.first { $0.path == "Package.swift" }).text
        #expect(manifest.contains(".package(url: \"https://example.org/a/Diorama.git\", from: \"0.1.0\")"))
        #expect(manifest.contains("package: \"Diorama\""))
    }

    @Test(arguments: [
        ("glow", "it must begin with a capital"), ("", "the node's name is empty"),
        ("Film Grain", "only letters and digits of ASCII are allowed"),
        ("Ärger", "only letters and digits of ASCII are allowed"),
        ("../Glow", "only letters and digits of ASCII are allowed"),
        ("2Glow", "it must begin with a capital"),
        ("Tensor", "Diorama or Swift has a type of that name"),
        (String(repeating: "A", count: 61), "it is longer than 60 letters"),
    ])
    func namesThatCannotBe(name: String, reason: String) async throws {
        let outcome = try await run(name, "--diorama", Repository.root.path)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(reason))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func nothingThatIsThereIsTouched() async throws {
        #expect(try await run("Glow", "--diorama", Repository.root.path).status == .done)
        let again = try await run("Glow", "--diorama", Repository.root.path)
        #expect(again.status == .usage)
        #expect(again.errors.contains("is there already"))
    }

    @Test func withoutSourcesNearbyTheyAreAskedFor() async throws {
        let outcome = try await run("Glow")
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("say where they are with --diorama"))
        let wrong = try await run("Glow", "--diorama", ".")
        #expect(wrong.status == .usage)
        #expect(wrong.errors.contains("does not hold Diorama's sources"))
    }
}
