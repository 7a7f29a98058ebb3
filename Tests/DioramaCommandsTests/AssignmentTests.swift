import DioramaCommands
import DioramaGraph
import Testing

@Suite struct AssignmentTests {
    /// Where `--set text` leads, and the value it gives.
    private func read(
        _ text: String, _ changes: String = "{}"
    ) throws -> (nodeID: String, input: String, value: JSON) {
        let assignment = try Assignment(option: text)
        let target = try assignment.target(in: try Toy.graph(changes), catalog: try Toy.catalog)
        return (target.place.nodeID, target.place.input, target.json(assignment.value))
    }

    private func complaint(_ text: String, _ changes: String = "{}") -> String? {
        do {
            _ = try read(text, changes)
            return nil
        } catch {
            let told = CommandError(error)
            #expect(told.status == .usage)
            return told.message
        }
    }

    @Test func numbersAreJSON() throws {
        let assignment = try read("sampler.steps=8")
        #expect(assignment.nodeID == "sampler")
        #expect(assignment.input == "steps")
        #expect(assignment.value == 8)
        #expect(try read("sampler.seed=18446744073709551615").value == .unsigned(.max))
    }

    @Test(arguments: [
        ("a fox = a fox", "a fox = a fox"), ("1.50", "1.50"), ("true", "true"), (#""quoted""#, "quoted"),
        ("", ""),
        ("[abc]", "[abc]"), ("[1, 2]", "[1, 2]"),
    ])
    func textStaysText(written: String, value: String) throws {
        #expect(try read("prompt.text=\(written)").value == .string(value))
    }

    @Test func aLinkIsAListOfNodeAndSlot() throws {
        #expect(try read(#"prompt.text=["words", 0]"#).value == ["words", 0])
    }

    @Test func anOptionIsText() throws {
        #expect(try read("sampler.sampler_name=heun").value == "heun")
    }

    @Test func nodesAreFoundByTitleOrClass() throws {
        #expect(try read("The Prompt.text=x").nodeID == "prompt")
        #expect(try read("the prompt.text=x").nodeID == "prompt")
        #expect(try read("KSampler.steps=8").nodeID == "sampler")
    }

    @Test func idsWithDotsAreFound() throws {
        let changes = #"{"a.b": {"class_type": "PrimitiveInt", "inputs": {"value": 1, "x.y": 2}}}"#
        #expect(try read("a.b.value=5", changes).nodeID == "a.b")
        #expect(try read("a.b.x.y=5", changes).input == "x.y")
    }

    @Test func aNameThatSeveralNodesHaveIsRefused() throws {
        #expect(
            complaint("CLIPTextEncode.text=x")
                == "--set CLIPTextEncode.text: 2 nodes are called 'CLIPTextEncode': prompt, avoid; use the id"
        )
    }

    @Test func misspellingsGetTheNearestName() throws {
        #expect(
            complaint("samplr.steps=8")?.hasPrefix(
                "--set samplr.steps: the graph has no node 'samplr'; did you mean 'sampler'?") == true)
        #expect(
            complaint("sampler.sedd=8")?.hasPrefix(
                "--set sampler.sedd: sampler (KSampler) has no input 'sedd'; did you mean 'seed'?") == true)
    }

    @Test(arguments: ["", "=", "steps", "steps=8", "sampler.steps"])
    func anythingElseIsNoAssignment(_ text: String) throws {
        #expect(complaint(text)?.hasPrefix("--set takes node.input=value") == true)
    }
}
