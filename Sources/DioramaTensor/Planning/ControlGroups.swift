/// What containers, jobs of Slurm and services leave to a process of the machine: Linux' control groups, of both versions.
///
/// What bounds a group bounds those within it too, so the process's own group and each around it are asked.
package struct ControlGroups: Sendable {
    /// A group, and how much memory all processes in it may have.
    private struct Bounded {
        let folder: String
        let limit: Int
        let files: MemoryFiles
    }

    /// What a version calls its files, and pages of files among what it counts.
    private struct MemoryFiles {
        let limit: String, used: String
        let cache: [String]

        static let first = MemoryFiles(
            limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes",
            cache: ["total_active_file", "total_inactive_file"])
        static let second = MemoryFiles(
            limit: "memory.max", used: "memory.current", cache: ["active_file", "inactive_file"])
    }

    private let bounded: [Bounded]

    /// How many processors' time the process may have, such as 1.5; nil where all of it.
    package let processors: Double?

    /// - Parameters:
    ///   - mount: where the system has its groups.
    ///   - membership: the file that names the process's groups.
    package init(mount: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        var bounded: [Bounded] = []
        var shares: [Double] = []
        for line in SystemFile.text(membership).split(separator: "\n") {
            // hierarchy:controllers:path
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            if controllers.isEmpty {
                for folder in Self.folders(of: parts[2], under: mount) {
                    bounded += Self.bound(folder, .second)
                    // All time is "max 100000".
                    let numbers = SystemFile.text("\(folder)/cpu.max").split { $0.isWhitespace }
                    if numbers.count == 2 { shares += Self.share(numbers[0], numbers[1]) }
                }
            }
            if controllers.contains("memory") {
                for folder in Self.folders(of: parts[2], under: mount + "/memory") {
                    bounded += Self.bound(folder, .first)
                }
            }
            if controllers.contains("cpu") {
                for folder in Self.folders(of: parts[2], under: mount + "/cpu") {
                    // All time is -1.
                    shares += Self.share(
                        SystemFile.text("\(folder)/cpu.cfs_quota_us"),
                        SystemFile.text("\(folder)/cpu.cfs_period_us"))
                }
            }
        }
        self.bounded = bounded
        processors = shares.min()
    }

    /// The most bytes that the process's groups may have; nil where nothing bounds them.
    package var memory: Int? { bounded.map(\.limit).min() }

    /// Bytes that the process may take before one of its groups is full, the pages of files in it given up; nil where nothing bounds them.
    package var freeMemory: Int? {
        bounded.map { group in
            let used = Self.number(SystemFile.text("\(group.folder)/\(group.files.used)")) ?? 0
            let cache = SystemFile.numbers(group.files.cache, in: "\(group.folder)/memory.stat")
            return Swift.max(group.limit - used + cache.reduce(0) { $0 + ($1 ?? 0) }, 0)
        }.min()
    }

    /// A group's folder and those around it.
    ///
    /// In a container, whose own group is all that it sees, only the last may be there.
    private static func folders(of path: Substring, under mount: String) -> [String] {
        var names = path.split(separator: "/")
        // A group outside of what is seen.
        if names.contains("..") { names = [] }
        return (0...names.count).reversed().map { ([mount[...]] + names.prefix($0)).joined(separator: "/") }
    }

    private static func bound(_ folder: String, _ files: MemoryFiles) -> [Bounded] {
        // "max", or by the first version the greatest number of pages, is no bound.
        guard let limit = number(SystemFile.text("\(folder)/\(files.limit)")), limit < 1 << 60 else {
            return []
        }
        return [Bounded(folder: folder, limit: limit, files: files)]
    }

    /// How many processors `quota` microseconds in each `period` are; none where there is no bound.
    private static func share(_ quota: some StringProtocol, _ period: some StringProtocol) -> [Double] {
        guard let quota = number(quota), let period = number(period), quota > 0, period > 0 else { return [] }
        return [Double(quota) / Double(period)]
    }

    private static func number(_ text: some StringProtocol) -> Int? { Int(text.prefix { !$0.isWhitespace }) }
}
