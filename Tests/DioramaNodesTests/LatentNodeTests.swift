import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// The nodes on latents against their definitions in PyTorch (`tools/golden/latent_nodes.py`), and what they refuse.
@Suite struct LatentNodeTests {
    let bench: Workbench
    let golden: Fixture
    let cases: [JSON]

    init() throws {
        bench = try Workbench()
        golden = try Fixture("nodes/latents.safetensors", on: bench.device)
        cases = try JSON(parsing: Array((golden.metadata["cases"] ?? "").utf8)).array ?? []
    }

    /// A latent of a record: values, and where there are some, places in the noise and a mask.
    private func latent(_ record: JSON) throws -> Latent {
        Latent(
            samples: golden[try #require(record["samples"]?.string)],
            batchIndex: record["places"]?.array?.compactMap(\.integer),
            noiseMask: record["mask"]?.string.map { Mask(coverage: golden[$0]) })
    }

    /// What must come out of a record's node.
    private func check(_ made: Latent, _ expected: Latent, _ place: String) {
        #expect(relativeError(made.samples, expected.samples) < Tolerance.f32.op, "\(place)")
        #expect(made.batchIndex == expected.batchIndex, "\(place)")
        #expect(made.noiseMask?.coverage.shape == expected.noiseMask?.coverage.shape, "\(place)")
        #expect(made.noiseMask?.coverage.floats() == expected.noiseMask?.coverage.floats(), "\(place)")
    }

    @Test(
        "a node gives what its definition says",
        arguments: [
            ("LatentAdd", 3), ("LatentSubtract", 3), ("LatentMultiply", 1), ("LatentInterpolate", 9),
            ("LatentBlend", 4), ("LatentFromBatch", 56), ("RepeatLatentBatch", 16),
            ("LatentBatchSeedBehavior", 16), ("LatentBatch", 3), ("LatentConcat", 6), ("LatentCut", 24),
            ("LatentCutToBatch", 12), ("LatentComposite", 26), ("LatentCompositeMasked", 36),
            ("LatentFlip", 2), ("LatentRotate", 4), ("LatentCrop", 5), ("LatentUpscaleBy", 16),
        ])
    func matches(className: String, count: Int) async throws {
        let records = cases.filter { $0["node"]?.string == className }
        #expect(records.count == count)
        for record in records {
            let literals = try #require(record["literals"]?.object)
            var given: [String: any PortValue] = [:]
            for (name, value) in try #require(record["given"]?.object) { given[name] = try latent(value) }
            if let mask = record["given_mask"]?.string { given["mask"] = Mask(coverage: golden[mask]) }
            let made: Latent = try await bench.output(of: className, literals, given: given)
            check(
                made, try latent(try #require(record["out"])), "\(className) \(JSON.object(literals).text())")
        }
    }

    @Test(
        "an operation changes latents as its definition says",
        arguments: ["LatentOperationTonemapReinhard", "LatentOperationSharpen"])
    func operations(className: String) async throws {
        let records = cases.filter { $0["node"]?.string == className }
        #expect(records.count == 3)
        for record in records {
            let literals = try #require(record["literals"]?.object)
            let operation: LatentOperation = try await bench.output(of: className, literals)
            let made: Latent = try await bench.output(
                of: "LatentApplyOperation",
                given: [
                    "samples": try latent(try #require(record["given"]?["samples"])), "operation": operation,
                ])
            check(
                made, try latent(try #require(record["out"])), "\(className) \(JSON.object(literals).text())")
        }
    }

    @Test func bislerpByAFactorIsBislerpToThatSize() async throws {
        let source = Latent(samples: bench.noise([1, 4, 8, 10]))
        let scaled: Latent = try await bench.output(
            of: "LatentUpscaleBy", ["upscale_method": "bislerp", "scale_by": 1.5], given: ["samples": source])
        let expected: Latent = try await bench.output(
            of: "LatentUpscale", ["upscale_method": "bislerp", "width": 120, "height": 96],
            given: ["samples": source])
        #expect(scaled.samples.floats() == expected.samples.floats())
        let least: Latent = try await bench.output(
            of: "LatentUpscaleBy", ["upscale_method": "area", "scale_by": 0.01], given: ["samples": source])
        #expect(least.samples.shape == [1, 4, 1, 1])
    }

    @Test func aSmallLatentIsNotCut() async throws {
        let source = Latent(samples: bench.noise([1, 4, 5, 3]))
        let cut: Latent = try await bench.output(
            of: "LatentCrop", ["x": 999, "y": 16], given: ["samples": source])
        #expect(cut.samples.floats() == source.samples.floats())
    }

    @Test func latentsThatDoNotFitAreASentence() async throws {
        let four = Latent(samples: bench.noise([1, 4, 3, 5]))
        let sixteen = Latent(samples: bench.noise([1, 16, 3, 5]))
        for className in ["LatentAdd", "LatentSubtract", "LatentInterpolate", "LatentBlend", "LatentBatch"] {
            let message = await bench.failure(of: className, given: ["samples1": four, "samples2": sixteen])
            #expect(
                message
                    == "node (\(className)): samples2 has 16 channels and the other latent 4; both must be of the "
                    + "same kind of model")
        }
        #expect(
            await bench.failure(
                of: "LatentConcat", ["dim": "x"], given: ["samples1": four, "samples2": sixteen])
                == "node (LatentConcat): samples2 is [1, 16, 3, 5] and samples1 [1, 4, 3, 5], [B, C, H, W]; to join them "
                + "along x the other sizes must be equal")
        #expect(
            await bench.failure(of: "LatentComposite", given: ["samples_to": four, "samples_from": sixteen])
                == "node (LatentComposite): samples_from is [1, 16, 3, 5] and the latent below [1, 4, 3, 5], [B, C, H, W]; "
                + "the channels must be equal, and there must be one latent or as many as below")
        #expect(
            await bench.failure(
                of: "LatentBlend",
                given: [
                    "samples1": Latent(samples: bench.noise([2, 4, 3, 5])),
                    "samples2": Latent(samples: bench.noise([3, 4, 3, 5])),
                ])
                == "node (LatentBlend): samples2 has 3 latents and samples1 2; there must be as many, or one on a side"
        )
    }

    @Test func tooSmallALatentToSharpenIsASentence() async throws {
        let operation: LatentOperation = try await bench.output(of: "LatentOperationSharpen")
        let small = Latent(samples: bench.noise([1, 4, 12, 9]))
        #expect(
            await bench.failure(
                of: "LatentApplyOperation", given: ["samples": small, "operation": operation])
                == "node (LatentApplyOperation): a latent of 9x12 cells cannot be sharpened with sharpen_radius 9; the radius "
                + "must be less than both sides")
    }

    @Test func moreThanMemoryHoldsIsASentence() async throws {
        let large = Latent(samples: bench.noise([1, 1, 1024, 4096]))
        #expect(
            await bench.failure(
                of: "LatentUpscaleBy", ["upscale_method": "area", "scale_by": 8], given: ["samples": large]
            ) == nil)
        let four = Latent(samples: bench.noise([5, 1, 1024, 4096]))
        #expect(
            await bench.failure(
                of: "LatentUpscaleBy", ["upscale_method": "area", "scale_by": 8], given: ["samples": four])
                == "node (LatentUpscaleBy): scale_by asks for more than the 1073741824 latent values that are allowed; "
                + "ask for less")
        #expect(
            await bench.failure(of: "RepeatLatentBatch", ["amount": 64], given: ["samples": four])?
                .hasPrefix("node (RepeatLatentBatch): amount asks for more") == true)
        let far = Latent(samples: bench.noise([2, 1, 1, 1]), batchIndex: [0, .max / 2])
        #expect(
            await bench.failure(of: "RepeatLatentBatch", ["amount": 3], given: ["samples": far])?
                .hasSuffix("are too far apart") == true)
    }
}
