/// The extents of a tensor, outermost axis first.
///
/// A scalar has no axes and one element. Axes are named by position; negative positions count from the end.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The extent of each axis, outermost first; none is negative.
    public let dims: [Int]

    /// Makes a shape of the given extents, none of them negative.
    public init(_ dims: [Int]) {
        precondition(dims.allSatisfy { $0 >= 0 }, "Shape: negative extent in \(dims)")
        self.dims = dims
    }

    /// Makes a shape of the given extents, none of them negative.
    public init(arrayLiteral dims: Int...) {
        self.init(dims)
    }

    /// The number of axes.
    public var rank: Int { dims.count }

    /// The number of elements: the product of all extents.
    public var count: Int { dims.reduce(1, *) }

    /// The extent of an axis; negative positions count from the end.
    public subscript(axis: Int) -> Int { dims[position(of: axis)] }

    /// The extents in brackets, as in `[2, 77, 192]`.
    public var description: String { "[\(dims.map(String.init).joined(separator: ", "))]" }
}

extension Shape {
    /// The non-negative position of `axis`.
    package func position(of axis: Int) -> Int {
        let position = axis < 0 ? axis + rank : axis
        precondition(dims.indices.contains(position), "axis \(axis) is outside of shape \(self)")
        return position
    }

    /// The same shape with another extent on one axis.
    package func replacing(_ axis: Int, with extent: Int) -> Shape {
        var dims = self.dims
        dims[position(of: axis)] = extent
        return Shape(dims)
    }

    /// The same shape without one axis.
    package func removing(_ axis: Int) -> Shape {
        var dims = self.dims
        dims.remove(at: position(of: axis))
        return Shape(dims)
    }

    /// Elements from one index of each axis to the next, for values stored without gaps.
    package var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * dims[axis + 1]
        }
        return strides
    }

    /// The strides that read values of this shape as if they had the shape `target`: 0 along repeated axes.
    ///
    /// - Returns: one stride for each axis of `target`, or nil if this shape does not broadcast to it.
    package func strides(broadcastTo target: Shape) -> [Int]? {
        guard rank <= target.rank else { return nil }
        let missing = target.rank - rank
        let own = strides
        var result = [Int](repeating: 0, count: target.rank)
        for axis in 0..<rank where dims[axis] != 1 {
            guard dims[axis] == target.dims[axis + missing] else { return nil }
            result[axis + missing] = own[axis]
        }
        return result
    }

    /// The shape both shapes broadcast to by NumPy's rule, or nil if there is none.
    package func broadcast(with other: Shape) -> Shape? {
        if self == other { return self }
        var result = [Int](repeating: 1, count: Swift.max(rank, other.rank))
        for back in 1...Swift.max(result.count, 1) where back <= result.count {
            let a = back <= rank ? dims[rank - back] : 1
            let b = back <= other.rank ? other.dims[other.rank - back] : 1
            guard a == b || a == 1 || b == 1 else { return nil }
            result[result.count - back] = a == 1 ? b : a
        }
        return Shape(result)
    }

    /// The extents before an axis multiplied, its own, and those after it multiplied.
    package func split(at axis: Int) -> (outer: Int, extent: Int, inner: Int) {
        let position = position(of: axis)
        let outer = dims[..<position].reduce(1, *)
        let inner = dims[(position + 1)...].reduce(1, *)
        return (outer, dims[position], inner)
    }
}
