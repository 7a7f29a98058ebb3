import DioramaJSON
public import DioramaTensor

/// Tiny vision models and a style model, and what ComfyUI's own code makes with them (`tools/golden/clip_vision.py`).
public enum VisionGolden {
    /// The vision models, but one that only shows how pictures become pixels.
    public static let visions = ["siglip", "clip", "openclip", "wide"]

    /// What was computed.
    public static func fixture(on device: Device) throws -> Fixture {
        try Fixture("comfyui/clip_vision.safetensors", on: device)
    }

    /// The tensors of a model's file, in halves.
    public static func entries(_ name: String) throws -> [SpeltFile.Entry] {
        let text = try required(fixture(on: .cpu()).metadata["models"])
        let shapes = try required(JSON(parsing: Array(text.utf8))[name]?.object)
        return try shapes.keys.map { key in
            (key, try required(shapes[key]?.array).compactMap(\.integer), "F16")
        }
    }

    /// The file of a model, with more tensors.
    public static func file(_ name: String, with more: [SpeltFile.Entry] = []) throws -> SpeltFile {
        SpeltFile(entries: try entries(name) + more)
    }
}
