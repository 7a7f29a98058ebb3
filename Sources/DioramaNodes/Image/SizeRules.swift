import DioramaGraph

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A rule that decides the new size of pictures: the options of `ResizeImageMaskNode`, with its inputs.
protocol SizeRule: InputGroup {
    /// `disabled` to stretch, `center` to cut away what does not fit the new aspect.
    var crop: String { get }

    /// The new size, and how much of its middle is kept; nil where nothing changes.
    ///
    /// - Throws: an error naming the input where there is no such size.
    func size(of old: NewSize, _ context: RunContext) throws -> (size: NewSize, kept: NewSize)?
}

extension SizeRule {
    var crop: String { "disabled" }

    fileprivate func whole(_ width: Int, _ height: Int) -> (size: NewSize, kept: NewSize) {
        let size = NewSize(width: width, height: height)
        return (size, size)
    }
}

/// A side of another length, rounded as Python rounds.
private func scaled(_ side: Int, by factor: Double) -> Int {
    Int((Double(side) * factor).rounded(.toNearestOrEven))
}

struct SidesRule: SizeRule {
    @Input("New width in pixels; 0 keeps the aspect.", in: 0...16384, step: 1) var width = 512
    @Input("New height in pixels; 0 keeps the aspect.", in: 0...16384, step: 1) var height = 512
    @Input(
        "disabled stretches; center cuts away what does not fit the new aspect.",
        options: ["disabled", "center"],
        name: "crop")
    var cropMethod = "center"

    init() {}

    /// Both sides, or one that the other follows.
    init(width: Int, height: Int) {
        self.init()
        self.width = width
        self.height = height
        cropMethod = "disabled"
    }

    var crop: String { cropMethod }

    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        NewSize(width: width, height: height, fromWidth: old.width, height: old.height, smallest: 1)
            .map { ($0, $0) }
    }
}

struct MultiplierRule: SizeRule {
    @Input("2 doubles both sides, 0.5 halves them.", in: 0.01...8, step: 0.01) var multiplier = 1.0

    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        whole(scaled(old.width, by: multiplier), scaled(old.height, by: multiplier))
    }
}

struct LongerSideRule: SizeRule {
    @Input("The longer side in pixels; the other follows.", in: 0...16384, step: 1) var longerSize = 512

    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        let (width, height) = (Double(old.width), Double(old.height))
        return old.height > old.width
            ? whole(scaled(longerSize, by: width / height), longerSize)
            : whole(longerSize, scaled(longerSize, by: height / width))
    }
}

struct ShorterSideRule: SizeRule {
    @Input("The shorter side in pixels; the other follows.", in: 0...16384, step: 1) var shorterSize = 512

    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        let (width, height) = (Double(old.width), Double(old.height))
        return old.height < old.width
            ? whole(scaled(shorterSize, by: width / height), shorterSize)
            : whole(shorterSize, scaled(shorterSize, by: height / width))
    }
}

struct WidthRule: SizeRule {
    @Input("New width in pixels; the height follows.", in: 0...16384, step: 1) var width = 512

    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        SidesRule(width: width, height: 0).size(of: old, context)
    }
}

struct HeightRule: SizeRule {
    @Input("New height in pixels; the width follows.", in: 0...16384, step: 1) var height = 512

    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        SidesRule(width: 0, height: height).size(of: old, context)
    }
}

struct TotalPixelsRule: SizeRule {
    @Input("Pixels in all; 1 is 1024x1024 of them.", in: 0.01...16, step: 0.01) var megapixels = 1.0

    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        let total = (megapixels * 1024 * 1024).rounded(.down)
        let factor = (total / (Double(old.width) * Double(old.height))).squareRoot()
        return whole(scaled(old.width, by: factor), scaled(old.height, by: factor))
    }
}

struct MatchRule: SizeRule {
    @Input("Pictures or masks whose size to take.", type: "IMAGE,MASK") var match: AnyValue
    @Input(
        "disabled stretches; center cuts away what does not fit the aspect.",
        options: ["disabled", "center"],
        name: "crop")
    var cropMethod = "center"

    var crop: String { cropMethod }

    func size(of old: NewSize, _ context: RunContext) throws -> (size: NewSize, kept: NewSize)? {
        switch match.value {
        case let images as ImageBatch where images.pixels.rank == 4: whole(images.width, images.height)
        case let masks as Mask where masks.coverage.rank == 3:
            whole(masks.coverage.shape[2], masks.coverage.shape[1])
        default: throw context.fail($match, "is neither pictures nor masks")
        }
    }
}

struct MultipleRule: SizeRule {
    @Input("Both sides become multiples of it, the next lower ones.", in: 1...16384, step: 1) var multiple = 8

    /// The old size made so much smaller that it just covers the new one, whose middle is kept.
    func size(of old: NewSize, _ context: RunContext) -> (size: NewSize, kept: NewSize)? {
        let kept = NewSize(width: old.width / multiple * multiple, height: old.height / multiple * multiple)
        guard kept.width > 0, kept.height > 0, kept != old else { return nil }
        let across = Double(kept.width) / Double(old.width)
        let down = Double(kept.height) / Double(old.height)
        let covering =
            across >= down
            ? NewSize(width: kept.width, height: max(kept.height, Int(ceil(Double(old.height) * across))))
            : NewSize(width: max(kept.width, Int(ceil(Double(old.width) * down))), height: kept.height)
        return (covering, kept)
    }
}
