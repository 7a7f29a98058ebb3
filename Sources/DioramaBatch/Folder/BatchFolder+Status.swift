import DioramaFiles
import DioramaGraph

/// How far the batches of a folder have come.
public struct BatchStatus: Sendable {
    /// Items that are made and whose files are there.
    public internal(set) var done = 0
    /// Items that failed when they were last tried.
    public internal(set) var failed = 0
    /// Items that were made but whose files are gone, or have another size.
    public internal(set) var lost = 0
    /// Files of the items that are done, and their bytes.
    public internal(set) var files = 0, bytes = 0
    /// Seconds that an item takes: the time in which any was being made, loading models included and pauses left out, through how many were; nil
    /// where that is not known of any.
    public internal(set) var secondsEach: Double?
    /// When the newest file was written, in seconds since 1970.
    public internal(set) var lastWritten: Double?
    /// The last failure of the manifests.
    public internal(set) var lastFailure: ManifestEntry?
    /// Whether a batch is at work in the folder.
    public internal(set) var isAtWork = false
}

/// How much of a list is done.
public struct BatchRemainder: Sendable, Equatable {
    /// Different items of the list that can be made.
    public internal(set) var items = 0
    /// How many of them are there.
    public internal(set) var done = 0
    /// Lines that cannot be used.
    public internal(set) var unusable = 0
    /// How many items are still to be made.
    public var missing: Int { items - done }
}

extension BatchFolder {
    /// Looks at the manifests and at the sizes of the files; also while a batch is at work.
    ///
    /// - Returns: how far it is.
    /// - Throws: `ListError` when there is no manifest, or one cannot be read.
    public func status() throws -> BatchStatus {
        try requireManifest()
        var status = BatchStatus()
        var spans: [ClosedRange<Double>] = []
        try LastWords(in: self).forEach { entry, _ in
            guard entry.isDone else {
                status.failed += 1
                status.lastFailure = entry
                return
            }
            guard holds(entry) else {
                status.lost += 1
                return
            }
            status.done += 1
            status.files += entry.files.count
            status.bytes += entry.files.reduce(0) { $0 + $1.bytes }
            if let first = entry.files.first,
                let time = FileStatus(file(first.path).path(percentEncoded: false))
            {
                let written = Double(time.modified.seconds) + Double(time.modified.nanoseconds) / 1e9
                status.lastWritten = max(status.lastWritten ?? written, written)
                if let seconds = entry.seconds, seconds >= 0, seconds <= written {
                    spans.append(written - seconds...written)
                }
            }
        }
        status.secondsEach = Self.secondsEach(&spans)
        status.isAtWork = FolderLock.isHeld(self)
        return status
    }

    /// Says so where no batch was ever made.
    func requireManifest() throws(ListError) {
        guard manifests.isEmpty else { return }
        let reason = FileStatus(path)?.isFolder == true ? "it has no manifest.jsonl" : "it is no folder"
        throw ListError(path, "\(reason), so no batch was made there")
    }

    /// Seconds an item, from when each was begun and done: what was made together took its time together.
    static func secondsEach(_ spans: inout [ClosedRange<Double>]) -> Double? {
        guard !spans.isEmpty else { return nil }
        spans.sort { $0.lowerBound < $1.lowerBound }
        var (work, end) = (0.0, -Double.infinity)
        for span in spans where span.upperBound > end {
            work += span.upperBound - max(span.lowerBound, end)
            end = span.upperBound
        }
        return work / Double(spans.count)
    }
}

extension Batch {
    /// Compares a list with what is in a folder, without making anything.
    ///
    /// - Parameters:
    ///   - list: not a stream.
    ///   - folder: where the batch is made.
    /// - Returns: how much of it is there.
    /// - Throws: `ListError` when list or manifests cannot be read.
    public func remainder(of list: PromptList, in folder: BatchFolder) throws -> BatchRemainder {
        let known = try KnownItems(in: folder)
        var seen = KnownItems()
        var remainder = BatchRemainder()
        try forEachItem(of: list) { next in
            guard case .success(let planned) = next else {
                remainder.unusable += 1
                return
            }
            guard seen.insert(planned.id) else { return }
            remainder.items += 1
            if known.contains(planned.id) { remainder.done += 1 }
        }
        return remainder
    }
}
