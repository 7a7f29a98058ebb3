public import DioramaTensor
public import DioramaWeights

/// Reference tensors of one safetensors file under Tests/Golden.
public struct Fixture: Sendable {
    /// The file.
    public let file: SafetensorsFile

    /// The device of tensors asked for without naming one.
    public let device: Device

    /// Opens `Tests/Golden/<name>`.
    public init(_ name: String, on device: Device = .cpu()) throws {
        file = try SafetensorsFile(contentsOf: Golden.url(name))
        self.device = device
    }

    /// All keys of the file.
    public var keys: [String] { file.keys }

    /// The file's metadata: script, seed, versions, and what else its script wrote.
    public var metadata: [String: String] { file.metadata }

    /// The tensor of `key`; a key the file does not have is a mistake of the test.
    public subscript(_ key: String, on device: Device? = nil) -> Tensor {
        do {
            return try file.tensor(key, on: device ?? self.device)
        } catch {
            preconditionFailure("\(error); it has \(file.keys.sorted())")
        }
    }

    /// The whole numbers of `key`.
    public func ints(_ key: String) -> [Int] { self[key].ints() }

    /// The floats of `key`.
    public func floats(_ key: String) -> [Float] { self[key].floats() }

    /// The tensors as the weights of a model; `prefix` is where in the file they start.
    public func weights(_ prefix: String? = nil, on device: Device? = nil) -> Weights {
        let root = Weights(file, on: device ?? self.device)
        return prefix.map { root[$0] } ?? root
    }
}
