/// The memory of the machine, or of the container or job that the process is in.
package struct MachineMemory: Sendable {
    private let groups: ControlGroups

    /// - Parameter groups: what bounds the process.
    package init(groups: ControlGroups = ControlGroups()) { self.groups = groups }

    /// Bytes that programs may take without pushing out others, the cache of files included; nil where the system does not tell.
    package var available: Int? { least(Self.entries("MemAvailable:"), groups.freeMemory) }

    /// As much and what can be swapped; nil where the system does not tell.
    package var availableWithSwap: Int? {
        least(Self.entries("MemAvailable:", "SwapFree:"), groups.freeMemory)
    }

    /// All bytes; nil where the system does not tell.
    package var total: Int? { least(Self.entries("MemTotal:"), groups.memory) }

    private func least(_ machine: Int?, _ group: Int?) -> Int? {
        machine.map { Swift.min($0, group ?? $0) }
    }

    /// The sum of entries; nil where the first is missing.
    private static func entries(_ names: String...) -> Int? {
        let numbers = SystemFile.numbers(names, in: "/proc/meminfo")
        return numbers[0] == nil ? nil : numbers.reduce(0) { $0 + ($1 ?? 0) }
    }
}
