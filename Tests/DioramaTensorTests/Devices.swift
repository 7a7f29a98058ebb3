import DioramaTensor

extension Device {
    /// The processor at each set of instructions that this machine runs, and the reference.
    static var each: [Device] { processors + [.reference()] }

    /// The processor at each set of instructions that this machine runs.
    static var processors: [Device] { Instructions.runnable.map { .cpu(threads: 2, instructions: $0) } }
}

/// Numbers between -2 and 2 that look random and are the same everywhere.
func noise(_ shape: Shape, seed: UInt32 = 1, on device: Device) -> Tensor {
    var state = seed &* 2_654_435_761 | 1
    return Tensor(shape, on: device) { values in
        for i in values.indices {
            state = state &* 1_664_525 &+ 1_013_904_223
            values[i] = Float(state >> 8) * 0x1p-22 - 2
        }
    }
}
