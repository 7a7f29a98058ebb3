/// Which blocks of a model a hook is for.
public struct BlockSelection: Hashable, Sendable {
    /// The kinds it is for; nil for all, whose blocks are then counted through.
    private let kinds: Set<BlockKind>?
    /// The places it is for; nil for all.
    private let places: [ClosedRange<Int>]?
    /// Whether it is for blocks of the kind `refiner` too.
    private var includesRefiners = false

    /// Every block.
    public static let all = BlockSelection(kinds: nil, places: nil)

    /// Every block, and those before them that are not counted (kind `refiner`).
    static let allAndRefiners = BlockSelection(kinds: nil, places: nil, includesRefiners: true)

    /// Blocks by their place among all blocks of the model, from 0.
    public static func blocks(_ places: ClosedRange<Int>...) -> BlockSelection {
        BlockSelection(kinds: nil, places: places)
    }

    /// One block by its place among all blocks of the model, from 0.
    public static func block(_ place: Int) -> BlockSelection { .blocks(place...place) }

    /// Blocks with a stream each for image and text (kinds `joint` and `double`), by their place among these, from 0.
    public static func double(_ places: [ClosedRange<Int>]) -> BlockSelection {
        BlockSelection(kinds: [.joint, .double], places: places)
    }

    /// Blocks with one stream for all tokens, by their place among these, from 0.
    public static func single(_ places: [ClosedRange<Int>]) -> BlockSelection {
        BlockSelection(kinds: [.single], places: places)
    }

    /// Whether it is for this block.
    public func contains(_ call: BlockCall) -> Bool {
        if call.kind == .refiner { return includesRefiners }
        if let kinds, !kinds.contains(call.kind) { return false }
        let place = kinds == nil ? call.position : call.index
        return places?.contains { $0.contains(place) } ?? true
    }

    /// Throws `BlockError` where it names a block that a model with these blocks does not have.
    ///
    /// Naming blocks of a kind that the model has none of selects nothing, as a selection for Flux does elsewhere.
    public func check(_ groups: [BlockGroup]) throws {
        guard !groups.isEmpty else {
            throw BlockError("this model's network has no blocks that hooks can reach")
        }
        let count = groups.filter { kinds?.contains($0.kind) ?? true }.reduce(0) { $0 + $1.count }
        guard let places, count > 0 else { return }
        for place in places.flatMap({ [$0.lowerBound, $0.upperBound] }) where !(0..<count).contains(place) {
            let kind =
                groups.count == 1 ? "" : kinds.map { $0.contains(.single) ? "single " : "double " } ?? ""
            throw BlockError(
                "block \(place) is asked for, but this model has \(count) \(kind)block\(count == 1 ? "" : "s"), 0 to \(count - 1)"
            )
        }
    }
}

/// A selection of blocks, or a hook on one, that cannot be.
public struct BlockError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which block, and what is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
