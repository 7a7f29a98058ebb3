import ArgumentParser
import DioramaCommands
import DioramaGraph
import DioramaTestSupport
import Foundation
import Testing

/// `--preview`.
@Suite struct PreviewFileTests {
    private let label = NodeLabel(id: "1", className: "KSampler")

    @Test func eachPreviewReplacesTheFile() throws {
        let folder = try TemporaryFolder()
        let file = try PreviewFile("now.png", mediaType: "image/png", workingFolder: folder.url)
        let url = folder.url.appending(path: "now.png")
        #expect(!FileManager.default.fileExists(atPath: url.path))
        for bytes in [[1, 2, 3], [4]] as [[UInt8]] {
            file.receive(.preview(label, Preview(mediaType: "image/png", bytes: bytes)), at: .now)
            #expect(Array(try Data(contentsOf: url)) == bytes)
        }
        // Of another kind, as a node of a user's own may send it.
        file.receive(.preview(label, Preview(mediaType: "image/jpeg", bytes: [9])), at: .now)
        #expect(Array(try Data(contentsOf: url)) == [4] && file.firstProblem == nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["now.png"])
    }

    @Test func aFolderThatGoesAwayIsTold() throws {
        let folder = try TemporaryFolder()
        try folder.write([], to: "in/x")
        let file = try PreviewFile("in/now.png", mediaType: "image/png", workingFolder: folder.url)
        try FileManager.default.removeItem(at: folder.url.appending(path: "in"))
        file.receive(.preview(label, Preview(mediaType: "image/png", bytes: [1])), at: .now)
        #expect(file.firstProblem != nil)
        #expect(throws: CommandError.self) {
            try PreviewFile("none/now.png", mediaType: "image/png", workingFolder: folder.url)
        }
    }

    @Test(
        "options",
        arguments: [(["--preview", "x.gif"], "not x.gif"), (["--preview-every", "0"], "1 or more")])
    func mistakes(_ arguments: [String], _ words: String) throws {
        let error = #expect(throws: (any Error).self) { try PreviewOptions.parse(arguments) }
        #expect(error.map { PreviewOptions.message(for: $0).contains(words) } == true)
        #expect(try PreviewOptions.parse([]).previews == nil)
        let options = try PreviewOptions.parse([
            "--preview", "a.JPG", "--preview-every", "3", "--preview-method", "rgb",
        ])
        #expect(options.previews?.interval == 3 && options.previews?.format == .jpeg)
    }
}
