import DioramaGraph
import DioramaImage

extension ImageMetadata {
    /// What ComfyUI puts into a picture: the graph under `prompt`, then one text for each member of `extra_pnginfo`.
    init(prompt: JSON, extra: JSON) {
        self.init()
        if case .object = prompt { entries.append(Entry(key: "prompt", text: prompt.text())) }
        if case .object(let members) = extra {
            for (key, value) in members { entries.append(Entry(key: key, text: value.text())) }
        }
    }
}
