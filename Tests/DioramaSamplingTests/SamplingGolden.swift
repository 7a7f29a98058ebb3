import DioramaSampling
import Foundation

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

    /// torch's noise as ComfyUI draws it.
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

        let starts: [Start]
        let steps: [Steps]
    }

    static func load<Content: Decodable>(_ name: String, as type: Content.Type = Content.self) throws
        -> Content
    {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let url = tests.appending(path: "Golden/sampling/\(name)")
        return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url))
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

/// ‖a − b‖ / ‖b‖; infinite if their lengths differ or anything is not finite.
func relativeNorm(_ values: [Float], _ expected: [Float]) -> Double {
    guard values.count == expected.count else { return .infinity }
    let difference = zip(values, expected).reduce(0.0) {
        $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
    }
    let norm = expected.reduce(0.0) { $0 + Double($1) * Double($1) }
    let result = (difference / norm).squareRoot()
    return result.isFinite ? result : .infinity
}
