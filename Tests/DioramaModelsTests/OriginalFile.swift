import DioramaJSON
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// The weights of a golden model as the file of the original implementation has them, by the golden's own table.
struct OriginalFile: TensorSource {
    let place = "original.safetensors"
    let keys: [String]
    private let golden: GoldenModel
    private let table: [String: (parts: [String], isSwapped: Bool)]
    private let prefix: String

    /// - Parameters:
    ///   - golden: the model.
    ///   - prefix: stands before all names.
    /// - Throws: an error where the golden has no table.
    init(_ golden: GoldenModel, prefix: String = "") throws {
        self.golden = golden
        self.prefix = prefix
        let json = try #require(golden.fixture.metadata["original"])
        var table: [String: (parts: [String], isSwapped: Bool)] = [:]
        let rows = try #require(JSON(parsing: Array(json.utf8)).object)
        for key in rows.keys {
            let pair = try #require(rows[key]?.array)
            table[prefix + key] = (
                try #require(pair[0].array).compactMap(\.string), pair[1].bool == true
            )
        }
        self.table = table
        keys = table.keys.sorted()
    }

    func info(_ key: String) -> TensorInfo? {
        guard let tensor = try? tensor(key, on: .cpu()) else { return nil }
        return TensorInfo(name: key, type: .f16, shape: tensor.shape, byteCount: 2 * tensor.count)
    }

    func tensor(_ key: String, on device: Device) throws -> Tensor {
        guard let row = table[key] else { throw WeightsError(place, "has no tensor \(key)") }
        let parts = row.parts.map { golden.fixture["model." + $0, on: device] }
        let whole = parts.count == 1 ? parts[0] : Tensor.concatenated(parts, axis: 0)
        return row.isSwapped ? .concatenated(whole.chunked(into: 2, axis: 0).reversed(), axis: 0) : whole
    }

    func bytes(_ key: String, on device: Device) throws -> Tensor {
        throw WeightsError(place, "has no tensor of bytes")
    }
}
