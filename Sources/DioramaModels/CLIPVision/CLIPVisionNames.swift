import DioramaWeights

/// The names of a vision model's tensors in files of OpenCLIP and of the original implementation.
enum CLIPVisionNames {
    /// Of these names the matrix is the transpose of the model's.
    static let transposed: Set = ["visual.proj"]

    @Sendable static func aliases(_ name: String) -> [TensorNames.Alias] {
        if let other = outer[name] { return [("visual." + other, nil)] }
        let start = "vision_model."
        guard name.hasPrefix(start + "encoder.") else { return [] }
        // The layers are named as those of OpenCLIP's text encoder.
        return CLIPNames.aliases(String(name.dropFirst(start.count))).map { ("visual." + $0.name, $0.rows) }
    }

    private static let outer = [
        "vision_model.embeddings.class_embedding": "class_embedding",
        "vision_model.embeddings.patch_embedding": "conv1",
        "vision_model.embeddings.position_embedding.weight": "positional_embedding",
        "vision_model.pre_layrnorm": "ln_pre",
        "vision_model.post_layernorm": "ln_post",
        "visual_projection.weight": "proj",
    ]
}
