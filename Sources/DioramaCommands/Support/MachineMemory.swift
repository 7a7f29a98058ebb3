import DioramaFiles
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

/// How many bytes this process may take without pushing out other programs, as far as the system tells; nil where it does not.
///
/// Free memory and free swap, or what a container may have if that is less.
func freeMemory() -> Int? {
    guard let available = MachineMemory.available else { return nil }
    // A container's limit counts the file cache too, which it gives up when asked.
    let container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .compactMap { systemFile($0).split(separator: "\n").first.flatMap { Int($0) } }
    return ([available + (MachineMemory.entry("SwapFree:") ?? 0)] + container).min()
}

/// How many bytes of memory the machine has; nil where the system does not tell.
func totalMemory() -> Int? { MachineMemory.entry("MemTotal:") }

/// How many bytes of this process are in memory now, mapped files included; nil where the system does not tell.
func residentMemory() -> Int? {
    let words = systemFile("/proc/self/statm").split(separator: " ")
    return words.count > 1 ? Int(words[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
}

/// What the processor calls itself; nil where the system does not tell.
func processorName() -> String? {
    systemFile("/proc/cpuinfo", limit: 1 << 22).split(separator: "\n").first { $0.hasPrefix("model name") }?
        .split(separator: ":", maxSplits: 1).last.map { $0.trimmingPrefix(" ") }.map(String.init)
}

/// The text of one of the system's own files; empty where there is none.
package func systemFile(_ path: String, limit: Int = 1 << 16) -> String {
    String(decoding: (try? InputFile.readStream(path, limit: limit)) ?? [], as: UTF8.self)
}

/// The largest resident size of this process so far, in bytes.
func peakMemory() -> Int {
    #if os(Linux)
    // `getrusage` would also count what the process was before it became this program.
    let line = systemFile("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    let words = line?.split { $0 == " " || $0 == "\t" } ?? []
    return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
    #else
    var usage = rusage()
    return getrusage(RUSAGE_SELF, &usage) == 0 ? Int(usage.ru_maxrss) : 0
    #endif
}
