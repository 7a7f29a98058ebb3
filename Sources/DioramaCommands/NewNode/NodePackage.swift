import DioramaGraph

/// The files of a Swift package with one node: what `diorama new-node` writes.
package struct NodePackage {
    /// The node's class and Swift type, in UpperCamelCase.
    package let name: String
    /// Where the package finds Diorama.
    package let diorama: Dependency

    /// Where a package finds Diorama.
    package enum Dependency: Equatable, Sendable {
        /// A folder, absolute or from the package's own.
        case folder(String)
        /// A repository.
        case repository(String)
    }

    /// The package of a node.
    ///
    /// - Parameters:
    ///   - name: the class, letters and digits of ASCII, an upper-case letter first.
    ///   - diorama: where the package finds Diorama.
    /// - Throws: ``CommandError`` of status `usage` for a name that cannot be one.
    package init(name: String, diorama: Dependency) throws {
        func refused(_ reason: String) -> CommandError {
            .usage("'\(name)' cannot be a node's name: \(reason); write it as Vignette or FilmGrain")
        }
        guard let first = name.unicodeScalars.first else {
            throw CommandError.usage("the node's name is empty")
        }
        guard name.utf8.count <= 60 else { throw refused("it is longer than 60 letters") }
        guard
            name.unicodeScalars.allSatisfy({
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil)
            })
        else { throw refused("only letters and digits of ASCII are allowed") }
        guard first.properties.isUppercase else { throw refused("it must begin with a capital") }
        guard !Self.taken.contains(name) else { throw refused("Diorama or Swift has a type of that name") }
        self.name = name
        self.diorama = diorama
    }

    /// Types that a file of the package speaks of.
    private static let taken: Set<String> = [
        "Any", "Bool", "Device", "Diorama", "DioramaCommand", "DioramaCommands", "Float", "ImageBatch",
        "Input", "Int",
        "Node", "NodeSpec", "Output", "RunContext", "Self", "Session", "String", "Tensor", "Type", "URL",
        "Protocol",
    ]

    /// The target that holds the node.
    private var module: String { name + "Nodes" }

    /// The name with dashes: `film-grain`.
    private var dashed: String {
        var text = ""
        var last: Character?
        for letter in name {
            if letter.isUppercase, let last, !last.isUppercase { text += "-" }
            text += letter.lowercased()
            last = letter
        }
        return text
    }

    /// The product that is the command with the node.
    package var executable: String { "diorama-" + dashed }

    /// The graph that uses the node, from the package's folder.
    package var graph: String { "graphs/\(dashed).json" }

    /// Every text file, by its path from the package's folder.
    package var files: [(path: String, text: String)] {
        [
            ("Package.swift", manifest),
            ("README.md", readme),
            (".gitignore", ".build/\nPackage.resolved\noutput/\n"),
            ("Sources/\(module)/\(name).swift", node),
            ("Sources/\(executable)/main.swift", main),
            ("Tests/\(module)Tests/\(name)Tests.swift", test),
            (graph, graphText),
        ]
    }

    private var manifest: String {
        let (dependency, package) =
            switch diorama {
            case .folder(let path): (".package(name: \"diorama\", path: \(swift(path)))", "diorama")
            case .repository(let url):
                (".package(url: \(swift(url)), from: \"\(RootCommand.version)\")", identity(url))
            }
        return """
            // swift-tools-version: 6.2
            import PackageDescription

            let package = Package(
                name: "\(executable)",
                products: [
                    .library(name: "\(module)", targets: ["\(module)"]),
                    .executable(name: "\(executable)", targets: ["\(executable)"]),
                ],
                dependencies: [\(dependency)],
                targets: [
                    .target(name: "\(module)", dependencies: [.product(name: "Diorama", package: \(swift(package)))]),
                    .executableTarget(
                        name: "\(executable)",
                        dependencies: ["\(module)", .product(name: "DioramaCommands", package: \(swift(package)))]),
                    .testTarget(name: "\(module)Tests", dependencies: ["\(module)"]),
                ]
            )

            """
    }

    /// The name by which SwiftPM knows a repository: the end of its URL, without `.git`.
    private func identity(_ url: String) -> String {
        let end = url.split(separator: "/").last.map(String.init) ?? "diorama"
        return end.hasSuffix(".git") ? String(end.dropLast(4)) : end
    }

    /// A text as a Swift literal.
    private func swift(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : "\($0)" }
        return "\"" + escaped.joined() + "\""
    }
}
