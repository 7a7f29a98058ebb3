import DioramaCommands
import DioramaTestSupport
import FoundationEssentials
import Testing

@Suite struct ModelSearchTests {
    private let temporary: TemporaryFolder
    private var root: URL { temporary.url.resolvingSymlinksInPath() }

    init() throws { temporary = try TemporaryFolder() }

    @Test func findsFoldersBesideTheGraphThenAbove() throws {
        try root.makeFolders(
            "project/graphs/models", "project/models", "project/samples/models", "work/models")
        let search = ModelSearch(
            graphFolder: root.appending(path: "project/graphs"),
            workingFolder: root.appending(path: "work"),
            environment: [:])
        let found = try search.modelFolders(given: []).map { $0.path.dropFirst(root.path.count + 1) }
        #expect(
            found.prefix(4) == [
                "project/graphs/models", "project/models", "project/samples/models", "work/models",
            ])
    }

    @Test func optionsComeBeforeTheEnvironment() throws {
        try root.makeFolders("a", "b", "c")
        let search = ModelSearch(
            graphFolder: nil, workingFolder: root,
            environment: ["DIORAMA_MODELS": "\(root.path)/b:\(root.path)/c"])
        #expect(try search.modelFolders(given: ["a"]).map(\.lastPathComponent) == ["a"])
        #expect(try search.modelFolders(given: []).map(\.lastPathComponent) == ["b", "c"])
    }

    @Test func aFolderThatIsNotThereIsWrongUsage() throws {
        let search = ModelSearch(graphFolder: nil, workingFolder: root, environment: [:])
        let error = #expect(throws: CommandError.self) { try search.modelFolders(given: ["nowhere"]) }
        #expect(error?.status == .usage)
        #expect(error?.message == "--models: there is no folder 'nowhere'")
    }

    @Test func picturesComeFromTheNearestInputFolderElseFromBesideTheGraph() throws {
        try root.makeFolders("project/graphs", "project/samples/input")
        let graphs = root.appending(path: "project/graphs")
        let search = ModelSearch(graphFolder: graphs, workingFolder: root, environment: [:])
        #expect(try search.inputFolder(given: nil).path.hasSuffix("project/samples/input"))

        try root.makeFolders("elsewhere")
        let lone = ModelSearch(
            graphFolder: root.appending(path: "elsewhere"), workingFolder: root, environment: [:])
        #expect(try lone.inputFolder(given: nil).lastPathComponent == "elsewhere")
    }
}

extension URL {
    /// Makes folders at these paths below this one.
    fileprivate func makeFolders(_ paths: String...) throws {
        for path in paths {
            try FileManager.default.createDirectory(
                at: appending(path: path), withIntermediateDirectories: true)
        }
    }
}
