import Diorama
import DioramaTestSupport
import FoundationEssentials
import Testing

/// StringFormat against Python's `str.format` (`tools/golden/format_nodes.py`), and CustomCombo.
@Suite struct StringFormatTests {
    let bench: Workbench
    let golden: JSON

    init() throws {
        bench = try Workbench()
        golden = try JSON(parsing: Golden.data("nodes/format.json"))
    }

    /// The values of a record, as other nodes would give them.
    private func values(_ record: JSON) throws -> [String: any PortValue] {
        var values: [String: any PortValue] = [:]
        for (name, value) in try #require(record["values"]?.object) {
            let text = try #require(value["text"]?.string)
            values["values.\(name)"] =
                switch value["type"]?.string {
                case "int": Int(text) ?? 0
                case "float": Double(text) ?? 0
                case "bool": text == "True"
                default: text
                }
        }
        return values
    }

    @Test func aTextIsFilledAsPythonFillsIt() async throws {
        let records = try #require(golden["filled"]?.array)
        #expect(records.count > 50)
        for record in records {
            let template = try #require(record["template"]?.string)
            // Parts of values are not supported.
            if template.contains("[") { continue }
            let text: String = try await bench.output(
                of: "StringFormat", ["f_string": .string(template)], given: try values(record))
            let expected = try #require(record["out"]?.string)
            guard text != expected else { continue }
            let parts = zip(
                template.split(separator: "|"),
                zip(
                    text.split(separator: "|", omittingEmptySubsequences: false),
                    expected.split(separator: "|", omittingEmptySubsequences: false)))
            for (part, (own, other)) in parts where own != other {
                Issue.record(
                    "\(part) of \(record["values"]?.text() ?? ""): “\(own)”, Python gives “\(other)”")
            }
            #expect(text.unicodeScalars.count == expected.unicodeScalars.count, "\(template)")
        }
    }

    @Test func whatPythonRefusesIsASentence() async throws {
        let records = try #require(golden["refused"]?.array)
        #expect(records.count > 50)
        for record in records {
            let template = try #require(record["template"]?.string)
            let failure = await bench.failure(
                of: "StringFormat", ["f_string": .string(template)], given: try values(record))
            #expect(failure?.contains("f_string") == true, "\(record.text()): \(failure ?? "no failure")")
        }
    }

    @Test func sentencesSayWhatIsWrong() async throws {
        #expect(
            await bench.failure(of: "StringFormat", ["f_string": "{b}"], given: ["values.a": 1])
                == "node (StringFormat): f_string calls for {b}, but no value has that name")
        #expect(
            await bench.failure(of: "StringFormat", ["f_string": "{a:.2f}"], given: ["values.a": "fox"])
                == "node (StringFormat): f_string cannot show {a}: a text takes only a fill, an alignment, a width, a "
                + "precision and the type s")
        let picture = ImageBatch(pixels: bench.noise([1, 2, 2, 3]))
        #expect(
            await bench.failure(of: "StringFormat", given: ["values.a": picture])
                == "node (StringFormat): f_string calls for {a}, which is IMAGE and has no text")
        #expect(
            await bench.failure(of: "StringFormat", ["f_string": "{a:16777216}{a}"], given: ["values.a": 1])
                == "node (StringFormat): f_string makes a text of more than 16777216 characters, which no text may have"
        )
        for template in ["{", "{a.b}", "{}", "{0}", "{a!x}"] {
            let failure = await bench.failure(of: "StringFormat", ["f_string": .string(template)])
            #expect(failure?.contains("\"f_string\": has ") == true, "\(failure ?? "")")
        }
    }

    @Test func aChoiceOfTheEditorIsHandedOn() async throws {
        let result = try await bench.run(
            "CustomCombo", ["choice": "Default", "index": 1, "option1": "Quality"])
        #expect(result.value("node", as: String.self) == "Default")
        #expect(result.value("node", output: 1, as: Int.self) == 1)
        #expect(try await bench.output(1, of: "CustomCombo", ["choice": "Turbo"]) as Int == 0)
    }
}
