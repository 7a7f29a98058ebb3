import Diorama
import Foundation
import Testing

@testable import VignetteNodes

@Suite struct VignetteTests {
    /// What the node makes of one white picture, 5 pixels wide and 3 high.
    private func darkened(strength: Double) -> [Float] {
        let node = Vignette()
        node.image = ImageBatch(pixels: .full(1, [1, 3, 5, 3], on: .cpu()))
        node.strength = strength
        node.run(.standalone(Vignette.self))
        #expect(node.darkened.pixels.shape == [1, 3, 5, 3])
        return node.darkened.pixels.floats()
    }

    @Test func strengthZeroChangesNothing() {
        #expect(darkened(strength: 0).allSatisfy { $0 == 1 })
    }

    @Test func theMiddleStaysAndTheCornersDarken() {
        let values = darkened(strength: 0.5)
        let middle = (1 * 5 + 2) * 3
        #expect(values[middle] == 1)
        for corner in [0, 4 * 3, 2 * 5 * 3, (2 * 5 + 4) * 3] { #expect(values[corner] == 0.5) }
    }

    @Test func theGraphRenders() async throws {
        let package = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL
        let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: output) }
        let folders = Folders(
            models: [], input: package.appending(path: "input"), output: output, temp: output)
        let session = Session(
            nodes: try .builtin + [Vignette.self], options: SessionOptions(folders: folders))
        let file = try Data(contentsOf: package.appending(path: "graphs/vignette.json"))
        let pictures = try await session.render(session.graph(GraphFile(data: file)))
        #expect(pictures.count == 1)
        #expect(pictures.allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
    }
}
