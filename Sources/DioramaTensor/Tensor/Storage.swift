/// Lends bytes to tensors that it can get again whenever they are read, as a mapped file does.
package protocol ByteLender: AnyObject, Sendable {
    /// Is told that bytes are not needed for a while, so that their memory may go back to the system.
    ///
    /// - Parameter bytes: a part of what it lent; what is read there later must be the same.
    /// - Returns: what went back of it; nil for nothing.
    func release(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer?
}

/// A run of bytes that tensors look into: allocated here, or borrowed from a mapped file.
///
/// Sendable though it holds a pointer, because its bytes are written only while a single op can see them:
///
/// - by the op that allocates it, before any tensor that refers to it is returned;
/// - by an op that was given the last tensor that refers to it for good, and returns its result in that tensor's place
///   (`Tensor.replacement`). It asks the reference counts of the tensor's content and of this, as arrays do before they change in place: counts
///   of one are the op's own operand. Whoever reads bytes holds a reference meanwhile, references are made only from others, and there
///   are no weak ones; so no other tensor, view or thread can see these bytes, and all reading by those that could has ended.
///   A caller that still holds a tensor that it gave has a reference too, and then the result gets bytes of its own.
///
/// At all other times they are only read. Borrowed bytes are never written.
public final class Storage: @unchecked Sendable {
    /// The number of bytes that may be read.
    public let byteCount: Int

    /// The first byte; aligned to `Storage.alignment` where the bytes are owned.
    package let bytes: UnsafeMutableRawPointer

    /// What keeps the bytes alive: an allocation to give back, or the object that lent them.
    private let origin: Origin

    private enum Origin {
        case allocated(Memory)
        case borrowed(any AnyObject & Sendable)
    }

    /// Whether the bytes are its own, not borrowed.
    var isAllocated: Bool {
        if case .allocated = origin { true } else { false }
    }

    /// The object that lent the bytes; nil where they are owned.
    var lender: (any AnyObject & Sendable)? {
        guard case .borrowed(let owner) = origin else { return nil }
        return owner
    }

    /// Whether the bytes can be given back and be read again.
    var isLent: Bool { lender is any ByteLender }

    /// Alignment of owned bytes: a cache line, and the widest vector.
    package static let alignment = 64

    /// Allocates bytes of undefined content from a device's memory, and counts them there.
    public convenience init(byteCount: Int, on device: Device) {
        self.init(byteCount: byteCount, from: device.heap)
    }

    /// Allocates bytes of undefined content, and counts them.
    package init(byteCount: Int, from memory: Memory) {
        self.byteCount = byteCount
        bytes = memory.take(byteCount)
        origin = .allocated(memory)
    }

    /// Looks at bytes that belong to `owner`, for example a mapped file, without copying them.
    ///
    /// - Parameters:
    ///   - bytes: the first byte; readable and unchanged for as long as `owner` lives.
    ///   - byteCount: the number of bytes.
    ///   - owner: kept alive as long as this storage.
    public init(borrowing bytes: UnsafeRawPointer, byteCount: Int, owner: any AnyObject & Sendable) {
        self.byteCount = byteCount
        self.bytes = UnsafeMutableRawPointer(mutating: bytes)
        origin = .borrowed(owner)
    }

    /// Tells the owner of borrowed bytes, where it is a ``ByteLender``, that a range of them is not needed for a while.
    ///
    /// - Returns: what went back to the system of it; nil for nothing.
    func release(_ range: Range<Int>) -> UnsafeRawBufferPointer? {
        guard case .borrowed(let owner) = origin, let lender = owner as? any ByteLender else { return nil }
        return lender.release(UnsafeRawBufferPointer(start: bytes + range.lowerBound, count: range.count))
    }

    deinit {
        guard case .allocated(let memory) = origin else { return }
        memory.give(back: bytes, byteCount)
    }
}
