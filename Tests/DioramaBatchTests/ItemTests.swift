import DioramaBatch
import Foundation
import Testing

/// What lines become: settings, seeds, grids, and the names of files.
@Suite struct ItemTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func items(
        _ list: String, _ changes: String = "{}", _ change: (inout BatchOptions) -> Void = { _ in }
    ) throws -> [PlannedItem] {
        var options = BatchOptions()
        change(&options)
        var items: [PlannedItem] = []
        try workshop.batch(changes, options).forEachItem(of: PromptList(list)) { items.append(try $0.get()) }
        return items
    }

    private func problem(_ list: String, _ changes: String = "{}") throws -> String? {
        let error = #expect(throws: ListProblem.self) { try items(list, changes) }
        return error?.description
    }

    private func input(_ path: String, of item: PlannedItem) -> JSON? {
        let parts = path.split(separator: ".").map(String.init)
        return item.item.graph.json[parts[0]]?["inputs"]?[parts[1]]
    }

    @Test func everyNameFindsItsInput() throws {
        let list = """
            {"prompt": "a hill", "negative": "fog", "seed": 18446744073709551615, "steps": 9, "cfg": 3, "width": 8, \
            "height": 6, "save": {"filename_prefix": "x"}, "sampler.pictures": 2}
            """
        let item = try #require(try items(list).first)
        #expect(input("prompt.text", of: item) == "a hill")
        #expect(input("avoid.text", of: item) == "fog")
        #expect(input("sampler.seed", of: item) == .unsigned(.max))
        #expect(input("sampler.steps", of: item) == 9)
        #expect(input("sampler.cfg", of: item) == 3)
        #expect(input("empty.width", of: item) == 8)
        #expect(input("empty.height", of: item) == 6)
        #expect(input("save.filename_prefix", of: item) == "x")
        #expect(item.item.prompt == "a hill")
        #expect(item.item.negative == "fog")
        #expect(item.item.seed == .max)
        #expect(
            item.item.settings == [
                "steps": 9, "cfg": 3, "width": 8, "height": 6, "save.filename_prefix": "x",
                "sampler.pictures": 2,
            ])
    }

    @Test func cellsAreReadByTheInputsTheyAreFor() throws {
        let item = try #require(try items("prompt,steps,save.filename_prefix\n12,12,12\n").first)
        #expect(input("prompt.text", of: item) == "12")
        #expect(input("sampler.steps", of: item) == 12)
        #expect(input("save.filename_prefix", of: item) == "12")
    }

    @Test func seedsCountOn() throws {
        let list = "prompt,seed\na,\nb,18446744073709551614\n"
        let items = try items(list) { $0.count = 3 }
        #expect(items.map(\.item.seed) == [1, 2, 3, .max - 1, .max, 0])
        #expect(items.map(\.item.index) == [0, 1, 2, 0, 1, 2])
        #expect(items.map(\.item.line) == [2, 2, 2, 3, 3, 3])
        #expect(items.map(\.item.ordinal) == Array(0..<6))
        #expect(input("sampler.seed", of: items[1]) == 2)
    }

    @Test func seedsNeedOnePlace() throws {
        let changes = #"{"sampler": null, "save": null}"#
        let error = #expect(throws: SettingError.self) { try items("a", changes) { $0.count = 2 } }
        #expect(error?.description.hasPrefix("seed: the graph has no sampler") == true)
    }

    @Test func gridsCombine() throws {
        let items = try items("a\nb") {
            $0.count = 2
            $0.grid = [GridAxis("steps=1,2"), GridAxis("cfg=3,5,7")].compactMap(\.self)
        }
        #expect(items.count == 24)
        let first = items.prefix(6).map {
            "\($0.item.settings["steps"]?.text() ?? "") \($0.item.settings["cfg"]?.text() ?? "")"
        }
        #expect(first == ["1 3", "1 5", "1 7", "2 3", "2 5", "2 7"])
        #expect(items.map(\.item.seed) == (0..<24).map { $0 / 6 % 2 == 0 ? 1 : 2 })
        #expect(Set(items.map(\.id)).count == 24)
    }

    @Test func gridsHoldTexts() throws {
        let items = try items("a") {
            $0.grid = [GridAxis(#"prompt=["red, hot", "blue"]"#)].compactMap(\.self)
        }
        #expect(items.map(\.item.prompt) == ["red, hot", "blue"])
    }

    @Test(arguments: [
        ("stepss=1", "stepss: there is no such setting; did you mean 'steps'?"),
        ("name=a", "name: a name cannot be an axis of the grid"),
        ("sampler.stps=1", "sampler.stps: sampler (ToySampler) has no input 'stps'; did you mean 'steps'?"),
    ])
    func wrongAxesAreNamed(axis: String, sentence: String) throws {
        let error = #expect(throws: SettingError.self) {
            try items("a") { $0.grid = [GridAxis(axis)].compactMap(\.self) }
        }
        #expect(error?.description.hasPrefix(sentence) == true, "\(String(describing: error))")
    }

    @Test func wildcardsFollowTheSeed() throws {
        let list = "a {red|green|blue} fox"
        let items = try items(list) { $0.count = 20 }
        #expect(Set(items.compactMap(\.item.prompt)) == ["a red fox", "a green fox", "a blue fox"])
        let again = try self.items("prompt,seed\n\(list),5")
        #expect(again.first?.item.prompt == items[4].item.prompt)
        #expect(again.first?.id == items[4].id)
    }

    @Test func theIdNamesTheContent() throws {
        let items = try items("prompt,seed,name\na,1,x\na,1,y\na,2,x\nb,1,x\n")
        #expect(items[0].id == items[1].id)
        #expect(Set(items.map(\.id)).count == 3)
        #expect(items[0].id.count == 16)
        // Where nodes stand in the file, and what they are called, is no content.
        let renamed = try Toy.graph().json.text().replacing("\"avoid\"", with: "\"zzz\"")
        let batch = try Batch(graph: GraphFile(renamed), session: workshop.session())
        var ids: [String] = []
        try batch.forEachItem(of: PromptList("prompt,seed\na,1")) { ids.append(try $0.get().id) }
        #expect(ids == [items[0].id])
    }

    @Test(arguments: [
        (
            "prompt,seed\na,x",
            #"line 2: seed: expected a whole number from 0 to 18446744073709551615, found "x""#
        ),
        (
            "prompt,seed\na,-1",
            "line 2: seed: expected a whole number from 0 to 18446744073709551615, found -1"
        ),
        (#"{"prompt": 7}"#, "line 1: prompt: expected a text, found a whole number"),
        (#"{"name": []}"#, "line 1: name: expected a text, found a list"),
        ("prompt,steps\na,0", #"line 2: sampler (ToySampler): "steps" is 0, below its minimum 1"#),
        (
            "prompt,steps\na,many",
            #"line 2: sampler (ToySampler): "steps" takes an INT: "many" is not a whole number"#
        ),
        (
            "prompt,sampler.sed\na,1",
            "line 2: sampler.sed: sampler (ToySampler) has no input 'sed'; did you mean 'seed'?"
        ),
    ])
    func wrongValuesAreNamed(list: String, sentence: String) throws {
        let problem = try problem(list)
        #expect(problem?.hasPrefix(sentence) == true, "\(problem ?? "")")
    }

    @Test func aSettingWithTwoPlacesNamesThem() throws {
        let changes = """
            {"second": {"class_type": "ToySampler", "inputs": {"seed": 2, "positive": ["prompt", 0],
                "negative": ["avoid", 0], "latent_image": ["empty", 0]}},
             "save2": {"class_type": "SaveImage", "inputs": {"images": ["second", 0]}}}
            """
        #expect(
            try problem("prompt,seed\na,1", changes) == """
                line 2: seed: the graph has 2 places for it: sampler (ToySampler), second (ToySampler); \
                use the name sampler.seed or second.seed instead
                """)
        #expect(try items("prompt,second.seed\na,9", changes).first?.item.settings["second.seed"] == 9)
    }

    // MARK: Names

    private func names(_ list: String, _ pattern: String?, count: Int = 1) throws -> [String] {
        var options = BatchOptions()
        options.count = count
        options.namePattern = try pattern.map { try NamePattern($0) }
        let batch = try workshop.batch("{}", options)
        var names: [String] = []
        try batch.forEachItem(of: PromptList(list)) { names.append(batch.name(of: try $0.get())) }
        return names
    }

    @Test func wordsAreFilledIn() throws {
        #expect(
            try names(
                "prompt,seed,steps\n\"A fox, red & wild\",7,9\n",
                "{line:4}_{item}-{index}-{seed}-{steps}-{cfg}-{prompt}")
                == ["0002_1-1-7-9-2.5-A-fox-red-wild"])
        #expect(try names("a fox in the snow", "{prompt:5}/{seed:3}") == ["a-fox/001"])
        #expect(try names("prompt,empty.width\na,8", "{empty.width}") == ["8"])
    }

    @Test func theDefaultSaysPromptAndContent() throws {
        let name = try #require(try names("a fox", nil).first)
        #expect(name.hasPrefix("a-fox-"))
        #expect(name.count == "a-fox-".count + 16)
    }

    @Test func theListNamesItsFiles() throws {
        #expect(try names("prompt,name\na,my fox\n", nil) == ["my-fox"])
        #expect(try names("prompt,name\na,x\n", nil, count: 2) == ["x-1", "x-2"])
    }

    @Test(arguments: [
        ("../../etc/passwd", "etc-passwd"), ("/abs", "abs"), ("...", nil), ("CON", "_CON"),
        ("com1.png", "_com1.png"),
        ("a\u{0}b\u{7}c", "a-b-c"), (".hidden", "hidden"), ("  ", nil), ("naïve 狐", "naïve-狐"),
        ("a/b\\c:d*e?f", "a-b-c-d-e-f"),
    ])
    func namesStayInsideTheFolder(name: String, expected: String?) throws {
        let list = JSON.object(["prompt": "a", "name": .string(name)]).text()
        let found = try #require(try names(list, nil).first)
        if let expected { #expect(found == expected) } else { #expect(found.count == 16) }
    }

    @Test func longNamesAreCut() throws {
        let list = JSON.object(["prompt": .string(String(repeating: "狐", count: 500))]).text()
        let name = try #require(try names(list, "{prompt:200}-{prompt:200}").first)
        #expect(name.utf8.count <= 180)
    }

    @Test(arguments: ["{prompt:200}-{id}", "{prompt}/{prompt:200}-{id}", "{prompt:200}-{prompt:200}"])
    func namesThatAreCutStillSayTheContent(pattern: String) throws {
        // Forty letters with so many accents that the name is too long, in two items that differ behind the cut.
        let start = String(repeating: "a" + String(repeating: "\u{301}", count: 12), count: 60)
        let lines = ["x", "y"].map { JSON.object(["prompt": .string(start + $0)]).text() }
        let list = lines.joined(separator: "\n")
        let ids = try items(list).map(\.id)
        let names = try names(list, pattern)
        #expect(Set(names).count == 2)
        for (name, id) in zip(names, ids) { #expect(name.hasSuffix(id)) }
        let defaults = try self.names(list, nil)
        #expect(Set(defaults).count == 2)
    }

    @Test(arguments: [
        ("{lime}", "has the word {lime}, which there is not; did you mean {line}?"),
        ("{line", "has a { that nothing closes"),
        ("", "it is empty"), ("{line:0}", "the width of {line} is a number from 1 to 200, not '0'"),
    ])
    func wrongPatternsAreRefused(pattern: String, sentence: String) {
        let error = #expect(throws: NamePattern.Problem.self) { try NamePattern(pattern) }
        #expect(error?.description.contains(sentence) == true, "\(String(describing: error))")
    }

    @Test func shardsShareOut() throws {
        let list = (1...10).map { "prompt \($0)" }.joined(separator: "\n")
        let whole = try items(list) { $0.count = 2 }.map(\.id)
        let parts = try (0..<3).map { index in
            try items(list) {
                $0.count = 2
                $0.shard = Shard(index, of: 3)
            }
        }
        #expect(parts.map(\.count) == [7, 7, 6])
        #expect(Set(parts.flatMap { $0.map(\.id) }) == Set(whole))
        #expect(parts[1].map(\.item.ordinal) == [1, 4, 7, 10, 13, 16, 19])
        #expect(Shard(3, of: 3) == nil)
        #expect(Shard(0, of: 0) == nil)
    }
}
