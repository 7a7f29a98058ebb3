import DioramaFiles
import DioramaJSON
import DioramaTensor

/// The header of a GGUF file, validated: every tensor lies inside the data.
///
/// [The format](https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions 2 and 3, little endian. Values of the
/// metadata are checked, but stay in the file until they are asked for.
struct GGUFHeader {
    /// One tensor and where its bytes start, counted from the start of the file.
    struct Entry {
        let info: TensorInfo
        let fileOffset: Int
    }

    /// Where a value of the metadata is.
    struct Location {
        let type: GGUFValueType
        let fileOffset: Int
    }

    /// The largest header that is read: 20 times that of a large vocabulary.
    private static let largestHeader = 1 << 28
    /// More values, and more tensors, than any file has.
    private static let mostEntries = 1 << 20
    /// The longest name that is read; the format allows keys of as many bytes.
    private static let longestName = 65_535
    /// Of `general.alignment`.
    private static let largestAlignment = 1 << 20
    /// Dimensions of ggml's tensors.
    private static let largestRank = 4

    /// The tensors, in the order of the file.
    let entries: [Entry]
    /// The metadata, by key.
    let values: [String: Location]
    /// The keys of the metadata, in the order of the file.
    let keys: [String]

    /// Reads and validates the header of `file`; throws `WeightsError`, and `FileError` where it cannot be read.
    init(_ file: OpenFile) throws {
        if let other = try file.signature, other != .gguf { throw WeightsError(file.path, other.sentence) }
        do {
            var reader = GGUFReader(file, end: Self.largestHeader)
            let (tensorCount, valueCount) = try Self.counts(&reader, file)
            (keys, values) = try Self.values(&reader, count: valueCount)
            var tensors = try Self.tensors(&reader, count: tensorCount)
            let alignment = try Self.alignment(values, file)
            let dataStart = (reader.position + alignment - 1) / alignment * alignment
            try Self.restoreShapes(&tensors, values, file)
            entries = try tensors.map { try $0.entry(alignment, dataStart, fileSize: file.byteCount) }
            try Self.checkApart(entries)
        } catch let error as HeaderProblem {
            throw WeightsError(file.path, "not a valid GGUF file: \(error.text)")
        }
    }

    private static func counts(
        _ reader: inout GGUFReader, _ file: OpenFile
    ) throws -> (tensors: Int, values: Int) {
        guard file.byteCount >= 24 else {
            throw HeaderProblem("\(file.byteCount) bytes; the smallest is 24")
        }
        let magic: UInt32 = try reader.integer("the magic number")
        guard magic == 0x4655_4747 else { throw HeaderProblem("it does not begin with GGUF") }
        let version: UInt32 = try reader.integer("the version")
        guard version == 2 || version == 3 else {
            let order = version.byteSwapped == 3 ? ", of big endian order" : ""
            throw HeaderProblem("version \(version)\(order); versions 2 and 3, little endian, are read")
        }
        let tensors: UInt64 = try reader.integer("the number of tensors")
        let values: UInt64 = try reader.integer("the number of metadata values")
        // The least that each needs: a name's length, type and offset; a key's length, type and a byte.
        for (count, least, name) in [(tensors, UInt64(24), "tensors"), (values, 13, "metadata values")] {
            guard count <= mostEntries, count * least <= UInt64(reader.rest) else {
                throw HeaderProblem(
                    "it claims \(count) \(name); at most \(mostEntries) are read, and \(reader.rest) bytes are left"
                )
            }
        }
        return (Int(tensors), Int(values))
    }

    private static func values(
        _ reader: inout GGUFReader, count: Int
    ) throws -> ([String], [String: Location]) {
        var (keys, values): ([String], [String: Location]) = ([], [:])
        for index in 0..<count {
            let key = try reader.string("the key of metadata value \(index)", atMost: longestName)
            let what = "the metadata value \(quoted(key))"
            let type = try reader.type(what)
            let location = Location(type: type, fileOffset: reader.position)
            guard values.updateValue(location, forKey: key) == nil else {
                throw HeaderProblem("the metadata key \(quoted(key)) comes twice")
            }
            keys.append(key)
            try reader.skipValue(type, what)
        }
        return (keys, values)
    }

    private static func tensors(_ reader: inout GGUFReader, count: Int) throws -> [Found] {
        var names: Set<String> = []
        return try (0..<count).map { index in
            let name = try reader.string("the name of tensor \(index)", atMost: longestName)
            guard !name.utf8.contains(0) else {
                throw HeaderProblem("the name \(quoted(name)) contains a NUL")
            }
            guard names.insert(name).inserted else {
                throw HeaderProblem("the tensor \(quoted(name)) comes twice")
            }
            let what = "the tensor \(quoted(name))"
            let rank: UInt32 = try reader.integer(what)
            guard rank <= largestRank else {
                throw HeaderProblem("\(what) has \(rank) dimensions; at most \(largestRank) are read")
            }
            var dims: [Int] = []
            for _ in 0..<rank {
                let extent: UInt64 = try reader.integer(what)
                guard let extent = Int(exactly: extent) else {
                    throw HeaderProblem("\(what) has a dimension of \(extent)")
                }
                // The file has the fastest first.
                dims.insert(extent, at: 0)
            }
            let type = try ElementType(ggml: reader.integer(what), of: what)
            return Found(name: name, dims: dims, type: type, offset: try reader.integer(what))
        }
    }

    private static func alignment(_ values: [String: Location], _ file: OpenFile) throws -> Int {
        guard let location = values["general.alignment"] else { return 32 }
        var reader = GGUFReader(file, at: location.fileOffset)
        let value = try reader.value(location.type, "general.alignment")
        guard let alignment = value.int, alignment > 0, alignment & (alignment - 1) == 0,
            alignment <= largestAlignment
        else {
            throw HeaderProblem(
                "general.alignment is \(value); expected a power of two of at most \(largestAlignment)")
        }
        return alignment
    }

    /// Takes the shapes that ComfyUI-GGUF's converter has changed, so that rows are whole blocks, from
    /// `comfy.gguf.orig_shape.<tensor>`.
    private static func restoreShapes(
        _ tensors: inout [Found], _ values: [String: Location], _ file: OpenFile
    ) throws {
        for index in tensors.indices {
            let key = "comfy.gguf.orig_shape." + tensors[index].name
            guard let location = values[key] else { continue }
            var reader = GGUFReader(file, at: location.fileOffset)
            let value = try reader.value(location.type, key)
            guard let dims = value.ints, dims.count <= 16, dims.allSatisfy({ $0 >= 0 }),
                let count = ElementType.u8.byteCount(dims),
                count == ElementType.u8.byteCount(tensors[index].dims)
            else {
                throw HeaderProblem(
                    "\(key) has \(value); expected the dimensions of as many elements as \(tensors[index].dims)"
                )
            }
            tensors[index].shape = dims
        }
    }

    /// Throws where two tensors share bytes, which no writer makes; ggml itself wants each right behind the one before.
    private static func checkApart(_ entries: [Entry]) throws {
        let ordered = entries.filter { $0.info.byteCount > 0 }.sorted { $0.fileOffset < $1.fileOffset }
        for (left, right) in zip(ordered, ordered.dropFirst())
        where left.fileOffset + left.info.byteCount > right.fileOffset {
            throw HeaderProblem(
                "the tensors \(quoted(left.info.name)) and \(quoted(right.info.name)) overlap")
        }
    }

    /// A tensor as written.
    private struct Found {
        let name: String
        /// Outermost first.
        let dims: [Int]
        let type: ElementType
        let offset: UInt64
        /// The dimensions it stands for; those it is stored with where nothing else is said.
        var shape: [Int]?

        /// Checks that the tensor lies inside the data.
        func entry(_ alignment: Int, _ dataStart: Int, fileSize: Int) throws -> Entry {
            let what = "the tensor \(quoted(name)), \(type.rawValue) \(dims),"
            guard (dims.last ?? 1).isMultiple(of: type.blockLength) else {
                throw HeaderProblem("\(what) has rows that are not multiples of \(type.blockLength)")
            }
            guard let byteCount = type.byteCount(dims) else {
                throw HeaderProblem("\(what) is too large")
            }
            guard offset.isMultiple(of: UInt64(alignment)) else {
                throw HeaderProblem("\(what) starts at \(offset), not at a multiple of \(alignment)")
            }
            let (end, overflows) = offset.addingReportingOverflow(UInt64(byteCount))
            guard !overflows, byteCount == 0 || end <= UInt64(Swift.max(fileSize - dataStart, 0)) else {
                throw HeaderProblem(
                    "\(what) has \(byteCount) bytes at byte \(offset) of the data, which has \(Swift.max(fileSize - dataStart, 0)); the file may be cut short"
                )
            }
            let info = TensorInfo(
                name: name, type: type, shape: Shape(shape ?? dims), byteCount: byteCount)
            return Entry(info: info, fileOffset: byteCount == 0 ? 0 : dataStart + Int(offset))
        }
    }
}

extension ElementType {
    /// The type that ggml gives a number to; throws `HeaderProblem` for others.
    fileprivate init(ggml number: UInt32, of what: String) throws {
        let types: [UInt32: ElementType] = [
            0: .f32, 1: .f16, 2: .q4_0, 3: .q4_1, 6: .q5_0, 7: .q5_1, 8: .q8_0, 9: .q8_1, 10: .q2_K,
            11: .q3_K, 12: .q4_K, 13: .q5_K, 14: .q6_K, 15: .q8_K, 16: .iq2_XXS, 17: .iq2_XS,
            18: .iq3_XXS, 19: .iq1_S, 20: .iq4_NL, 21: .iq3_S, 22: .iq2_S, 23: .iq4_XS, 24: .i8, 25: .i16,
            26: .i32, 27: .i64, 28: .f64, 29: .iq1_M, 30: .bf16, 34: .tq1_0, 35: .tq2_0, 39: .mxFP4,
            40: .nvFP4, 41: .q1_0,
        ]
        let removed: [UInt32: String] = [
            4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4",
            37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
        ]
        if let name = removed[number] {
            throw HeaderProblem("\(what) has the type \(name), which ggml has removed; convert it again")
        }
        guard let type = types[number] else {
            throw HeaderProblem("\(what) has the unknown type \(number)")
        }
        self = type
    }
}
