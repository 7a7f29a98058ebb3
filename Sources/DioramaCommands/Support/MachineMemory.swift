import DioramaGraph
import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Ends the process with status 1 and one sentence: an operation was refused memory and cannot go on.
///
/// - Parameters:
///   - shortage: what was asked for.
///   - json: whether standard output is for programs.
///   - context: the streams.
func endForLackOfMemory(_ shortage: MemoryShortage, asJSON json: Bool, in context: CommandContext) -> Never {
    let failure = CommandError(.failed, shortage.description)
    if context.terminal != nil { context.errors.write("\r\u{1B}[K") }
    if json { context.output.line(failure.json.text()) }
    context.errors.line("diorama: error: \(failure.message)")
    // Other threads are at work: nothing may run that waits for them.
    _exit(failure.status.rawValue)
}

/// How many bytes this process may take without pushing out other programs; nil where the system does not tell.
///
/// Free memory and free swap, or what is left to its container if that is less.
func freeMemory() -> Int? { MachineMemory().availableWithSwap }

/// How many bytes of this process are in memory now, mapped files included; nil where the system does not tell.
func residentMemory() -> Int? {
    let words = SystemFile.text("/proc/self/statm").split(separator: " ")
    return words.count > 1 ? Int(words[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
}

/// What the processor calls itself; nil where the system does not tell.
func processorName() -> String? {
    SystemFile.text("/proc/cpuinfo", limit: 1 << 22).split(separator: "\n").first {
        $0.hasPrefix("model name")
    }?
    .split(separator: ":", maxSplits: 1).last.map { $0.trimmingPrefix(" ") }.map(String.init)
}

/// The largest resident size of this process so far, in bytes.
func peakMemory() -> Int {
    #if os(Linux)
    // `getrusage` would also count what the process was before it became this program.
    return SystemFile.numbers(["VmHWM:"], in: "/proc/self/status")[0] ?? 0
    #else
    var usage = rusage()
    return getrusage(RUSAGE_SELF, &usage) == 0 ? Int(usage.ru_maxrss) : 0
    #endif
}
