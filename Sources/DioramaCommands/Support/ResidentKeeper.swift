import DioramaFiles
import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Keeps this process within a budget by giving the pages of mapped weights back to the system, until the task is cancelled.
///
/// Weights are used where their files are mapped, and count as this process's memory while they are there. A page that was given back
/// is read again when it is next used: from the system's cache of files, or from the disk. Fifty times a second this looks at
/// how much memory the process takes; where it would be above the budget at the next look, at the pace at which it grew lately, all pages
/// of weights are given back, of whatever step. On systems without `/proc` it does nothing.
///
/// - Parameter budget: bytes that the process should stay within.
package func keepResident(within budget: Int) async {
    var (before, pace) = (Int.max, 0)
    while !Task.isCancelled {
        if let resident = residentMemory() {
            pace = max(resident - before, pace - pace / 64)
            before = resident
            // An eighth at most, so that what is read stays for a while however fast it comes.
            if resident + min(pace, budget / 8) > budget {
                MappedWeights.giveBackAll()
                before = residentMemory() ?? resident
            }
        }
        try? await Task.sleep(for: .milliseconds(20))
    }
}

/// A range of addresses at which a file of weights is mapped.
package struct MappedWeights: Equatable {
    package let start: UInt, end: UInt

    /// The mappings of this process, by `/proc/self/maps`.
    package static func all() -> [MappedWeights] {
        SystemFile.text("/proc/self/maps", limit: 1 << 22).split(separator: "\n").compactMap {
            MappedWeights(line: $0)
        }
    }

    /// Reads a line of `/proc/self/maps`; nil where it is not a file of weights that is only read.
    package init?(line: Substring) {
        let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard words.count == 6, words[1] == "r--p" || words[1] == "r--s",
            words[5].hasSuffix(".safetensors") || words[5].hasSuffix(".gguf") || words[5].hasSuffix(".sft")
        else { return nil }
        let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard bounds.count == 2, bounds[0] < bounds[1] else { return nil }
        (start, end) = (bounds[0], bounds[1])
    }

    /// Gives the pages of all mappings back; they were only read, so that nothing is lost.
    package static func giveBackAll() {
        FileMappings.whileKept {
            for weights in all() { weights.giveBack() }
        }
    }

    /// While the file is mapped there: what else came to lie at its addresses would be lost.
    private func giveBack() {
        #if os(Linux)
        guard let first = UnsafeMutableRawPointer(bitPattern: start) else { return }
        madvise(first, Int(end - start), MADV_DONTNEED)
        #endif
    }
}
