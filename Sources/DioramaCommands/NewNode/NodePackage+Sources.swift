/// The sources that a new package begins with: a node that darkens corners, to be changed into one's own.
extension NodePackage {
    var node: String {
        """
        import Diorama

        /// Darkens pictures towards their corners.
        ///
        /// The declaration below is all there is: Diorama reads from it the node's sockets and widgets, checks graphs against
        /// it, and prints it as help (`\(executable) nodes \(name)`).
        public struct \(name): Node {
            /// Its name in graphs, its place in menus, and what it does.
            public static let spec = NodeSpec(
                "\(name)", category: "image/filters", "Darkens pictures towards their corners.",
                searchAliases: ["darken", "corners"])

            @Input("Pictures to darken.") var image: ImageBatch
            @Input("How dark the corners become: 0 changes nothing, 1 makes them black.", in: 0...1, step: 0.05)
            var strength = 0.5

            @Output("The darkened pictures, the same size.") var darkened: ImageBatch

            /// A node whose inputs the engine fills.
            public init() {}

            /// Reads the inputs and sets the output.
            public func run(_ context: RunContext) {
                darkened = ImageBatch(pixels: image.pixels * brightness())
            }

            /// How much light each pixel keeps, [1, H, W, C]: all in the middle, 1 - strength in the corners; alpha stays.
            private func brightness() -> Tensor {
                let (height, width, channels) = (image.height, image.width, image.channels)
                return Tensor([1, height, width, channels], on: image.pixels.device) { values in
                    for y in 0..<height {
                        for x in 0..<width {
                            let across = offset(x, of: width)
                            let down = offset(y, of: height)
                            let light = 1 - Float(strength) * (across * across + down * down) / 2
                            for channel in 0..<channels {
                                values[(y * width + x) * channels + channel] = channel < 3 ? light : 1
                            }
                        }
                    }
                }
            }

            /// Where a pixel lies between the edges: -1 at the first, 0 in the middle, 1 at the last.
            private func offset(_ position: Int, of count: Int) -> Float {
                count > 1 ? 2 * Float(position) / Float(count - 1) - 1 : 0
            }
        }

        """
    }

    var main: String {
        """
        import DioramaCommands
        import \(name)Nodes

        // The whole diorama command, with one node more.
        await DioramaCommand.main(nodes: [\(name).self])

        """
    }

    var test: String {
        """
        import Diorama
        import Foundation
        import Testing

        @testable import \(name)Nodes

        @Suite struct \(name)Tests {
            /// What the node makes of one white picture, 5 pixels wide and 3 high.
            private func darkened(strength: Double) -> [Float] {
                let node = \(name)()
                node.image = ImageBatch(pixels: .full(1, [1, 3, 5, 3], on: .cpu()))
                node.strength = strength
                node.run(.standalone(\(name).self))
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
                    nodes: try .builtin + [\(name).self], options: SessionOptions(folders: folders))
                let file = try Data(contentsOf: package.appending(path: "\(graph)"))
                let pictures = try await session.render(session.graph(GraphFile(data: file)))
                #expect(pictures.count == 1)
                #expect(pictures.allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
            }
        }

        """
    }

    var graphText: String {
        """
        {
          "picture": {
            "class_type": "LoadImage",
            "inputs": { "image": "picture.png" },
            "_meta": { "title": "A picture" }
          },
          "changed": {
            "class_type": "\(name)",
            "inputs": { "image": ["picture", "IMAGE"], "strength": 0.8 },
            "_meta": { "title": "Change it" }
          },
          "save": {
            "class_type": "SaveImage",
            "inputs": { "images": ["changed", "IMAGE"], "filename_prefix": "\(executable)" },
            "_meta": { "title": "Save" }
          }
        }

        """
    }

    var readme: String {
        """
        # \(name)

        A node for Diorama, and the whole `diorama` command with it.

            swift build -c release
            .build/release/\(executable) nodes \(name)
            .build/release/\(executable) render \(graph)
            swift test

        Diorama needs the system packages libpng-dev, libjpeg-dev and libopenblas-dev (Debian's names).

        | file | what |
        |---|---|
        | `Sources/\(name)Nodes/\(name).swift` | the node: change it into your own |
        | `Sources/\(executable)/main.swift` | the command; list further nodes here |
        | `Tests/` | the node by itself, and its graph |
        | `\(graph)` | reads `input/picture.png` and saves what the node makes of it |

        In a graph that generates pictures the node stands between VAEDecode and SaveImage. Diorama's docs/CustomNodes.md
        explains every part of a declaration.

        """
    }
}
