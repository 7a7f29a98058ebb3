import DioramaTensor
import Testing

/// Bytes that are lent, as those of a mapped file are.
final class Lender: ByteLender {
    private let address: UInt
    private let byteCount: Int
    private let overwrites: Bool

    /// - Parameters:
    ///   - byteCount: how many there are, zeros at first.
    ///   - overwrites: whether what is given back is overwritten, so that results show who still reads it; a file's would be read again.
    init(byteCount: Int, overwrites: Bool = false) {
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 1 << 16)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        (address, self.byteCount, self.overwrites) = (UInt(bitPattern: bytes), byteCount, overwrites)
    }

    /// Lends a copy of a tensor's bytes.
    convenience init(_ tensor: Tensor, overwrites: Bool) {
        let byteCount = tensor.count * tensor.dtype.size
        self.init(byteCount: byteCount, overwrites: overwrites)
        UnsafeMutableRawPointer(bitPattern: address)?.copyMemory(from: tensor.bytes, byteCount: byteCount)
    }

    deinit { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }

    /// Gives back all that it is told of.
    func release(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        if overwrites {
            UnsafeMutableRawPointer(mutating: bytes.baseAddress)?
                .initializeMemory(as: UInt8.self, repeating: 1, count: bytes.count)
        }
        return bytes
    }

    /// The bytes as elements of a shape.
    func tensor(_ shape: Shape, _ type: DType = .f32, on device: Device) throws -> Tensor {
        let bytes = try #require(UnsafeRawPointer(bitPattern: address))
        let storage = Storage(borrowing: bytes, byteCount: byteCount, owner: self)
        return Tensor(storage: storage, byteOffset: 0, shape: shape, dtype: type, on: device)
    }
}
