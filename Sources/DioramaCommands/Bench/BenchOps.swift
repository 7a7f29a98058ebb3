import ArgumentParser
import Diorama
import DioramaJSON

/// `diorama bench peak`.
struct BenchPeakCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "peak",
        abstract: "Measure what the processor's instructions can do at most.",
        discussion: """
            Multiplies and adds in registers alone, in each precision, on one thread and on all. Products are to be seen as a share of \
            these.
            """)

    @Flag(help: "Print JSON.")
    var json = false

    var reportsJSON: Bool { json }

    func run(in context: CommandContext) async throws {
        let all = PeakMeasurement.all(threads: 1) + PeakMeasurement.all()
        guard !json else {
            var object = JSON.Object()
            object["instructions"] = .string(Device.cpuInstructions)
            object["peaks"] = .array(
                all.map {
                    [
                        "precision": .string($0.precision.rawValue), "threads": .integer($0.threads),
                        "gops": .double($0.operationsPerSecond / 1e9),
                    ]
                })
            return context.output.line(JSON.object(object).text())
        }
        context.output.line("instructions: \(Device.cpuInstructions)")
        for peak in all {
            context.output.line(
                "\(peak.precision.rawValue), \(peak.threads) thread\(peak.threads == 1 ? "" : "s"): "
                    + "\(Int((peak.operationsPerSecond / 1e9).rounded())) Gop/s")
        }
    }
}

/// `diorama bench linear`.
struct BenchLinearCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "linear", abstract: "Measure a fully connected layer with random weights.")

    @Argument(help: "Rows of the input.") var rows: Int
    @Argument(help: "Elements of a row of the input.") var inputs: Int
    @Argument(help: "Elements of a row of the result.") var outputs: Int
    @OptionGroup var options: BenchOptions

    var reportsJSON: Bool { options.json }

    func validate() throws {
        guard [rows, inputs, outputs].allSatisfy({ (1...1 << 20).contains($0) }) else {
            throw ValidationError("sizes must be 1 to \(1 << 20)")
        }
    }

    func run(in context: CommandContext) async throws {
        let device = Device.cpu(threads: options.threads.count)
        let precision = options.precision.precision ?? .bf16
        let x = benchNoise([rows, inputs], seed: 1, on: device)
        let weight = benchNoise([outputs, inputs], seed: 2, on: device)
        let bias = benchNoise([outputs], seed: 3, on: device)
        let stored = precision == .f32 ? weight : weight.asType(.bf16)
        let bytes =
            precision == .int8
            ? QuantizedWeight(weight, rotationGroup: QuantizedWeight.preferredRotation(of: inputs)) : nil
        Measurement(
            "linear \(rows) x \(inputs) to \(outputs) \(precision.rawValue)", runs: options.runs,
            operations: 2 * Double(rows) * Double(inputs) * Double(outputs), on: device
        ) {
            _ = bytes.map { linear(x, $0, bias: bias) } ?? linear(x, stored, bias: bias, precision: precision)
        }.print(json: options.json, in: context)
    }
}

/// `diorama bench attention`.
struct BenchAttentionCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "attention", abstract: "Measure attention of a sequence with itself.")

    @Argument(help: "Tokens.") var tokens: Int
    @Argument(help: "Heads.") var heads: Int
    @Argument(help: "Elements of a head.") var dim: Int
    @OptionGroup var options: BenchOptions

    var reportsJSON: Bool { options.json }

    func validate() throws {
        guard [tokens, heads, dim].allSatisfy({ (1...1 << 20).contains($0) }) else {
            throw ValidationError("sizes must be 1 to \(1 << 20)")
        }
    }

    func run(in context: CommandContext) async throws {
        let device = Device.cpu(threads: options.threads.count)
        let precision = options.precision.precision ?? .bf16
        let (q, k, v) = (
            benchNoise([1, tokens, heads, dim], seed: 1, scale: 2, on: device),
            benchNoise([1, tokens, heads, dim], seed: 2, scale: 2, on: device),
            benchNoise([1, tokens, heads, dim], seed: 3, on: device)
        )
        Measurement(
            "attention \(tokens) tokens, \(heads) x \(dim) \(precision.rawValue)", runs: options.runs,
            operations: 4 * Double(heads * dim) * Double(tokens) * Double(tokens), on: device
        ) {
            _ = attention(q, k, v, precision: precision)
        }.print(json: options.json, in: context)
    }
}
