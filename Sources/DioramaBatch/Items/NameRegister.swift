import DioramaGraph

/// Two items whose files would have one name though they are not the same.
public struct NameClash: Sendable, Hashable {
    /// The name, a path without ending.
    public let name: String
    /// The lines of the item that has it and of the one that would take it, from 1; the same for two items of one line.
    public let earlierLine, line: Int
    /// The words of which one tells such items apart: `{line} or {id}`.
    public let remedy: String

    /// What is wrong with the pattern that leads to this, told before anything runs.
    ///
    /// - Parameter pattern: the pattern.
    /// - Returns: a clause that names it, the lines, and what to do.
    public func sentence(about pattern: NamePattern) -> String {
        let items = line == earlierLine ? "two pictures of line \(line)" : "lines \(earlierLine) and \(line)"
        return "'\(pattern.text)' gives \(items) one name, \(name); add \(remedy)"
    }

    /// What is wrong with the later item, as its own failure.
    ///
    /// - Parameter pattern: the pattern that the whole batch has; nil where the list gives the names.
    /// - Returns: a sentence.
    func failure(_ pattern: NamePattern?) -> String {
        let advice =
            pattern.map { "add \(remedy) to --name '\($0.text)'" }
            ?? "name them apart, as with --name '{line}-{id}'"
        return "its file would be called \(name), as that of line \(earlierLine); \(advice)"
    }
}

/// The names that items' files get, to find those that two of them would share.
struct NameRegister {
    private struct Holder {
        let line: Int
        let seed: UInt64?
        let id: String
    }

    private let batch: Batch
    /// Who has a name, by the hash of it; names that differ only in case are one to many file systems.
    private var holders: [CacheKey: Holder] = [:]

    init(_ batch: Batch) { self.batch = batch }

    /// Takes the name of an item.
    ///
    /// - Parameter planned: the item.
    /// - Returns: nil when it has the name, or when no other can have it; else who has it already.
    mutating func clash(of planned: PlannedItem) -> NameClash? {
        let item = planned.item
        let pattern = batch.pattern(for: item)
        guard !pattern.namesContent else { return nil }
        let name = pattern.name(of: item, id: planned.id)
        var hash = StableHash()
        hash.update(field: name.lowercased())
        let key = CacheKey(hash)
        guard let holder = holders[key] else {
            holders[key] = Holder(line: item.line, seed: item.seed, id: planned.id)
            return nil
        }
        guard holder.id != planned.id else { return nil }
        return NameClash(
            name: name, earlierLine: holder.line, line: item.line,
            remedy: remedy(pattern, sameLine: holder.line == item.line, sameSeed: holder.seed == item.seed))
    }

    private func remedy(_ pattern: NamePattern, sameLine: Bool, sameSeed: Bool) -> String {
        let seed = sameSeed ? "" : ", {seed}"
        if sameLine { return "{index}\(seed) or {id}" }
        let isOneALine = batch.maker.itemsPerLine == 1 || pattern.tellsItemsOfALineApart
        return isOneALine ? "{line}\(seed) or {id}" : "{line} and {index}, or {id}"
    }
}
