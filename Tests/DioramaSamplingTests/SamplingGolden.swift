import DioramaSampling
import DioramaTestSupport
import FoundationEssentials

/// The golden files of this room, each written by tools/golden/sampling.py.
enum SamplingGolden {
    /// ComfyUI's noise levels.
    struct Schedules: Decodable {
        struct Flux2: Decodable {
            let mu: Double
            let sigmas: [Float]
        }

        /// By model sampling, then by "scheduler:steps".
        let sigmas: [String: [String: [Float]]]
        /// By "WIDTHxHEIGHT:steps".
        let flux2: [String: Flux2]
    }

    /// What ComfyUI's samplers make of a toy denoiser.
    struct Samplers: Decodable {
        struct Runs: Decodable {
            let sigmas: [Float]
            let results: [String: [Float]]
        }

        /// By model sampling.
        let samplers: [String: Runs]
    }

    /// What ComfyUI's adaptive sampler makes of the toy denoiser, written by tools/golden/adaptive.py.
    struct Adaptive: Decodable {
        struct Case: Decodable {
            /// By ComfyUI's names; those that are not there have their defaults.
            let options: [String: Double]
            let first, last: Float
            let result: [Float]
            /// How often the model was asked, and how many attempts did and did not count.
            let nfe, n_accept, n_reject: Int
        }

        let cases: [Case]
    }

    /// The noise levels of diffusers' flow-matching schedulers.
    struct Diffusers: Decodable {
        struct FlowMatch: Decodable {
            let `class`: String
            let shift: Double
            let steps: Int
            let sigmas: [Float]
            let timesteps: [Float]
        }
        struct ShiftedTimes: Decodable {
            let mu: Double
            let times: [Double]
            let sigmas: [Float]
        }

        let flowMatch: [FlowMatch]
        let shiftedTimes: [ShiftedTimes]
    }

    /// torch's noise as ComfyUI draws it, and NumPy's seeds.
    struct Noise: Decodable {
        struct Start: Decodable {
            let shape: [Int]
            let seed: String
            let batchIndex: [Int]?
            let values: [Float]
        }
        struct Steps: Decodable {
            let shape: [Int]
            let seed: String
            let draws: [[Float]]
        }

        struct Seeds: Decodable {
            let entropy: String
            let path: [UInt64]
            let poolSize: Int
            let state: [UInt32]
        }

        let starts: [Start]
        let steps: [Steps]
        let seeds: [Seeds]
    }

    static func load<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) throws
        -> Content
    {
        try JSONDecoder().decode(Content.self, from: Golden.data("sampling/\(name)"))
    }

    /// The model sampling that a name in ComfyUI's vectors means.
    static func modelSampling(_ name: String) throws -> ModelSampling {
        switch name {
        case "sd3/hidream/ernie FLOW shift3 mult1000": try .flow(shift: 3, multiplier: 1000)
        case "z-image FLOW shift3 mult1": try .flow(shift: 3, multiplier: 1)
        case "lumina2 FLOW shift6 mult1": try .flow(shift: 6, multiplier: 1)
        case "auraflow-node shift3.1 mult1": try .flow(shift: 3.1, multiplier: 1)
        case "flux-schnell FLOW shift1 mult1": try .flow(shift: 1, multiplier: 1)
        case "omnigen2 FLOW 2.6": try .flow(shift: 2.6, multiplier: 1)
        case "flux/krea2/qwen FLUX shift1.15": try .flux(shift: 1.15)
        case "flux2 FLUX shift2.02": try .flux(shift: 2.02)
        case "sd15/sdxl EPS": try .epsilon()
        default: throw UnknownName(name: name)
        }
    }

    struct UnknownName: Error {
        let name: String
    }
}

/// The largest |a − b| / |b| over two lists, where a b of 0 must be met exactly; infinite if their lengths differ.
func largestRelativeDifference(_ values: [Float], _ expected: [Float]) -> Double {
    guard values.count == expected.count else { return .infinity }
    return zip(values, expected).map { value, expected in
        value == expected ? 0 : Double(abs(value - expected)) / Double(abs(expected))
    }.max() ?? 0
}
