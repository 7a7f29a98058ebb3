import DioramaGraph
import Foundation
import Testing

/// One graph with a mistake of every kind, through the built command and its real nodes.
@Suite struct MistakesTests {
    private static let graph = """
        {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "diorama-tyni"}},
         "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", "VAE"]}},
         "3": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1]}},
         "4": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 8, "height": 99999}},
         "5": {"class_type": "KSampler", "inputs": {"model": ["13", 0], "seed": -1, "steps": "twenty",
            "sampler_name": "eulr", "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0],
            "denoise": 1.5, "cgf": 4}},
         "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 9]}},
         "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0]}},
         "8": {"class_type": "LoadImage", "inputs": {"image": "../secret.png"}},
         "9": {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}},
         "10": {"class_type": "ImageInvert", "inputs": {"image": ["11", 0]}},
         "11": {"class_type": "ImageInvert", "inputs": {"image": ["10", 0]}},
         "12": {"class_type": "PreviewImage", "inputs": {"images": ["11", 0]}},
         "13": {"class_type": "ModelSamplingSD3", "inputs": {"model": [1, 0]}},
         "14": {"class_type": "VEADecode", "inputs": {}}}
        """

    @Test func everyMistakeIsReportedAtOnceUnderComfyUIsName() throws {
        let workshop = try Workshop()
        try Data(Self.graph.utf8).write(to: workshop.url.appending(path: "graphs/wrong.json"))
        let end = try workshop.run("check", "graphs/wrong.json", "--json")
        #expect(end.status == 65)
        let answer = try JSON(parsing: Array(end.output.utf8))
        #expect(answer["error"]?["type"] == "missing_node_type")
        let nodes = try #require(answer["node_errors"]?.object)
        var found: [String: [String]] = [:]
        for (id, node) in nodes {
            found[id] = (node["errors"]?.array ?? []).map { error in
                "\(error["type"]?.string ?? "") \(error["extra_info"]?["input_name"]?.string ?? "")"
            }
        }
        #expect(
            found == [
                "1": ["value_not_in_list ckpt_name"],
                "2": ["return_type_mismatch clip"],
                "3": ["required_input_missing text"],
                "4": ["value_smaller_than_min width", "value_bigger_than_max height"],
                "5": [
                    "value_smaller_than_min seed", "invalid_input_type steps",
                    "value_not_in_list sampler_name",
                    "value_bigger_than_max denoise",
                ],
                "6": ["dangling_link vae"],
                "8": ["custom_validation_failed image"],
                "10": ["dependency_cycle "],
                "13": ["bad_linked_input model"],
                "14": ["missing_node_type "],
            ])
        #expect(nodes["5"]?["dependent_outputs"] == ["7"])
        #expect(nodes["5"]?["class_type"] == "KSampler")
    }

    @Test func peopleAreToldOfEachOnALineOfItsOwn() throws {
        let workshop = try Workshop()
        let end = try workshop.run("check", "-", input: Array(Self.graph.utf8))
        #expect(end.status == 65)
        for line in [
            #"  2. 1 (CheckpointLoaderSimple): "ckpt_name" is "diorama-tyni""#, #"did you mean "VAEDecode"?"#,
            #"13. "#, #"did you mean "cfg"?"#, #"10 (ImageInvert) -> 11 (ImageInvert) -> 10 (ImageInvert)"#,
        ] {
            #expect(end.errors.contains(line), "\(end.errors)")
        }
    }
}
