/// The graph and other texts in an EXIF block, as ComfyUI keeps them in formats without text chunks.
///
/// `prompt` stands in Model (0x0110) as `prompt:{...}`, `workflow` in Make (0x010F) as `workflow:{...}`, each further
/// text at the next tag below as `key:text`; the same graph stands in UserComment as one JSON object, because other
/// programs look there.
enum GraphExif {
    /// The texts in a block.
    static func metadata(in exif: Exif) -> ImageMetadata {
        var metadata = ImageMetadata()
        for (_, text) in exif.texts.reversed() {
            guard let colon = text.firstIndex(of: ":") else { continue }
            let key = String(text[..<colon])
            guard isKey(key) else { continue }
            metadata.entries.append(.init(key: key, text: String(text[text.index(after: colon)...])))
        }
        guard let comment = exif.userComment, !comment.isEmpty else { return metadata }
        if let members = GraphComment.members(of: comment) {
            for (key, text) in members where metadata[key] == nil {
                metadata.entries.append(.init(key: key, text: text))
            }
        } else if metadata["parameters"] == nil {
            metadata.entries.append(.init(key: "parameters", text: comment))
        }
        return metadata
    }

    /// The contents of an APP1 segment with the metadata, and the keys of the entries that do not fit.
    ///
    /// A segment holds 65,533 bytes. `prompt` goes in first, then `workflow`, then the rest in order, each only if it
    /// fits; the copy in UserComment is made if all of it fits.
    static func segment(for metadata: ImageMetadata) throws(ImageError) -> (bytes: [UInt8], omitted: [String])
    {
        var written: [ImageMetadata.Entry] = []
        var omitted: [String] = []
        var best: [UInt8] = []
        for entry in byImportance(metadata.entries) {
            guard isKey(entry.key) else {
                throw ImageError(
                    .invalidArgument,
                    "JPEG: \"\(entry.key)\" cannot be a text's key; it takes letters, digits, _ and -")
            }
            guard !entry.text.utf8.contains(0) else {
                throw ImageError(.invalidArgument, "JPEG: the text of \"\(entry.key)\" holds a NUL character")
            }
            if written.count < Exif.Tag.texts.count,
                let bytes = ExifWriter.segment(texts: texts(written + [entry]), userComment: nil)
            {
                best = bytes
                written.append(entry)
            } else {
                omitted.append(entry.key)
            }
        }
        if let comment = GraphComment.text(of: written.filter { ["prompt", "workflow"].contains($0.key) }),
            let bytes = ExifWriter.segment(texts: texts(written), userComment: comment)
        {
            best = bytes
        }
        return (best, omitted)
    }

    private static func byImportance(_ entries: [ImageMetadata.Entry]) -> [ImageMetadata.Entry] {
        let prompt = entries.filter { $0.key == "prompt" }
        let workflow = entries.filter { $0.key == "workflow" }
        return prompt + workflow + entries.filter { !["prompt", "workflow"].contains($0.key) }
    }

    /// `key:text` at descending tags; Model is `prompt`'s and Make is `workflow`'s wherever they are there.
    private static func texts(_ entries: [ImageMetadata.Entry]) -> [(tag: Int, text: String)] {
        entries.enumerated().map { index, entry in
            (Exif.Tag.model - index, "\(entry.key):\(entry.text)")
        }
    }

    private static func isKey(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= 79
            && key.utf8.allSatisfy {
                48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 || $0 == 95 || $0 == 45
            }
    }
}
