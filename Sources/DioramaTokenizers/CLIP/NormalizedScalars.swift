/// CLIP's normalization of a stream of scalars: form C, then every run of white space to one space, then lower case
/// scalar by scalar (a final capital sigma becomes σ; İ becomes i and U+0307).
struct NormalizedScalars<Base: IteratorProtocol>: IteratorProtocol where Base.Element == Unicode.Scalar {
    private var composed: ComposedScalars<Base>
    private var inSpace = false
    private var lowered: String.UnicodeScalarView.Iterator?

    init(_ base: Base) { composed = ComposedScalars(base) }

    mutating func next() -> Unicode.Scalar? {
        if let scalar = lowered?.next() { return scalar }
        lowered = nil
        while let scalar = composed.next() {
            if scalar.isSpace {
                guard !inSpace else { continue }
                inSpace = true
                return " "
            }
            inSpace = false
            return lowercase(scalar)
        }
        return nil
    }

    private mutating func lowercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0x41...0x5A: return Unicode.Scalar(scalar.value + 0x20)
        case 0..<0x80: return scalar
        default:
            lowered = scalar.properties.lowercaseMapping.unicodeScalars.makeIterator()
            return lowered?.next()
        }
    }
}

extension Unicode.Scalar {
    /// Whether `\s` matches the scalar: the White_Space property of Unicode.
    var isSpace: Bool {
        value < 0x80 ? value == 0x20 || (value >= 0x09 && value <= 0x0D) : properties.isWhitespace
    }
}
