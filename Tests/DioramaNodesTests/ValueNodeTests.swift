import Diorama
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// The nodes that hold, convert, choose and show values.
@Suite struct ValueNodeTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test func primitivesGiveWhatTheyHold() async throws {
        let whole: Int = try await bench.output(of: "PrimitiveInt", ["value": .integer(-.max)])
        #expect(whole == -.max)
        let number: Double = try await bench.output(of: "PrimitiveFloat", ["value": -2.5])
        #expect(number == -2.5)
        for className in ["PrimitiveString", "PrimitiveStringMultiline"] {
            let text: String = try await bench.output(of: className, ["value": "a\n🦊"])
            #expect(text == "a\n🦊")
        }
        // As Python's bool(): every text but the empty one is true.
        for (value, expected) in [(true, true), (false, false), ("false", true), ("", false), (0, false)]
            as [(JSON, Bool)]
        {
            let isTrue: Bool = try await bench.output(of: "PrimitiveBoolean", ["value": value])
            #expect(isTrue == expected)
        }
        for value in [JSON.integer(.min), .unsigned(1 << 63), .double(1e19)] {
            let error = try await #require(throws: GraphError.self) {
                try await bench.run("PrimitiveInt", ["value": value])
            }
            #expect(error.issues.map(\.input) == ["value"])
        }
        for value in [1e300, -.infinity, .nan] {
            let message = await bench.failure(of: "PrimitiveFloat", ["value": .double(value)])
            #expect(message != nil, "\(value)")
        }
    }

    /// Both outputs of ComfyNumberConvert.
    private func converted(_ value: any PortValue) async throws -> (number: Double?, whole: Int?) {
        let result = try await bench.run("ComfyNumberConvert", given: ["value": value])
        return (
            result.value("node", output: 0, as: Double.self), result.value("node", output: 1, as: Int.self)
        )
    }

    @Test func textsAreNumbersWherePythonReadsOne() async throws {
        let golden = try JSON(parsing: Golden.data("nodes/text.json"))
        let records = try #require(golden["numbers"]?.array)
        #expect(records.count == 28)
        for record in records {
            let text = try #require(record["text"]?.string)
            guard let number = record["number"]?.double else {
                let message = await bench.failure(of: "ComfyNumberConvert", given: ["value": text])
                #expect(message?.hasPrefix("node (ComfyNumberConvert): value is ") == true, "\(text)")
                continue
            }
            let found = try await converted(text)
            #expect(found.number == number && found.whole == record["whole"]?.integer, "\(text)")
        }
    }

    @Test func valuesAreConverted() async throws {
        #expect(try await converted(true) == (1, 1))
        #expect(try await converted(false) == (0, 0))
        #expect(try await converted(Int.max) == (Double(Int.max), .max))
        #expect(try await converted(UInt64(7)) == (7, 7))
        #expect(try await converted(-2.9) == (-2.9, -2))
        for value in [.nan, .infinity, 1e19] as [Double] {
            let message = await bench.failure(of: "ComfyNumberConvert", given: ["value": value])
            #expect(message?.hasSuffix("which is no whole number from \(Int.min) to \(Int.max)") == true)
        }
        #expect(await bench.failure(of: "ComfyNumberConvert", given: ["value": UInt64.max]) != nil)
        let written: Int = try await bench.output(1, of: "ComfyNumberConvert", ["value": "12.7"])
        #expect(written == 12)
    }

    @Test(
        "a size has its aspect, about its pixels, and multiples for sides",
        arguments: [
            ("1:1 (Square)", 1, 1), ("2:3 (Portrait Photo)", 2, 3), ("3:2 (Photo)", 3, 2),
            ("3:4 (Portrait Standard)", 3, 4), ("4:3 (Standard)", 4, 3),
            ("9:16 (Portrait Widescreen)", 9, 16),
            ("16:9 (Widescreen)", 16, 9), ("21:9 (Ultrawide)", 21, 9),
        ])
    func sizes(name: String, wide: Int, high: Int) async throws {
        let aspect = Double(wide) / Double(high)
        for (megapixels, multiple) in [(1.0, 8), (0.1, 8), (16.0, 64), (2.5, 28)] {
            let result = try await bench.run(
                "ResolutionSelector",
                [
                    "aspect_ratio": .string(name), "megapixels": .double(megapixels),
                    "multiple": .integer(multiple),
                ])
            let width = try #require(result.value("node", output: 0, as: Int.self))
            let height = try #require(result.value("node", output: 1, as: Int.self))
            #expect(width % multiple == 0 && height % multiple == 0)
            // No multiple is nearer to the exact sides.
            let exact = (megapixels * 1_048_576 * aspect).squareRoot()
            #expect(abs(Double(width) - exact) <= Double(multiple) / 2 + 1e-6)
            #expect(abs(Double(height) - exact / aspect) <= Double(multiple) / 2 + 1e-6)
        }
    }

    @Test func knownSizes() async throws {
        // round(w * sqrt(mp * 1024 * 1024 / (w * h)) / multiple) * multiple, by Python.
        for (name, megapixels, multiple, width, height) in [
            ("1:1 (Square)", 1.0, 8, 1024, 1024), ("16:9 (Widescreen)", 1.0, 8, 1368, 768),
            ("2:3 (Portrait Photo)", 1.0, 64, 832, 1280), ("21:9 (Ultrawide)", 0.1, 128, 512, 256),
        ] {
            let result = try await bench.run(
                "ResolutionSelector",
                [
                    "aspect_ratio": .string(name), "megapixels": .double(megapixels),
                    "multiple": .integer(multiple),
                ])
            #expect(result.value("node", output: 0, as: Int.self) == width, "\(name)")
            #expect(result.value("node", output: 1, as: Int.self) == height, "\(name)")
        }
    }

    @Test func aPreviewIsANoteAndAText() async throws {
        let mask = Mask(coverage: bench.noise([1, 3, 2]))
        let long = String(repeating: "狐", count: 5000)
        for (value, expected) in [
            ("a\n🦊", "a\n🦊"), (12, "12"), (0.1, "0.1"), (1e22, "1e+22"), (true, "True"),
            (UInt64.max, "18446744073709551615"),
            (Latent(samples: bench.noise([1, 4, 2, 3])), "LATENT [1, 4, 2, 3]"), (mask, "MASK [1, 3, 2]"),
            (ImageBatch(pixels: bench.noise([1, 2, 3, 3])), "IMAGE [1, 2, 3, 3]"), (long, long),
            (LatentOperation { $0 }, "LATENT_OPERATION"),
        ] as [(any PortValue, String)] {
            let recorder = Recorder()
            let result = try await bench.run("PreviewAny", given: ["source": value]) { event in
                if case .notice(_, let message) = event { recorder.append(message) }
            }
            #expect(result.value("node", output: 0, as: String.self) == expected)
            #expect(recorder.ids == [expected.count > 4000 ? String(expected.prefix(4000)) + "…" : expected])
        }
    }
}
