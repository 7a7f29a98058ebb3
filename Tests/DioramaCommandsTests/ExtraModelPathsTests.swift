import DioramaCommands
import DioramaGraph
import DioramaNodes
import DioramaTestSupport
import Foundation
import Testing

/// Folders of models beside the models folders, as ComfyUI's `extra_model_paths.yaml` names them.
@Suite struct ExtraModelPathsTests {
    private static let golden: JSON = {
        let bytes = (try? Data(contentsOf: Golden.url("nodes/extra_model_paths.json"))) ?? Data()
        return (try? JSON(parsing: Array(bytes))) ?? .null
    }()
    private static let environment = ["HOME": "/home/user", "DISK": "/disk"]

    private static func paths(_ text: String) throws -> ExtraModelPaths {
        try ExtraModelPaths(text, in: URL(filePath: "/lists"), environment: environment)
    }

    /// Where a model of a kind is looked for, the models folder `/own` among the others.
    private static func places(_ kinds: [String], _ extra: ExtraModelPaths) -> [String] {
        let nowhere = URL(filePath: "/nowhere")
        let folders = Folders(
            models: [URL(filePath: "/own")], extraModels: extra.folders, input: nowhere, output: nowhere,
            temp: nowhere)
        do {
            _ = try folders.model("no such model", in: kinds)
        } catch {
            if case .missing(_, _, let folders) = error {
                return folders.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
            }
        }
        return []
    }

    @Test("folders are searched in ComfyUI's order", arguments: golden["cases"]?.object?.keys.sorted() ?? [])
    func order(_ name: String) throws {
        let entry = try #require(Self.golden["cases"]?[name])
        let extra = try Self.paths(try #require(entry["yaml"]?.string))
        let expected = try #require(entry["folders"]?.object)
        #expect(Set(extra.folders.map(\.kind)).union(["loras"]) == Set(expected.keys))
        for kind in expected.keys {
            let found = Self.places([kind], extra).filter { kind == "loras" || !$0.hasPrefix("/own/") }
            #expect(found == expected[kind]?.array?.compactMap(\.string), "\(kind)")
        }
    }

    @Test("older names of kinds", arguments: [["unet"], ["diffusion_models", "unet"], ["diffusion_models"]])
    func olderNames(_ kinds: [String]) throws {
        for name in ["unet", "diffusion_models"] {
            let extra = try Self.paths("a:\n  \(name): /x\n")
            #expect(Self.places(kinds, extra).last == "/x")
        }
    }

    @Test("what ComfyUI refuses is refused", arguments: golden["wrong"]?.array?.compactMap(\.string) ?? [])
    func refused(_ text: String) {
        let error = #expect(throws: ExtraModelPathsError.self) { try Self.paths(text) }
        #expect(error?.line == text.split(separator: "\n").count)
    }

    @Test(
        "errors say the line and what is expected",
        arguments: [
            ("a:\n\tx: y", "line 2: begins with a tab; expected spaces"),
            (
                "a:\n  x: [y]",
                "line 2: a value that begins with '[' is not read; expected a path, quoted where it begins so, or a block: '|'"
            ),
            ("a:\n  x:\n", "line 2: x has no path, expected one or more"),
            (
                "a:\n  x:\n    - y",
                "line 3: lists with dashes are not read; write several folders as a block: 'loras: |', each on a line below"
            ),
            (
                "a:\n  x: y\n  x: z",
                "line 3: 'x' occurs twice in its section; several folders are written as a block: 'x: |'"
            ),
            ("a:\nb:\na:", "line 3: the section 'a' occurs twice"),
            ("a:\n  x: y\n    z: w", "line 3: begins after 4 spaces, but the section's first line after 2"),
            ("a:\n  is_default: maybe", "line 2: is_default is 'maybe', expected true or false"),
            (
                "x: /y",
                "line 1: 'x' has a value, but stands at the left; expected the name of a section, as in 'comfyui:'"
            ),
            ("  x: /y", "line 1: expected the name of a section at the left first, as in 'comfyui:'"),
            ("a:\n  x", "line 2: expected 'name: value', found 'x'"),
            ("a:\n  x: \"y", "line 2: the quote \" is not closed on its line"),
            ("a:\n  x: 'y' z", "line 2: expected nothing behind the quote, found ' z'"),
            ("a:\n  base_path: ''", "line 2: base_path is empty, expected a folder"),
        ])
    func sentences(_ text: String, _ sentence: String) {
        let error = #expect(throws: ExtraModelPathsError.self) { try Self.paths(text) }
        #expect(error?.description == sentence)
    }

    @Test("texts of any bytes end", arguments: 0..<200 as Range<UInt64>)
    func anyText(_ seed: UInt64) {
        var generator = SeededGenerator(seed)
        let pieces = [
            "a:", "\n", "  ", "b: ", "|", "'", "\"", "#", "\\", "~", "$", "{", "}", "\t", "é", "\r\n", "---",
            ":", "-",
        ]
        let text = (0..<40).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
        _ = try? Self.paths(text)
        _ = try? Self.paths("a:\n  base_path: " + text)
    }

    // MARK: On a disk

    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
        for name in [
            "models/loras/both.safetensors", "models/loras/own.safetensors", "ui/Lora/both.safetensors",
            "ui/Lora/deep/extra.safetensors", "first/both.safetensors",
        ] { try temporary.write(name, to: name) }
    }

    private func folders(_ yaml: String) throws -> Folders {
        try temporary.write(yaml, to: "lists/extra.yaml")
        let search = ModelSearch(graphFolder: nil, workingFolder: temporary.url, environment: [:])
        let url = temporary.url
        return Folders(
            models: [url.appending(path: "models")],
            extraModels: try search.extraModelFolders(given: ["lists/extra.yaml"]), input: url, output: url,
            temp: url)
    }

    private func read(_ name: String, _ folders: Folders) throws -> String {
        String(decoding: try Data(contentsOf: folders.model(name, in: ["loras"])), as: UTF8.self)
    }

    @Test func namesComeFromAllFoldersAndTheFirstFoundWins() throws {
        let folders = try folders("ui:\n  base_path: ../ui\n  loras: |\n    nothing here\n    Lora\n")
        let names = folders.models(in: ["loras"]) { $0.pathExtension == "safetensors" }
        #expect(names == ["both.safetensors", "deep/extra.safetensors", "own.safetensors"])
        #expect(try read("both.safetensors", folders) == "models/loras/both.safetensors")
        #expect(try read("deep/extra.safetensors", folders) == "ui/Lora/deep/extra.safetensors")
        let error = #expect(throws: FolderError.self) { try folders.model("none", in: ["loras"]) }
        #expect(error?.description.contains("/ui/nothing here/, ") == true)
    }

    @Test func defaultFoldersComeFirst() throws {
        let folders = try folders("ui:\n  loras: ../ui/Lora\nfirst:\n  is_default: true\n  loras: ../first\n")
        #expect(try read("both.safetensors", folders) == "first/both.safetensors")
        #expect(try read("own.safetensors", folders) == "models/loras/own.safetensors")
    }

    @Test func namesCannotLeaveAnExtraFolder() throws {
        let folders = try folders("ui:\n  loras: ../ui/Lora\n")
        #expect(throws: FolderError.self) { try folders.model("../../first/both.safetensors", in: ["loras"]) }
    }

    @Test func theOptionComesBeforeTheEnvironment() throws {
        for name in ["a", "b", "c"] { try temporary.write("\(name):\n  vae: \(name)\n", to: "\(name).yaml") }
        let path = temporary.url.path
        let search = ModelSearch(
            graphFolder: nil, workingFolder: temporary.url,
            environment: ["DIORAMA_EXTRA_MODEL_PATHS": "\(path)/b.yaml:\(path)/c.yaml"])
        #expect(try search.extraModelFolders(given: ["a.yaml"]).map(\.url.lastPathComponent) == ["a"])
        #expect(try search.extraModelFolders(given: []).map(\.url.lastPathComponent) == ["b", "c"])
    }

    @Test(
        "files that cannot be used",
        arguments: [
            ("none.yaml", nil, CommandStatus.usage, "--extra-model-paths: there is no file 'none.yaml'"),
            (
                "bad.yaml", Array("a:\n  b: [c]".utf8), .wrongData,
                "bad.yaml: line 2: a value that begins with '['"
            ),
            ("bytes.yaml", [0x61, 0xFF], .wrongData, "bytes.yaml: the text is not UTF-8"),
        ])
    func mistakes(_ name: String, _ bytes: [UInt8]?, _ status: CommandStatus, _ sentence: String) async throws
    {
        if let bytes { try temporary.write(bytes, to: name) }
        try temporary.write(Toy.graph().json.text(), to: "graph.json")
        let outcome = await diorama(
            ["check", "graph.json", "--extra-model-paths", name], in: temporary.url, catalog: try Toy.catalog)
        #expect(outcome.status == status)
        #expect(outcome.errors.hasPrefix("diorama: error: " + sentence))
        let error = #expect(throws: CommandError.self) {
            try ModelSearch(graphFolder: nil, workingFolder: temporary.url, environment: [:])
                .extraModelFolders(given: [name])
        }
        #expect(error?.status == status && error?.message.hasPrefix(sentence) == true)
    }

    @Test func theOptionReachesNodes() async throws {
        try temporary.write("a:\n  checkpoints: here\n", to: "extra.yaml")
        try temporary.write("{}", to: "here/tiny/model_index.json")
        let arguments = ["nodes", "CheckpointLoaderSimple", "--json"]
        for (more, isFound) in [([], false), (["--extra-model-paths", "extra.yaml"], true)]
            as [([String], Bool)]
        {
            let outcome = await diorama(
                arguments + more, in: temporary.url, catalog: NodeCatalog.builtin)
            #expect(outcome.output.contains("\"tiny\"") == isFound)
        }
    }
}
