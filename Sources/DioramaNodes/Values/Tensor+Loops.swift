import DioramaTensor

// What the nodes on pictures and masks do value by value.
extension Tensor {
    /// Each value put through a function.
    func mapped(_ transform: (Float) -> Float) -> Tensor {
        Tensor(shape, on: device) { output in
            withFloats { input in
                for index in 0..<input.count { output[index] = transform(input[index]) }
            }
        }
    }

    /// Each value and that of a tensor of the same shape put through a function.
    func zipped(_ other: Tensor, _ combine: (Float, Float) -> Float) -> Tensor {
        precondition(shape == other.shape, "zipped: \(shape) and \(other.shape)")
        return Tensor(shape, on: device) { output in
            withFloats { a in
                other.withFloats { b in
                    for index in 0..<a.count { output[index] = combine(a[index], b[index]) }
                }
            }
        }
    }

    /// The leading axis cut or repeated from its start to a count, 1 or more, as ComfyUI's `repeat_to_batch_size`.
    func repeated(toBatch count: Int) -> Tensor {
        let own = shape[0]
        if own >= count { return self[0..<count] }
        return repeated((count + own - 1) / own, axis: 0)[0..<count]
    }
}
