import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Files written by the safetensors package (`tools/golden/weights.py`).
@Suite struct SafetensorsTests {
    let golden: Fixture

    init() throws { golden = try Fixture("weights/dtypes.safetensors") }

    @Test(
        "every dtype is read as the one the table says",
        arguments: [
            ("float16", ElementType.f16, DType.f16), ("bfloat16", .bf16, .bf16), ("float32", .f32, .f32),
            ("float64", .f64, .f32), ("float8_e4m3fn", .f8E4M3, .f16), ("float8_e5m2", .f8E5M2, .f16),
            ("float8_e4m3fnuz", .f8E4M3FNUZ, .f16), ("float8_e5m2fnuz", .f8E5M2FNUZ, .f16),
            ("float8_e8m0fnu", .f8E8M0, .f32), ("int8", .i8, .i32), ("int16", .i16, .i32),
            ("int32", .i32, .i32),
            ("int64", .i64, .i64), ("uint8", .u8, .u8), ("uint16", .u16, .i32), ("uint32", .u32, .i64),
            ("uint64", .u64, .i64), ("bool", .bool, .u8),
        ])
    func dtypes(key: String, stored: ElementType, read: DType) {
        #expect(golden.file.info(key)?.type == stored)
        #expect(stored.readAs == read)
        #expect(golden[key].dtype == read)
    }

    @Test func wholeNumbersKeepTheirValues() {
        for key in ["int8", "int16", "int32", "int64"] { #expect(golden.ints(key) == [0, 1, -2, 100]) }
        for key in ["uint8", "uint16", "uint32", "uint64"] { #expect(golden.ints(key) == [0, 1, 2, 100]) }
        #expect(golden.ints("bool") == [1, 0, 1])
    }

    @Test func floatsKeepTheirValues() {
        #expect(golden.floats("float32") == [0, 1.5, -2.25, 65504, 6e-5, -1e-3])
        #expect(golden.floats("float64") == golden.floats("float32"))
        #expect(golden["float32"].shape == [2, 3])
        #expect(golden["scalar"].shape == [])
        #expect(golden.floats("scalar") == [3.5])
    }

    /// All 256 bytes, bit for bit as PyTorch converts them.
    @Test(
        "8-bit floats are exact",
        arguments: ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"])
    func float8(key: String) {
        let expected = golden.floats("expect.\(key)")
        for (byte, (found, value)) in zip(golden.floats(key), expected).enumerated() {
            #expect(
                found == value || (found.isNaN && value.isNaN), "byte \(byte): \(found), expected \(value)")
        }
    }

    @Test func metadataIsRead() {
        #expect(golden.metadata["script"] == "tools/golden/weights.py")
    }

    @Test func aTensorIsUsedInPlace() throws {
        let device = Device.cpu()
        let before = device.memory.total
        _ = golden["float32", on: device]
        #expect(device.memory.total == before)
    }

    @Test func aTensorAtAnOddOffsetIsRead() throws {
        let header =
            #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}"#
        let floats = [Float(1.5), -2].flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
        let file = try RawSafetensors(header: header, data: [9] + floats).open()
        #expect(try file.tensor("b", on: .cpu()).floats() == [1.5, -2])
    }

    @Test("types that cannot be read say so", arguments: [("F4", 2), ("F6_E2M3", 3), ("C64", 32)])
    func refusedTypes(type: String, byteCount: Int) throws {
        let raw = RawSafetensors.entry(
            "{\"dtype\":\"\(type)\",\"shape\":[4],\"data_offsets\":[0,\(byteCount)]}", data: byteCount)
        let file = try raw.open()
        let error = #expect(throws: WeightsError.self) { try file.tensor("a", on: .cpu()) }
        #expect(
            error?.problem
                == "\"a\" is stored as \(type), which cannot be used here; convert it to F16 or BF16")
    }

    @Test func aNumberBeyondInt64IsRefused() throws {
        let raw = RawSafetensors(
            header: #"{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}"#,
            data: [UInt8](repeating: 255, count: 8))
        let file = try raw.open()
        #expect(throws: WeightsError.self) { try file.tensor("a", on: .cpu()) }
    }

    @Test func valuesThatAreNotFiniteAreFound() throws {
        // Of the 8-bit formats, those with a byte for NaN; float32 and its kind hold none here.
        let found = Set(try golden.file.nonFiniteKeys(on: .cpu()))
        let formats = [
            "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu",
        ]
        #expect(found == Set(formats + formats.map { "expect." + $0 }))
    }
}
