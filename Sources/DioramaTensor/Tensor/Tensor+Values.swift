extension Tensor {
    /// Makes an f32 tensor of the given elements, as many as `shape` holds.
    public init(_ values: [Float], _ shape: Shape, on device: Device) {
        self.init(copying: values, shape, .f32, on: device)
    }

    /// Makes an i32 tensor of the given elements, as many as `shape` holds.
    public init(_ values: [Int32], _ shape: Shape, on device: Device) {
        self.init(copying: values, shape, .i32, on: device)
    }

    /// Makes an i64 tensor of the given elements, as many as `shape` holds.
    public init(_ values: [Int64], _ shape: Shape, on device: Device) {
        self.init(copying: values, shape, .i64, on: device)
    }

    /// Makes a u8 tensor of the given elements, as many as `shape` holds.
    public init(_ values: [UInt8], _ shape: Shape, on device: Device) {
        self.init(copying: values, shape, .u8, on: device)
    }

    private init<Element: BitwiseCopyable>(
        copying values: [Element], _ shape: Shape, _ dtype: DType, on device: Device
    ) {
        precondition(values.count == shape.count, "Tensor: \(values.count) values for shape \(shape)")
        self.init(uninitialized: shape, dtype, on: device)
        values.withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress else { return }
            newBytes.copyMemory(from: first, byteCount: bytes.count)
        }
    }

    /// Makes an f32 tensor whose elements `initialize` writes, all of them, in place.
    public init(
        _ shape: Shape, on device: Device,
        initialize: (UnsafeMutableBufferPointer<Float>) throws -> Void
    ) rethrows {
        self.init(uninitialized: shape, on: device)
        try initialize(UnsafeMutableBufferPointer(start: newData, count: count))
    }

    /// Makes a tensor of zeros.
    public static func zeros(_ shape: Shape, dtype: DType = .f32, on device: Device) -> Tensor {
        let result = Tensor(uninitialized: shape, dtype, on: device)
        if device.memoryPlan != nil { return result }
        result.newBytes.initializeMemory(as: UInt8.self, repeating: 0, count: shape.count * dtype.size)
        return result
    }

    /// Makes an f32 tensor of one value.
    public static func full(_ value: Float, _ shape: Shape, on device: Device) -> Tensor {
        Tensor(shape, on: device) { values in
            if device.memoryPlan == nil || values.count < FreeBlocks.smallest {
                values.initialize(repeating: value)
            }
        }
    }

    /// The elements as f32, whatever their type.
    public func floats() -> [Float] {
        withFloats { Array($0) }
    }

    /// The elements as integers, whatever their type; fractions are cut off.
    public func ints() -> [Int] {
        let wide = converted(to: .i64)
        return withExtendedLifetime(wide) {
            let elements = wide.bytes.assumingMemoryBound(to: Int64.self)
            return (0..<count).map { Int(elements[$0]) }
        }
    }

    /// Gives the elements as f32 to `body`: in place for an f32 tensor, converted for others.
    public func withFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
        let tensor = f32
        return try withExtendedLifetime(tensor) {
            try body(UnsafeBufferPointer(start: tensor.data, count: count))
        }
    }

    /// Gives the stored bytes to `body`, in place.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) {
            try body(UnsafeRawBufferPointer(start: bytes, count: count * dtype.size))
        }
    }

    /// The same elements as another type.
    ///
    /// Floats round to the nearest, ties to even; to an integer type they are cut towards zero and held within
    /// the type's range, with 0 for not-a-number.
    public func asType(_ dtype: DType) -> Tensor {
        guard dtype != self.dtype else { return self }
        return device.run("asType", [self]) { converted(to: dtype) }
    }

    /// The same tensor on another device.
    public func to(_ device: Device) -> Tensor {
        guard device != self.device else { return self }
        return Tensor(storage: storage, byteOffset: byteOffset, shape: shape, dtype: dtype, on: device)
    }
}
