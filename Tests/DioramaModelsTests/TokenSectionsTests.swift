import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// Long and weighted prompts cut into sequences and weighed, against ComfyUI's own functions.
@Suite struct TokenSectionsTests {
    @Test("sequences are ComfyUI's", arguments: try SectionsCase.all())
    func sequences(_ entry: SectionsCase) {
        let sections = TokenSections(entry.groups, entry.layout)
        #expect(sections.truncated == 0)
        #expect(sections.sections.map { $0.map(\.id) } == entry.sections.map { $0.map(\.id) })
        for (found, expected) in zip(sections.sections, entry.sections) {
            for (a, b) in zip(found, expected) { #expect(abs(a.weight - b.weight) < 1e-12) }
        }
        #expect(sections.ids.dropFirst(entry.sections.count) == (entry.empty.map { [$0] } ?? [])[...])
    }

    @Test("states are weighed as ComfyUI's", arguments: try SectionsCase.all().filter { $0.states != nil })
    func states(_ entry: SectionsCase) throws {
        let fixture = try Fixture("comfyui/prompt_sections.safetensors")
        let key = try #require(entry.states)
        let states = fixture["\(key).states"]
        let sections = TokenSections(entry.groups, entry.layout)
        try #require(sections.ids.count == states.shape[0])
        let weighted = sections.weighted((0..<states.shape[0]).map { states[$0..<$0 + 1] })
        let count = sections.sections.count
        #expect(
            relativeError(.concatenated(Array(weighted.prefix(count)), axis: 1), fixture["\(key).weighted"])
                < Tolerance.f32.op)
        // The pooled vector is the first sequence's, whatever the weights.
        #expect(
            maxError(
                states[0..<1].narrowed(axis: 1, states.shape[1] - 1..<states.shape[1])
                    .reshaped([1, 3]), fixture["\(key).pooled"]) == 0)
    }

    @Test func whatFindsNoPlaceIsCounted() {
        // T5 has one sequence: 6 ids and the end. A piece that does not fit is broken there.
        let one = TokenSections(
            [([1, 2, 3, 4], 1), ([5, 6, 7, 8], 2), ([9], 1)], .init(end: 99, pad: 0, longest: 7))
        #expect(one.ids[0] == [1, 2, 3, 4, 5, 6, 99] && one.truncated == 3)
        // Two sequences of a start, three ids and an end.
        let two = TokenSections(
            [(Array(1...9), 1)], .init(start: 98, end: 99, pad: 0, longest: 5, most: 2))
        #expect(two.ids == [[98, 1, 2, 3, 99], [98, 4, 5, 6, 99]] && two.truncated == 3)
    }
}

/// A text and a layout of `tools/golden/prompt_sections.py`, and what ComfyUI makes of them.
struct SectionsCase: CustomTestStringConvertible, Sendable {
    let layout: TokenSections.Layout
    /// The ids of each piece: of each word, its number of letters.
    let groups: [(ids: [Int], weight: Double)]
    let sections: [[(id: Int, weight: Double)]]
    /// The empty text that is encoded with weighted ones.
    let empty: [Int]?
    /// Where the states of the sequences are.
    let states: String?
    let testDescription: String

    static func all() throws -> [SectionsCase] {
        let bytes = try Data(contentsOf: Golden.url("comfyui/prompt_sections.json"))
        let file = try #require(JSON(parsing: Array(bytes)).object)
        let texts = try #require(file["texts"]?.array).compactMap(\.string)
        let layouts = try #require(file["layouts"]?.object)
        return try #require(file["cases"]?.array).map { entry in
            let entry = try #require(entry.object)
            let name = try #require(entry["layout"]?.string)
            let number = try #require(entry["text"]?.integer)
            return try SectionsCase(
                entry, name, try #require(layouts[name]?.object), texts[number], "\(name) \(number)")
        }
    }

    private init(
        _ entry: JSON.Object, _ name: String, _ layout: JSON.Object, _ text: String, _ description: String
    ) throws {
        let isFixed = layout["pad_to_max_length"]?.bool == true
        self.layout = TokenSections.Layout(
            start: layout["start"]?.integer, end: layout["end"]?.integer,
            pad: try #require(layout["pad"]?.integer),
            longest: try #require(layout["max_length"]?.integer),
            shortest: layout["min_length"]?.integer ?? 0, padding: layout["min_padding"]?.integer ?? 0,
            most: isFixed ? 64 : 1, emptyHasEnd: name != "t5_pixart")
        groups = WeightedPrompt(text).pieces.map { piece in
            (piece.text.split(whereSeparator: \.isWhitespace).map { $0.count % 50 + 1 }, piece.weight)
        }
        sections = try #require(entry["sections"]?.array).map { try Self.tokens($0) }
        empty = try entry["empty"]?.array.map { try Self.tokens(.array($0)).map(\.id) }
        states = entry["states"]?.string
        testDescription = description
    }

    /// Written as ids, how often the last is repeated, and weights with their counts.
    private static func tokens(_ json: JSON) throws -> [(id: Int, weight: Double)] {
        let row = try #require(json.array)
        var ids = try #require(row[0].array).compactMap(\.integer)
        ids += Array(repeating: try #require(ids.last), count: try #require(row[1].integer) - 1)
        let weights = try #require(row[2].array).flatMap { run in
            let run = try #require(run.array)
            return Array(repeating: try #require(run[0].double), count: try #require(run[1].integer))
        }
        try #require(ids.count == weights.count)
        return zip(ids, weights).map { (id: $0, weight: $1) }
    }
}
