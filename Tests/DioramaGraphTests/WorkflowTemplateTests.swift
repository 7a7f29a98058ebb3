import DioramaGraph
import FoundationEssentials
import Testing

/// ComfyUI's own templates, each converted and compared with what another implementation made of it.
@Suite struct WorkflowTemplateTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden/workflows")

    static let names =
        (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "ui").path))?.sorted()
        ?? []

    private static func json(_ path: String) throws -> JSON {
        try JSON(parsing: Data(contentsOf: folder.appending(path: path)))
    }

    @Test func thereAreTemplates() {
        #expect(Self.names.count == 69)
    }

    @Test(arguments: names)
    func convertsToItsReference(name: String) throws {
        let declarations = NodeDeclarations(objectInfo: try Self.json("nodes.json"))
        let conversion = WorkflowConversion(try Self.json("ui/\(name)"), declarations: declarations)
        #expect(conversion.issues.map(\.description) == [])
        let expected = try #require(try Self.json("api/\(name)").object)
        #expect(Set(conversion.graph.keys) == Set(expected.keys))
        for (id, node) in expected {
            let className = try #require(node["class_type"]?.string)
            let converted = try #require(conversion.graph[id])
            #expect(converted["class_type"]?.string == className)
            let inputs = Difference.members(
                try #require(node["inputs"]?.object), of: className, at: "\(name) \(id)")
            #expect(Self.members(converted["inputs"]) == inputs, "\(id) (\(className))")
        }
    }

    private static func members(_ json: JSON?) -> [String: JSON] {
        Dictionary((json?.object ?? [:]).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// What is meant to differ from the reference.
    enum Difference {
        /// Names by which the editor saves what steers only itself.
        ///
        /// They are the word that decides a number's next value, and the upload button. The reference keeps them and
        /// ComfyUI's server drops them; here they would be warned of as unknown inputs.
        private static let editorsOwn: [String: Set<String>] = [
            "LoadImage": ["upload"], "PrimitiveInt": ["fixed"],
        ]

        /// Links that lead through a bypassed node whose input is of a wider type than its output.
        ///
        /// It is `*` at PreviewAny and `IMAGE,MASK` at ResizeImageMaskNode. The editor takes such an input when none has
        /// the very type; the reference does not, and loses the link.
        private static let throughWidePorts: [String: [String: JSON]] = [
            "image_hidream_o1_dev.json 175:201": ["string": ["175:164", 0]],
            "image_ming_image_01_design_image_edit.json 81": ["image": ["49", 0]],
        ]

        /// The inputs of a node of the reference as they should be.
        static func members(
            _ inputs: JSON.Object, of className: String, at place: String
        ) -> [String: JSON] {
            var expected = WorkflowTemplateTests.members(.object(inputs))
            for name in editorsOwn[className] ?? [] { expected[name] = nil }
            expected.merge(throughWidePorts[place] ?? [:]) { $1 }
            // The reference writes a list that is a value bare, where it reads as a link; the editor wraps it.
            return expected.mapValues { value in
                guard let elements = value.array, elements.count != 2 || elements[0].string == nil else {
                    return value
                }
                return ["__value__": value]
            }
        }
    }
}
