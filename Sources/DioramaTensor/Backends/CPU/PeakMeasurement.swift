import CKernels

/// What the processor's instructions can do, measured on operands in its first cache: the limit that products are compared with.
public struct PeakMeasurement: Sendable {
    /// What products are rounded to.
    public let precision: Precision
    /// Threads that worked.
    public let threads: Int
    /// Multiplications and additions a second, all threads together: the best of several short runs.
    public let operationsPerSecond: Double

    /// Measures each precision on all threads of a new CPU device, for about a tenth of a second each.
    ///
    /// - Parameter threads: how many threads; nil for one a core, or what a container has the time of.
    /// - Returns: a measurement for each precision.
    public static func all(threads: Int? = nil) -> [PeakMeasurement] {
        let backend = CPUBackend(threads: threads)
        return Precision.allCases.map { precision in
            var best = 0.0
            for _ in 0..<12 {
                let clock = ContinuousClock()
                var count = 0
                let steps = 1_000_000
                let time = clock.measure {
                    count = backend.runPeak(precision.kernelPrecision, steps: steps)
                }
                best = Swift.max(best, Double(count) / (time / .seconds(1)))
            }
            return PeakMeasurement(precision: precision, threads: backend.threads, operationsPerSecond: best)
        }
    }
}

extension CPUBackend {
    /// Runs the peak kernel once on each thread, and returns the operations of all.
    fileprivate func runPeak(_ precision: dk_precision, steps: Int) -> Int {
        withScratch(16 * threads) { sinks in
            pool.run(threads) { part, _ in _ = kernels.peak(precision, steps, sinks + 16 * part) }
            return threads * kernels.peak(precision, 0, sinks) + threads * operations(precision, steps)
        }
    }

    private func operations(_ precision: dk_precision, _ steps: Int) -> Int {
        var sink: Float = 0
        let one = kernels.peak(precision, 1, &sink)
        return one * steps
    }
}

/// Kernels of the CPU device for one set of instructions.
public struct KernelSet: Sendable {
    /// As ``Device/cpuInstructions`` names it.
    public let name: String
    /// What is in the set.
    public let description: String
    /// Whether this processor has it.
    public let isRunnable: Bool
}

extension Instructions {
    /// A short name.
    fileprivate var name: String {
        switch self {
        case .baseline: "baseline"
        case .avx2: "avx2"
        case .avx2Dot: "avx2_vnni"
        case .avx512: "avx512"
        case .avx512Dot: "avx512_bf16_vnni"
        case .avx512AMX: "avx512_amx"
        case .neonDot: "neon_bf16_i8mm"
        }
    }

    fileprivate var description: String {
        switch self {
        case .baseline: "what every processor of the architecture has"
        case .avx2: "AVX2, FMA and F16C"
        case .avx2Dot: "the same with dot products of bytes (AVX-VNNI)"
        case .avx512: "AVX-512 F, BW, VL and DQ"
        case .avx512Dot: "AVX-512 with dot products of bf16 and of bytes"
        case .avx512AMX: "the same with matrix registers for bf16 and bytes (AMX)"
        case .neonDot: "NEON with dot products of bf16 and of bytes (BF16, I8MM)"
        }
    }
}

extension Device {
    /// The sets of instructions that there are kernels for, lowest first.
    public static var cpuKernels: [KernelSet] {
        let runnable = Instructions.runnable
        return Instructions.allCases.map {
            KernelSet(name: $0.name, description: $0.description, isRunnable: runnable.contains($0))
        }
    }

    /// The vector instructions that the processor's kernels use here: `avx512_amx`, `avx512_bf16_vnni`, `avx512`, `avx2_vnni`, `avx2`,
    /// `neon_bf16_i8mm` or `baseline`.
    public static var cpuInstructions: String {
        (Instructions(rawValue: dk_level(Instructions.best.rawValue)) ?? .baseline).name
    }
}
