import ArgumentParser
import Diorama
import DioramaJSON

/// `diorama devices`.
struct DevicesCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "Show what this machine computes with.",
        discussion: """
            The processor, its cores, the sets of vector instructions that there are kernels for, and memory. The best set is chosen when \
            the program starts; a picture differs in its last bits from one set to another, and not from one number of threads to \
            another. 'diorama bench peak' measures what the instructions do.

            EXAMPLES
              diorama devices
              diorama devices --json
            """)

    @Flag(help: "Print JSON.")
    var json = false

    var reportsJSON: Bool { json }

    func run(in context: CommandContext) async throws {
        let kernels = Device.cpuKernels
        let processor = processorName() ?? "unknown"
        let cores = Device.cpu().threads
        let (total, free) = (MachineMemory().total, freeMemory())
        guard !json else {
            var object = JSON.Object()
            object["device"] = "cpu"
            object["processor"] = .string(processor)
            object["threads"] = .integer(cores)
            object["instructions"] = .string(Device.cpuInstructions)
            object["kernels"] = .array(
                kernels.map { ["instructions": .string($0.name), "runs_here": .bool($0.isRunnable)] })
            object["memory_bytes"] = total.map { .integer($0) }
            object["free_memory_bytes"] = free.map { .integer($0) }
            return context.output.line(JSON.object(object).text())
        }
        context.output.line(printable("cpu: \(processor), \(cores) core\(cores == 1 ? "" : "s")"))
        if let total, let free {
            context.output.line("memory: \(gibibytes(total)), \(gibibytes(free)) of it free")
        }
        context.output.line("kernels:")
        for kernel in kernels.reversed() {
            let state =
                kernel.name == Device.cpuInstructions
                ? "in use" : kernel.isRunnable ? "runs here too" : "not on this processor"
            context.output.line(
                "  \(padded(kernel.name, to: 18))\(padded(state, to: 23))\(kernel.description)")
        }
    }

    private func gibibytes(_ count: Int) -> String { "\(fixed(Double(count) / Double(1 << 30), 1)) GiB" }

    private func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: Swift.max(width - text.count, 1))
    }
}
