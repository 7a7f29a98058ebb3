import DioramaFiles
import DioramaJSON
import DioramaTensor

/// The header of a safetensors file, validated: every tensor lies inside the data, in its own bytes, and together they fill it.
///
/// [The format](https://github.com/huggingface/safetensors#format): u64 length, that many bytes of JSON, then the data; offsets count from its start.
struct SafetensorsHeader {
    /// One tensor and where its bytes start, counted from the start of the file.
    struct Entry {
        let info: TensorInfo
        let fileOffset: Int
    }

    /// The largest header the format allows.
    static let largestHeader = 100_000_000
    /// More dimensions than any model has.
    private static let largestRank = 16

    /// The tensors, in the order of their bytes.
    let entries: [Entry]
    /// The texts under `__metadata__`.
    let metadata: [String: String]

    /// Reads and validates the header of `file`; throws `WeightsError`, and `FileError` where it cannot be read.
    init(_ file: OpenFile) throws {
        func fail(_ problem: String) -> WeightsError {
            WeightsError(file.path, "not a valid safetensors file: \(problem)")
        }

        if let other = try file.signature, other != .safetensors {
            throw WeightsError(file.path, other.sentence)
        }
        guard file.byteCount >= 8 else { throw fail("\(file.byteCount) bytes; the smallest is 8") }
        let length = try file.read(at: 0, count: 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= Self.largestHeader else {
            throw fail("its header claims \(length) bytes; at most \(Self.largestHeader) are allowed")
        }
        guard Int(length) <= file.byteCount - 8 else {
            throw fail(
                "its header claims \(length) bytes, but the file has \(file.byteCount) in all; it may be cut short"
            )
        }
        let dataStart = 8 + Int(length)
        let text = try file.read(at: 8, count: Int(length))
        do {
            var reader = HeaderReader()
            var scanner = try JSONScanner(
                text, as: .strict, limits: JSON.Limits(bytes: Self.largestHeader, depth: 8))
            try reader.read(&scanner)
            metadata = reader.metadata
            entries = try Self.layOut(reader.tensors, from: dataStart, dataCount: file.byteCount - dataStart)
        } catch let error as JSON.ParseError {
            throw fail("header, \(error)")
        } catch let error as HeaderProblem {
            throw fail(error.text)
        }
    }

    /// Orders tensors by their bytes and checks that these follow one another without overlap, gap or rest.
    private static func layOut(
        _ tensors: [HeaderReader.Found], from dataStart: Int, dataCount: Int
    ) throws -> [Entry] {
        var end = 0
        let ordered = tensors.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
        let entries = try ordered.map { found in
            guard found.begin >= end else {
                throw HeaderProblem("\(quoted(found.name)) overlaps the tensor before it")
            }
            guard found.begin == end else {
                throw HeaderProblem(
                    "\(found.begin - end) bytes before \(quoted(found.name)) belong to no tensor")
            }
            guard found.end <= dataCount else {
                throw HeaderProblem(
                    "\(quoted(found.name)) ends at byte \(found.end) of the data, which has \(dataCount); the file may be cut short"
                )
            }
            end = found.end
            return Entry(info: try info(found), fileOffset: dataStart + found.begin)
        }
        guard end == dataCount else {
            throw HeaderProblem("\(dataCount - end) bytes after the last tensor belong to none")
        }
        return entries
    }

    /// Checks that shape and type of a tensor agree with its bytes.
    private static func info(_ found: HeaderReader.Found) throws -> TensorInfo {
        let name = quoted(found.name)
        guard let type = ElementType(rawValue: found.dtype), type.isOfSafetensors else {
            throw HeaderProblem("\(name) has the unknown dtype \(quoted(found.dtype))")
        }
        guard found.shape.count <= largestRank else {
            throw HeaderProblem(
                "\(name) has \(found.shape.count) dimensions; at most \(largestRank) are read")
        }
        // The product without zeros bounds every stride, so it must not overflow even where the tensor is empty.
        var extent = 1
        for dimension in found.shape where dimension > 0 {
            let (product, overflow) = extent.multipliedReportingOverflow(by: dimension)
            guard !overflow else {
                throw HeaderProblem("the dimensions of \(name), \(found.shape), are too large")
            }
            extent = product
        }
        let (_, tooLarge) = extent.multipliedReportingOverflow(by: type.blockBits)
        guard !tooLarge else {
            throw HeaderProblem("the dimensions of \(name), \(found.shape), are too large")
        }
        let bits = found.shape.contains(0) ? 0 : extent * type.blockBits
        guard bits.isMultiple(of: 8) else {
            throw HeaderProblem("\(name), \(type.rawValue) \(found.shape), does not end at a whole byte")
        }
        guard bits / 8 == found.end - found.begin else {
            throw HeaderProblem(
                "\(name), \(type.rawValue) \(found.shape), needs \(bits / 8) bytes, but \(found.end - found.begin) are given"
            )
        }
        return TensorInfo(name: found.name, type: type, shape: Shape(found.shape), byteCount: bits / 8)
    }
}

/// What is wrong with a header.
struct HeaderProblem: Error {
    let text: String

    init(_ text: String) { self.text = text }
}

/// Collects the members of the header's JSON object.
private struct HeaderReader {
    /// A tensor as written; offsets count from the start of the data.
    struct Found {
        let name: String
        var dtype = ""
        var shape: [Int] = []
        var begin = 0
        var end = 0
    }

    private(set) var tensors: [Found] = []
    private(set) var metadata: [String: String] = [:]

    mutating func read(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            if key == "__metadata__" {
                try scanner.object { (scanner, key) throws(JSON.ParseError) in
                    metadata[key] = try scanner.string()
                }
            } else {
                tensors.append(try Self.tensor(key, &scanner))
            }
        }
        try scanner.end()
    }

    private static func tensor(
        _ name: String, _ scanner: inout JSONScanner
    ) throws(JSON.ParseError) -> Found {
        guard !name.utf8.contains(0) else {
            throw scanner.wrongKey("the name \(quoted(name)) contains a NUL")
        }
        var found = Found(name: name)
        var missing: Set = ["dtype", "shape", "data_offsets"]
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            missing.remove(key)
            switch key {
            case "dtype": found.dtype = try scanner.string()
            case "shape": found.shape = try sizes(&scanner, atMost: 64)
            case "data_offsets":
                let offsets = try sizes(&scanner, atMost: 2)
                guard offsets.count == 2, offsets[0] <= offsets[1] else {
                    throw scanner.wrong(
                        "the data_offsets of \(quoted(name)) are \(offsets); expected [begin, end]")
                }
                (found.begin, found.end) = (offsets[0], offsets[1])
            default: throw scanner.wrongKey("\(quoted(name)) has the unknown entry \(quoted(key))")
            }
        }
        guard missing.isEmpty else {
            throw scanner.wrong("\(quoted(name)) has no \(missing.sorted().joined(separator: " and no "))")
        }
        return found
    }

    /// An array of at most `limit` whole numbers, none negative.
    private static func sizes(
        _ scanner: inout JSONScanner, atMost limit: Int
    ) throws(JSON.ParseError) -> [Int] {
        var values: [Int] = []
        try scanner.array { (scanner) throws(JSON.ParseError) in
            let value = try scanner.integer()
            guard value >= 0 else { throw scanner.wrong("\(value) is negative") }
            guard values.count < limit else { throw scanner.wrong("more than \(limit) numbers") }
            values.append(value)
        }
        return values
    }
}
