import Diorama
import DioramaImage
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// SaveImage, SaveImageJPEG and PreviewImage: names, bytes and the graph inside.
@Suite struct SaveImageTests {
    let bench: Workbench
    let images: ImageBatch

    init() throws {
        bench = try Workbench()
        images = ImageBatch(pixels: bench.noise([1, 4, 6, 3]))
    }

    /// The paths of the files that a node writes, from the scratch folder.
    private func save(
        _ className: String = "SaveImage", _ inputs: JSON.Object = [:], _ pictures: ImageBatch? = nil
    ) async throws -> [String] {
        let result = try await bench.run(className, inputs, given: ["images": pictures ?? images])
        let root = bench.scratch.url.resolvingSymlinksInPath().path(percentEncoded: false)
        return result.artefacts.map {
            String($0.file.resolvingSymlinksInPath().path(percentEncoded: false).dropFirst(root.count + 1))
        }
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: bench.scratch.url.appending(path: path)))
    }

    @Test func namesAreComfyUIs() async throws {
        #expect(try await save() == ["output/ComfyUI_00001_.png"])
        #expect(try await save() == ["output/ComfyUI_00002_.png"])
        try bench.scratch.write("", to: "output/fox_00041_.png")
        #expect(try await save("SaveImage", ["filename_prefix": "fox"]) == ["output/fox_00042_.png"])
        #expect(
            try await save("SaveImage", ["filename_prefix": "a/b/%width%x%height%"]) == [
                "output/a/b/6x4_00001_.png"
            ])
        #expect(try await save("SaveImageJPEG", ["filename_prefix": "fox"]) == ["output/fox_00043_.jpg"])
    }

    @Test func eachPictureOfABatchHasAFile() async throws {
        let batch = ImageBatch(pixels: bench.noise([3, 4, 6, 3]))
        let files = try await save("SaveImage", ["filename_prefix": "day/fox"], batch)
        #expect(files == (1...3).map { "output/day/fox_0000\($0)_.png" })
        for (index, file) in files.enumerated() {
            let expected = batch.pixels[index].floats().map { UInt8($0 * 255) }
            #expect(try ImageFile.decode(bytes(file)).pixels == expected)
        }
        let numbered = try await save("SaveImage", ["filename_prefix": "b%batch_num%"], batch)
        #expect(numbered == (0...2).map { "output/b\($0)_00001_.png" })
    }

    @Test func aPrefixCannotLeaveTheFolder() async throws {
        for prefix in ["../fox", "/tmp/fox", "a/../../fox"] {
            let message = await bench.failure(
                of: "SaveImage", ["filename_prefix": .string(prefix)], given: ["images": images])
            #expect(message?.contains("the name \"\(prefix)\" must") == true, "\(message ?? "no error")")
        }
    }

    @Test func valuesAreTruncatedAsNumPyDoes() async throws {
        // np.clip(255 * x, 0, 255).astype(np.uint8)
        let values: [Float] = [
            0, 0.5, 0.999, 1, 1.5, -1, 0.0039, 0.00393, .infinity, -.infinity, 254.9 / 255, .nan,
        ]
        let expected: [UInt8] = [0, 127, 254, 255, 255, 0, 0, 1, 255, 0, 254, 0]
        let pixels = Tensor(values, [1, 2, 2, 3], on: bench.device)
        let file = try #require(try await save("SaveImage", [:], ImageBatch(pixels: pixels)).first)
        #expect(try ImageFile.decode(bytes(file)).pixels == expected)
    }

    @Test func whatIsLoadedIsSavedAsItWas() async throws {
        let every = try Bitmap(width: 16, height: 16, channels: .gray, pixels: (0...255).map { UInt8($0) })
        try bench.scratch.write(PNG.encode(every), to: "input/x.png")
        let loaded: ImageBatch = try await bench.output(of: "LoadImage", ["image": "x.png"])
        let file = try #require(try await save("SaveImage", [:], loaded).first)
        #expect(try ImageFile.decode(bytes(file)).pixels == every.converted(to: .rgb).pixels)
    }

    @Test func channelsBecomeThoseOfTheFile() async throws {
        for (channels, kind) in [(1, Bitmap.Channels.gray), (2, .grayAlpha), (4, .rgba)] {
            let picture = ImageBatch(pixels: bench.noise([1, 2, 2, channels]))
            let file = try #require(try await save("SaveImage", [:], picture).first)
            #expect(try ImageFile.decode(bytes(file)).channels == kind)
        }
        let odd = ImageBatch(pixels: bench.noise([1, 2, 2, 5]))
        #expect(
            await bench.failure(of: "SaveImage", given: ["images": odd])?.hasSuffix(
                "a picture with 5 channels cannot be written; 1 to 4 can") == true)
    }

    @Test(
        "the graph and the editor's workflow are read back equal", arguments: ["SaveImage", "SaveImageJPEG"])
    func metadata(className: String) async throws {
        let workflow: JSON = ["nodes": [], "version": 0.4, "title": "狐 \"fox\" é"]
        let literals: JSON.Object = ["filename_prefix": "fox é"]
        let result = try await bench.run(
            className, literals, given: ["images": images], extra: ["workflow": workflow])
        let file = try #require(result.artefacts.first?.file)
        let metadata = try ImageFile.readMetadata(Array(Data(contentsOf: file)))
        let prompt = try JSON(parsing: Array(try #require(metadata.prompt).utf8))
        #expect(
            prompt == [
                "given images": ["inputs": ["name": "images"], "class_type": "Given"],
                "node": [
                    "inputs": ["filename_prefix": "fox é", "images": ["given images", 0]],
                    "class_type": .string(className),
                ],
            ])
        #expect(try JSON(parsing: Array(try #require(metadata.workflow).utf8)) == workflow)
    }

    @Test func aSavedBatchPassesOn() async throws {
        for className in ["SaveImage", "SaveImageJPEG", "PreviewImage"] {
            let passed: ImageBatch = try await bench.output(of: className, given: ["images": images])
            #expect(passed.pixels.floats() == images.pixels.floats())
        }
    }

    @Test func previewsGoToTheTemporaryFolder() async throws {
        #expect(try await save("PreviewImage") == ["temp/ComfyUI_temp_00001_.png"])
        #expect(!FileManager.default.fileExists(atPath: bench.folders.output.path(percentEncoded: false)))
    }

    @Test func oneOutputPathTakesThePlaceOfTheNames() async throws {
        let bench = try Workbench(target: "fox.png")
        try bench.scratch.write("old", to: "fox.png")
        let batch = ImageBatch(pixels: bench.noise([3, 4, 6, 3]))
        let result = try await bench.run("SaveImage", ["filename_prefix": "a/b"], given: ["images": batch])
        #expect(result.artefacts.map(\.file.lastPathComponent) == ["fox.png", "fox-2.png", "fox-3.png"])
        let first = try ImageFile.decode(
            Array(Data(contentsOf: bench.scratch.url.appending(path: "fox.png"))))
        #expect(first.width == 6)
        // Previews do not take it.
        let preview = try await bench.run("PreviewImage", given: ["images": batch])
        #expect(preview.artefacts.first?.file.lastPathComponent == "ComfyUI_temp_00001_.png")
    }
}
