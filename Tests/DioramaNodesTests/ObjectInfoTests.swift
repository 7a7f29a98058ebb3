import Diorama
import DioramaTestSupport
import FoundationEssentials
import Testing

/// Node names, inputs, types and ranges are ComfyUI's, cut by `tools/golden/object_info.py`.
@Suite struct ObjectInfoTests {
    /// The catalog reads declarations when they are asked for, without asking whether they contradict themselves.
    @Test func declarationsHaveNoMistakes() throws {
        let builtin = NodeCatalog.builtin
        #expect(try NodeCatalog(builtin.types).classNames == builtin.classNames)
        #expect(builtin.schemas.count == builtin.types.count)
    }

    @Test func nodesAreDeclaredAsComfyUIHasThem() throws {
        let render = try Render()
        let environment = RunEnvironment(folders: render.session.folders)
        let golden = try JSON(parsing: Golden.data("nodes/object_info.json"))
        let nodes = try #require(golden["nodes"]?.object)
        for (name, expected) in nodes {
            let ours = try #require(render.session.catalog[name]?.json(in: environment), "\(name)")
            for field in [
                "is_input_list", "output", "output_name", "output_is_list", "name", "category", "output_node",
            ] {
                #expect(ours[field] == expected[field], "\(name).\(field)")
            }
            if let title = expected["display_name"]?.string { #expect(ours["display_name"]?.string == title) }
            // ComfyUI's takes whatever inputs the editor writes; Diorama's declares the one that it reads.
            for group in name == "CustomCombo" ? ["required"] : ["required", "optional"] {
                // Loaders have one more input, behind those of ComfyUI.
                let own = ours["input_order"]?[group]?.array?.filter { $0 != "precision" }
                #expect((own ?? []) == (expected["input_order"]?[group]?.array ?? []), "\(name)")
                for (input, declared) in expected["input"]?[group]?.object ?? [:] {
                    compare(ours["input"]?[group]?[input], declared, "\(name).\(input)")
                }
            }
        }
    }

    /// One input: `[type, options]`, where a list of options may stand for the type, or follow `COMBO`.
    private func compare(_ ours: JSON?, _ expected: JSON, _ place: String) {
        let listed = expected[0] == "COMBO" ? expected[1]?["options"]?.array ?? [] : nil
        if let options = expected[0]?.array ?? listed {
            let own = ours?[0]?.array ?? ours?[1]?["options"]?.array ?? []
            if place.hasSuffix(".sampler_name") { #expect(own == options, "\(place)") }
            // ComfyUI's lists of files depend on the machine.
            if !options.isEmpty { #expect(own.allSatisfy(options.contains), "\(place)") }
            return
        }
        #expect(ours?[0] == expected[0], "\(place)")
        if let template = expected[1]?["template"] {
            compare(template: ours?[1]?["template"], template, place)
        }
        for key in ["default", "min", "max", "step", "round", "multiline", "advanced", "lazy"] {
            guard let value = expected[1]?[key] else { continue }
            let own = ours?[1]?[key]
            // What is said to be false may as well not be said.
            if value == false, own == nil { continue }
            #expect(own == value || own?.double == value.double && value.double != nil, "\(place).\(key)")
        }
    }

    /// How inputs grow, and which share a type.
    private func compare(template ours: JSON?, _ expected: JSON, _ place: String) {
        for key in ["prefix", "names", "min", "max", "template_id", "allowed_types"]
        where expected[key] != nil {
            #expect(ours?[key] == expected[key], "\(place).\(key)")
        }
        for (name, declared) in expected["input"]?["required"]?.object ?? [:] {
            compare(ours?["input"]?["required"]?[name], declared, "\(place).\(name)")
        }
    }
}
