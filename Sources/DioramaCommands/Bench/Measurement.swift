import Diorama
import DioramaJSON

/// How long something took, several times.
struct Measurement {
    /// What was measured, in words.
    let name: String
    /// Seconds of each run, in order.
    let seconds: [Double]
    /// Multiplications and additions of one run; nil where they are not counted.
    let operations: Double?
    /// The most bytes that tensors held.
    let peakBytes: Int

    /// Runs `body` once, and then `runs` times by the clock.
    init(_ name: String, runs: Int, operations: Double? = nil, on device: Device, _ body: () throws -> Void)
        rethrows
    {
        self.name = name
        self.operations = operations
        try body()
        let clock = ContinuousClock()
        var seconds: [Double] = []
        for _ in 0..<runs {
            let start = clock.now
            try body()
            seconds.append((clock.now - start) / .seconds(1))
        }
        self.seconds = seconds
        peakBytes = device.memory.peak
    }

    /// The middle of the times.
    var median: Double { seconds.sorted()[seconds.count / 2] }

    /// Prints one line, or one JSON object; with `times` also how long each kind of operation took, all runs together.
    func print(json: Bool, times: OperationTimes? = nil, in context: CommandContext) {
        guard !json else {
            var object = JSON.Object()
            object["name"] = .string(name)
            object["median_s"] = .double(median)
            object["seconds"] = .array(seconds.map(JSON.double))
            if let operations { object["gops"] = .double(operations / median / 1e9) }
            object["tensor_peak_bytes"] = .integer(peakBytes)
            if let times {
                object["ops"] = .object(JSON.Object(times.sorted.map { ($0.name, .double($0.seconds)) }))
            }
            return context.output.line(JSON.object(object).text())
        }
        let rate = operations.map { ", \(Int(($0 / median / 1e9).rounded())) Gop/s" } ?? ""
        let milliseconds = (median * 1e5).rounded() / 100
        context.output.line("\(name): \(milliseconds) ms\(rate), tensors at most \(peakBytes >> 20) MiB")
        for (name, seconds) in times?.sorted ?? [] {
            context.output.line("  \(name): \((seconds * 1e5).rounded() / 100) ms")
        }
    }
}

/// Numbers that look random, between -1 and 1 times a factor; the same on each machine.
func benchNoise(_ shape: Shape, seed: UInt32, scale: Float = 1, on device: Device) -> Tensor {
    var state = seed &* 2_654_435_761 | 1
    return Tensor(shape, on: device) { values in
        for i in values.indices {
            state = state &* 1_664_525 &+ 1_013_904_223
            values[i] = (Float(state >> 8) * 0x1p-23 - 1) * scale
        }
    }
}
