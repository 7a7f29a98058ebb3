import DioramaTensor

// Models of a place, and what is told where a file does not fit one.
extension Weights {
    /// The model that `body` makes of this place.
    ///
    /// Where tensors are missing or of other shapes, `body` is called once more, over tensors that hold nothing, to learn what else it asks
    /// for: the error tells of all of them, by name up to ``Survey/mostNamed``.
    ///
    /// - Parameter body: takes the weights; what it asks for must not depend on their values.
    /// - Returns: what `body` gives.
    /// - Throws: `WeightsError`, and what else `body` throws.
    public func build<Model>(_ body: (Weights) throws -> Model) throws -> Model {
        do {
            return try body(self)
        } catch let error as WeightsError {
            let survey = Survey()
            _ = try? body(Weights(surveying: self, survey))
            throw survey.error(after: error)
        }
    }

    /// Notes what is wrong with the tensor `name` here, and gives one that holds nothing in its place.
    ///
    /// - Throws: an error that ends the survey, for a shape beyond what models have.
    func surveyed(_ name: String, _ shape: Shape, _ survey: Survey) throws -> Tensor {
        do {
            if try find(name, shape) == nil {
                let expected = expected(name, shape, in: survey.spellings(of: root))
                survey.note("\(expected.key) is missing, expected with shape \(expected.shape)", expected.key)
            }
        } catch let error as WeightsError {
            survey.note(error.problem, root.find(self.name(name))?.key ?? name)
        }
        return try survey.standIn(shape)
    }

    /// What to say of a tensor that the file does not have.
    func missing(_ name: String, _ shape: Shape) -> WeightsError {
        let (key, shape) = expected(name, shape, in: Spellings(root))
        return WeightsError(place, "has no tensor \(key), expected with shape \(shape)\(hint(key))")
    }

    /// The key and the shape that the tensor `name` would have in a file that spells its tensors as this one does.
    private func expected(
        _ name: String, _ shape: Shape, in spellings: Spellings
    ) -> (key: String, shape: Shape) {
        let places = root.names.places(of: self.name(name))
        let place = places.first { spellings.has($0.key) } ?? places.first { spellings.hasFolder(of: $0.key) }
        guard let place = place ?? places.first else { return (self.name(name), shape) }
        return (place.key, place.whole(shape))
    }

    /// Tells what does exist near a missing tensor.
    private func hint(_ key: String) -> String {
        guard let dot = key.lastIndex(of: ".") else { return "" }
        let folder = key[..<dot]
        let siblings = root.source.keys.filter { $0.hasPrefix(folder + ".") }.sorted()
        if siblings.isEmpty { return "; nothing is under \(folder)" }
        return "; under \(folder) are " + siblings.prefix(4).joined(separator: ", ")
            + (siblings.count > 4 ? ", …" : "")
    }
}

/// The names of a file's tensors, whatever the numbers of their layers are.
struct Spellings: Sendable {
    private let patterns, folders: Set<String>
    private let prefix: Int

    init(_ root: Weights.Root) {
        let keys = root.source.keys.filter { $0.hasPrefix(root.names.prefix) }
        prefix = root.names.prefix.count
        patterns = Set(keys.map(Self.pattern))
        let prefix = prefix
        folders = Set(keys.map { Self.folder($0, prefix) })
    }

    /// Whether the file has the tensor in some layer.
    func has(_ key: String) -> Bool { patterns.contains(Self.pattern(key)) }

    /// Whether the file has tensors in the outermost folder of this one.
    func hasFolder(of key: String) -> Bool { folders.contains(Self.folder(key, prefix)) }

    private static func pattern(_ key: String) -> String {
        key.split(separator: ".").map { Int($0) == nil ? $0 : "*" }.joined(separator: ".")
    }

    private static func folder(_ key: String, _ prefix: Int) -> String {
        String(key.dropFirst(prefix).prefix { $0 != "." })
    }
}

extension TensorPlace {
    /// The shape of the tensor in the file of which a part, or the transpose, has `shape`.
    fileprivate func whole(_ shape: Shape) -> Shape {
        if isTransposed { return shape.rank == 2 ? [shape[1], shape[0]] : shape }
        guard let rows, shape.rank >= 1 else { return shape }
        return shape.replacing(0, with: shape[0] / rows.taken.count * rows.parts)
    }
}
