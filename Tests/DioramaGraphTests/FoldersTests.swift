import DioramaGraph
import Foundation
import Testing

/// A folder that lives as long as the test.
private final class Scratch: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "diorama-\(UUID().uuidString)")
        for folder in ["models/checkpoints/sd", "more/checkpoints", "input/sub", "output", "temp", "outside"]
        {
            try FileManager.default.createDirectory(
                at: url.appending(path: folder), withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.resolvingSymlinksInPath().path(percentEncoded: false) }

    var folders: Folders {
        Folders(
            models: [url.appending(path: "models"), url.appending(path: "more")],
            input: url.appending(path: "input"),
            output: url.appending(path: "output"), temp: url.appending(path: "temp"))
    }

    func write(_ name: String, _ text: String = "x") throws {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            at: url.appending(path: name), withDestinationURL: url.appending(path: target))
    }
}

private func isCheckpoint(_ url: URL) -> Bool {
    url.pathExtension == "safetensors"
        || FileManager.default.fileExists(
            atPath: url.appending(path: "model_index.json").path(percentEncoded: false))
}

@Suite struct FoldersTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try scratch.write("models/checkpoints/a.safetensors")
        try scratch.write("models/checkpoints/sd/b.safetensors")
        try scratch.write("models/checkpoints/sd/readme.txt")
        try scratch.write("models/tiny/model_index.json")
        try scratch.write("models/tiny/unet/c.safetensors")
        try scratch.write("more/checkpoints/a.safetensors")
        try scratch.write("more/checkpoints/z.safetensors")
        try scratch.write("outside/secret.safetensors")
        try scratch.write("input/sub/x.png")
        try scratch.write("temp/t.png")
    }

    @Test func listsModelsAsGraphsNameThem() throws {
        let names = scratch.folders.models(in: ["checkpoints"], includingRoots: true, where: isCheckpoint)
        #expect(names == ["a.safetensors", "sd/b.safetensors", "tiny", "z.safetensors"])
        #expect(scratch.folders.models(in: ["checkpoints"], where: isCheckpoint).contains("tiny") == false)
        #expect(scratch.folders.models(in: ["loras"], where: isCheckpoint).isEmpty)
    }

    @Test func findsModels() throws {
        let folders = scratch.folders
        func path(_ name: String) throws -> String {
            try folders.model(name, in: ["checkpoints"], includingRoots: true).path(percentEncoded: false)
        }
        #expect(try path("a.safetensors") == scratch.path + "/models/checkpoints/a.safetensors")
        #expect(try path("z.safetensors") == scratch.path + "/more/checkpoints/z.safetensors")
        #expect(try path("tiny").hasPrefix(scratch.path + "/models/tiny"))
        #expect(try path("sd\\b.safetensors") == scratch.path + "/models/checkpoints/sd/b.safetensors")
    }

    @Test func saysWhereItLooked() throws {
        let error = #expect(throws: FolderError.self) {
            try scratch.folders.model("q.safetensors", in: ["checkpoints"])
        }
        let root = scratch.url.path(percentEncoded: false)
        #expect(
            error?.description
                == "there is no model \"q.safetensors\"; looked in \(root)/models/checkpoints/, \(root)/more/checkpoints/"
        )
    }

    @Test func findsInputs() throws {
        let folders = scratch.folders
        #expect(try folders.inputFile("sub/x.png").lastPathComponent == "x.png")
        #expect(try folders.inputFile("t.png [temp]").lastPathComponent == "t.png")
        #expect(folders.inputs { $0.pathExtension == "png" } == ["sub/x.png"])
    }

    @Test(
        "refuses names that could leave the folder",
        arguments: [
            ("", "is empty"), ("/etc/passwd", "must be relative: it begins with /"),
            ("../outside/secret.safetensors", "must stay inside its folder: it has .."),
            ("sd/../../outside", "must stay inside its folder: it has .."),
            ("a\0b", "has a control character"), ("a\nb", "has a control character"),
            ("a//b", "has an empty part or a dot between slashes"),
            ("./a", "has an empty part or a dot between slashes"),
            (String(repeating: "x", count: 256), "is too long: at most 255 bytes a part and 1024 in all"),
            (
                String(repeating: "x/", count: 600) + "x",
                "is too long: at most 255 bytes a part and 1024 in all"
            ),
        ])
    func refuses(name: String, reason: String) {
        #expect(throws: FolderError.refused(name: name, reason: reason)) {
            try scratch.folders.model(name, in: ["checkpoints"])
        }
        #expect(throws: FolderError.refused(name: name, reason: reason)) {
            try scratch.folders.inputFile(name)
        }
    }

    @Test func refusesLinksThatLeadOutside() throws {
        try scratch.link("models/checkpoints/evil.safetensors", to: "outside/secret.safetensors")
        try scratch.link("models/checkpoints/inside.safetensors", to: "models/checkpoints/a.safetensors")
        let folders = scratch.folders
        let error = #expect(throws: FolderError.self) {
            try folders.model("evil.safetensors", in: ["checkpoints"])
        }
        #expect(
            error?.description
                == "the name \"evil.safetensors\" leads outside \(scratch.path)/models/checkpoints by a symbolic link, "
                + "to \(scratch.path)/outside/secret.safetensors")
        #expect(
            try folders.model("inside.safetensors", in: ["checkpoints"]).path(percentEncoded: false)
                == scratch.path + "/models/checkpoints/a.safetensors")
        let names = folders.models(in: ["checkpoints"], where: isCheckpoint)
        #expect(names.contains("inside.safetensors"))
        #expect(!names.contains("evil.safetensors"))
    }

    @Test func aReplacedFileHasAnotherIdentity() throws {
        let file = scratch.url.appending(path: "models/checkpoints/a.safetensors")
        let folder = scratch.url.appending(path: "models/tiny")
        let before = try (FileIdentity(of: file), FileIdentity(of: folder))
        #expect(try FileIdentity(of: file) == before.0)
        #expect(try FileIdentity(of: folder) == before.1)
        try scratch.write("models/checkpoints/a.safetensors", "longer")
        try scratch.write("models/tiny/unet/c.safetensors", "longer")
        #expect(try FileIdentity(of: file) != before.0)
        #expect(try FileIdentity(of: folder) != before.1)
        #expect(throws: FolderError.self) { try FileIdentity(of: scratch.url.appending(path: "nothing")) }
    }

    // MARK: Names of saved files

    private func name(_ prefix: String, at seconds: TimeInterval = 0) throws -> OutputName {
        try OutputName(
            prefix: prefix, in: scratch.folders.output,
            words: .init(width: 640, height: 480, date: Date(timeIntervalSince1970: seconds)))
    }

    /// Makes an empty file unless there is one.
    private func create(_ url: URL) throws -> Bool {
        let path = url.path(percentEncoded: false)
        if FileManager.default.fileExists(atPath: path) { return false }
        try Data().write(to: url)
        return true
    }

    @Test func countsAsComfyUIDoes() throws {
        for existing in [
            "fox_00007_.png", "fox_12.png", "fox_x_.png", "foxes_00099_.png", "fox_999999999999999999_.png",
        ] {
            try scratch.write("output/" + existing)
        }
        let fox = try name("fox")
        #expect(try fox.create(extension: "png", create).lastPathComponent == "fox_00013_.png")
        #expect(try fox.create(extension: "jpg", create).lastPathComponent == "fox_00014_.jpg")
        #expect(try name("new").create(extension: "png", create).lastPathComponent == "new_00001_.png")
    }

    @Test func aTakenNameIsPassedOver() throws {
        var tried: [String] = []
        let file = try name("fox").create(extension: "png") { url in
            tried.append(url.lastPathComponent)
            return tried.count == 3
        }
        #expect(tried == ["fox_00001_.png", "fox_00002_.png", "fox_00003_.png"])
        #expect(file.lastPathComponent == "fox_00003_.png")
    }

    @Test func wordsAndFolders() throws {
        let file = try name("day/%width%x%height%-%batch_num%/%year%/img%batch_num%_%second%", at: 61)
            .create(extension: "png", batch: 3, create)
        let path = file.path(percentEncoded: false)
        #expect(
            path.hasSuffix(
                "/output/day/640x480-%batch_num%/\(path.contains("/1969/") ? 1969 : 1970)/img3_01_00001_.png")
        )
    }

    @Test func prefixesStayInside() throws {
        #expect(throws: FolderError.refused(name: "../x", reason: "must stay inside its folder: it has ..")) {
            try name("../x")
        }
        #expect(throws: FolderError.self) { try name("/tmp/x") }
        #expect(throws: FolderError.self) { try name("folder/") }
        #expect(throws: FolderError.self) { try name(String(repeating: "x", count: 240)) }
        try scratch.link("output/away", to: "outside")
        #expect(throws: FolderError.self) { try name("away/deep/x") }
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/outside/deep"))
        try scratch.write("output/file")
        let error = #expect(throws: FolderError.self) { try name("file/x") }
        #expect(error?.description.contains("/output/file: the folder cannot be made") == true)
    }
}
