/// How two pictures of 8-bit samples differ.
public struct PixelDifference: Sendable, CustomStringConvertible {
    /// Share of samples that are equal or one apart, in 0...1.
    public let closeShare: Double
    /// The largest difference of two samples; 256 where the pictures differ in size.
    public let largest: Int

    /// Compares two pictures sample by sample.
    public init(_ a: [UInt8], _ b: [UInt8]) {
        guard a.count == b.count, !a.isEmpty else {
            closeShare = 0
            largest = 256
            return
        }
        let differences = zip(a, b).map { abs(Int($0) - Int($1)) }
        closeShare = Double(differences.count { $0 <= 1 }) / Double(a.count)
        largest = differences.max() ?? 0
    }

    /// Whether at least 99.9 % of the samples are equal or one apart and none more than 2: the same picture by another's arithmetic.
    public var isSamePicture: Bool { closeShare >= 0.999 && largest <= 2 }

    /// The two figures.
    public var description: String {
        "\(closeShare * 100) % equal or one apart, largest difference \(largest)"
    }
}
