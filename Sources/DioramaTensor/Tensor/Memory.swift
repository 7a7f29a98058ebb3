import Synchronization

/// Counts the bytes that the tensors of one device hold; borrowed bytes (mapped files) do not count.
public final class MemoryMeter: Sendable {
    private let currentBytes = Atomic<Int>(0)
    private let peakBytes = Atomic<Int>(0)
    private let totalBytes = Atomic<Int>(0)

    init() {}

    /// Bytes held now.
    public var current: Int { currentBytes.load(ordering: .relaxed) }

    /// The most bytes held at any time.
    public var peak: Int { peakBytes.load(ordering: .relaxed) }

    /// Bytes ever handed out.
    public var total: Int { totalBytes.load(ordering: .relaxed) }

    /// Counts bytes handed out.
    func add(_ byteCount: Int) {
        totalBytes.add(byteCount, ordering: .relaxed)
        let now = currentBytes.add(byteCount, ordering: .relaxed).newValue
        peakBytes.max(now, ordering: .relaxed)
    }

    /// Counts bytes given back.
    func remove(_ byteCount: Int) {
        currentBytes.subtract(byteCount, ordering: .relaxed)
    }
}

/// Where a device's tensors get their bytes from.
package final class Memory: Sendable {
    /// The count of what is handed out.
    package let meter = MemoryMeter()

    package init() {}

    /// Hands out bytes of undefined content.
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
        meter.add(byteCount)
        return Memory.allocate(byteCount)
    }

    /// Takes back bytes that `take` handed out.
    func give(back bytes: UnsafeMutableRawPointer, _ byteCount: Int) {
        meter.remove(byteCount)
        bytes.deallocate()
    }

    /// Allocates aligned bytes outside of any device.
    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        .allocate(byteCount: Swift.max(byteCount, 1), alignment: Storage.alignment)
    }
}
