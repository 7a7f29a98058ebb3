/// What the terms of products are rounded to before they are multiplied; sums and everything else are f32.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// Singles: nothing is rounded.
    case f32
    /// The upper halves of singles, summed in f32.
    case bf16
    /// Bytes with a scale for each row of activations and each output, summed in i32 (W8A8); weights must be a ``QuantizedWeight``.
    ///
    /// Where an op has no such arithmetic (attention, convolutions), it is bf16.
    case int8

    /// The nearest precision without bytes.
    public var real: Precision { self == .int8 ? .bf16 : self }
}
