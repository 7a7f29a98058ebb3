import Synchronization

/// The weight of a layer that is used again and again, as products take it: packed once, when ``usesBefore`` products have packed it for
/// themselves, and kept while there is memory for it.
///
/// When it is packed, the pages of the mapped file that it was read from go back to the system, so that it is in memory once. A large weight that
/// would take more memory packed than in the file is packed in each product; so are layers beyond a third of the memory there is, and
/// all of them once tensors need the memory.
public final class PackedWeight: Sendable {
    /// Products that pack it for themselves first: memory to keep it in costs about as much as that, and what is used more seldom is not worth it.
    package static let usesBefore = 6

    /// What a product has of it.
    enum Claim {
        /// All is there.
        case packed(Panels)
        /// Memory, which the product is to fill before it calls ``finish(_:)``.
        case empty(Panels)

        /// Where it is.
        var start: MutableFloats {
            switch self {
            case .packed(let panels), .empty(let panels): panels.bytes.assumingMemoryBound(to: Float.self)
            }
        }

        /// Whether it is yet to be filled.
        var isEmpty: Bool {
            if case .empty = self { true } else { false }
        }
    }

    private enum State {
        /// So many products have packed it for themselves.
        case used(Int)
        case packing
        case packed(Panels)
        /// There was no memory for it: each product packs it for itself.
        case refused
    }

    private let weight: LinearWeight
    private let states = Mutex<[Precision: State]>([:])

    /// Nothing is packed yet.
    ///
    /// - Parameter weight: the weight.
    public init(_ weight: LinearWeight) { self.weight = weight }

    /// Gives up what is packed; used again, it is packed again.
    public func drop() {
        let dropped = states.withLock { states in
            defer { states.removeAll() }
            return states
        }
        // Memory goes back without the lock.
        withExtendedLifetime(dropped) {}
    }

    /// What is packed; nil where it is not.
    func panels(_ precision: Precision) -> Panels? {
        states.withLock { if case .packed(let panels) = $0[precision] { panels } else { nil } }
    }

    /// What a product has to pack its weight into, or has of it.
    ///
    /// - Parameters:
    ///   - precision: what the product rounds terms to.
    ///   - byteCount: the bytes of that.
    ///   - memory: where it is kept.
    /// - Returns: nil for the first products, where there is no memory, and where another product is packing it.
    func claim(_ precision: Precision, byteCount: Int, in memory: PackedMemory) -> Claim? {
        let (kept, isDue): (Panels?, Bool) = states.withLock { states in
            switch states[precision] {
            case .packed(let panels): return (panels, false)
            case .used(Self.usesBefore):
                states[precision] = .packing
                return (nil, true)
            case .used(let count): states[precision] = .used(count + 1)
            case nil: states[precision] = .used(1)
            case .packing, .refused: break
            }
            return (nil, false)
        }
        if let kept { return .packed(kept) }
        guard isDue else { return nil }
        guard let panels = memory.take(byteCount, replacing: weight.lentBytes, for: self) else {
            states.withLock { $0[precision] = .refused }
            return nil
        }
        return .empty(panels)
    }

    /// Keeps what a product has filled, and gives the pages it was read from back to the system.
    ///
    /// - Parameters:
    ///   - claim: what ``claim(_:byteCount:in:)`` gave.
    ///   - precision: as there.
    func finish(_ claim: Claim, _ precision: Precision) {
        guard case .empty(let panels) = claim else { return }
        states.withLock { states in
            // Nothing where it was dropped meanwhile.
            if case .packing = states[precision] { states[precision] = .packed(panels) }
        }
        weight.release()
    }
}
