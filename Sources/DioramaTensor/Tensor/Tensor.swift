/// An immutable array of numbers with a shape, an element type and a device.
///
/// Elements are stored without gaps, last axis fastest. Views on the leading axis share the storage; everything
/// else that reorders elements copies them. Ops compute in f32 whatever the element type.
///
/// No op changes what a tensor holds as long as there is anyone to see it. One that is given the last tensor that refers to some bytes,
/// as a `consuming` operand, may return its result in their place.
public struct Tensor: Sendable {
    /// What a tensor is, which its copies share: an op copies tensors many times.
    private final class Content: Sendable {
        let shape: Shape
        let dtype: DType
        let device: Device
        // Never changed; variable because only a variable can be asked whether anyone else refers to what it holds.
        nonisolated(unsafe) var storage: Storage
        let byteOffset: Int

        init(_ shape: Shape, _ dtype: DType, _ device: Device, _ storage: Storage, _ byteOffset: Int) {
            (self.shape, self.dtype, self.device) = (shape, dtype, device)
            (self.storage, self.byteOffset) = (storage, byteOffset)
        }
    }

    private var content: Content

    /// The extents, outermost axis first.
    public var shape: Shape { content.shape }
    /// The type of the elements.
    public var dtype: DType { content.dtype }
    /// Where the tensor lives and where ops on it run.
    public var device: Device { content.device }

    /// The bytes, and where in them this tensor begins.
    var storage: Storage { content.storage }
    var byteOffset: Int { content.byteOffset }

    /// Looks at bytes in place, for example a tensor of a mapped file.
    ///
    /// Bytes that are not aligned for `dtype` are copied, so that every tensor is aligned.
    ///
    /// - Parameters:
    ///   - storage: holds all elements.
    ///   - byteOffset: where the first element begins.
    ///   - shape: the extents.
    ///   - dtype: the type of the elements, little endian.
    ///   - device: where the tensor lives.
    public init(storage: Storage, byteOffset: Int, shape: Shape, dtype: DType, on device: Device) {
        let byteCount = shape.count * dtype.size
        precondition(
            byteOffset >= 0 && byteCount <= storage.byteCount - byteOffset,
            "Tensor: \(dtype) \(shape) at byte \(byteOffset) ends beyond the storage of \(storage.byteCount) bytes"
        )
        device.heap.plan?.register(storage)
        if Int(bitPattern: storage.bytes + byteOffset).isMultiple(of: dtype.size) {
            content = Content(shape, dtype, device, storage, byteOffset)
        } else {
            let aligned = Storage(byteCount: byteCount, from: device.heap)
            aligned.bytes.copyMemory(from: storage.bytes + byteOffset, byteCount: byteCount)
            content = Content(shape, dtype, device, aligned, 0)
        }
    }

    /// Makes a tensor of undefined content, to be filled before anyone else sees it.
    init(uninitialized shape: Shape, _ dtype: DType = .f32, on device: Device) {
        let storage = Storage(byteCount: shape.count * dtype.size, from: device.heap)
        content = Content(shape, dtype, device, storage, 0)
    }

    /// Gives this tensor's place to a result, where nobody else sees the bytes.
    ///
    /// Until the op is done, this tensor holds what it did where the op has not written yet. Only for `consuming` operands of ops, whose
    /// backend reads what it needs before it writes there; `Storage` has the proof that nobody else notices.
    ///
    /// - Parameter shape: the result's, of no more elements than this tensor has.
    /// - Returns: a tensor of this one's type, to be filled by the op; nil where the result must have bytes of its own.
    mutating func replacement(_ shape: Shape) -> Tensor? {
        guard storage.isAllocated, shape.count <= count, isKnownUniquelyReferenced(&content),
            isKnownUniquelyReferenced(&content.storage)
        else { return nil }
        return Tensor(storage: storage, byteOffset: byteOffset, shape: shape, dtype: dtype, on: device)
    }

    /// The number of axes.
    public var rank: Int { shape.rank }

    /// The number of elements.
    public var count: Int { shape.count }
}

extension Tensor {
    /// The first byte; valid while the tensor is kept alive.
    package var bytes: UnsafeRawPointer { UnsafeRawPointer(storage.bytes + byteOffset) }

    /// Tells where the bytes are borrowed from, a mapped file, that they are not needed for a while.
    package func release() {
        let part = storage.release(byteOffset..<byteOffset + count * dtype.size)
        if let part { device.memoryPlan?.release(part) }
    }

    /// Bytes of it that ``release()`` gives back.
    var lentBytes: Int { storage.isLent ? count * dtype.size : 0 }

    /// The elements of an f32 tensor; valid while the tensor is kept alive.
    package var data: UnsafePointer<Float> {
        precondition(dtype == .f32, "the elements of a \(dtype) tensor are not singles")
        return bytes.assumingMemoryBound(to: Float.self)
    }

    /// The bytes of a tensor that is being made.
    var newBytes: UnsafeMutableRawPointer { storage.bytes + byteOffset }

    /// The elements of an f32 tensor that is being made.
    var newData: UnsafeMutablePointer<Float> { newBytes.assumingMemoryBound(to: Float.self) }

    /// This tensor as f32, itself where it already is.
    var f32: Tensor { converted(to: .f32) }

    /// The same elements as another type, without telling the observer.
    func converted(to dtype: DType) -> Tensor {
        guard dtype != self.dtype else { return self }
        let result = Tensor(uninitialized: shape, dtype, on: device)
        withExtendedLifetime(self) {
            device.backend.convert(result.newBytes, dtype, bytes, self.dtype, count: count)
        }
        return result
    }

    /// Runs an op that fills a new f32 tensor, and converts that to the result's type.
    ///
    /// - Parameters:
    ///   - name: the op's name for observers.
    ///   - operands: kept alive during `body`; all on one device.
    ///   - shape: the result's shape.
    ///   - dtype: the result's type; nil follows from the operands.
    ///   - device: where the operands are and the result will be.
    ///   - body: fills the elements it is given, by the backend it is given.
    /// - Returns: the filled tensor.
    static func computed(
        _ name: String, _ operands: [Tensor?], _ shape: Shape, _ dtype: DType? = nil, on device: Device,
        _ body: (any Backend, UnsafeMutablePointer<Float>) -> Void
    ) -> Tensor {
        device.run(name, operands) {
            let result = Tensor(uninitialized: shape, on: device)
            body(device.backend, result.newData)
            return result.converted(to: dtype ?? DType.result(of: operands))
        }
    }
}
