/// Text embedded in a picture, in the file's order.
///
/// ComfyUI and Diorama keep the graph that made a picture here: `prompt` holds the API format, `workflow` the
/// editor's format. `parameters` is what AUTOMATIC1111's programs write.
public struct ImageMetadata: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One text and its key.
    public struct Entry: Hashable, Sendable {
        /// The key, as in the file.
        public var key: String
        /// The text.
        public var text: String

        /// Makes an entry.
        public init(key: String, text: String) {
            self.key = key
            self.text = text
        }
    }

    /// All entries; a key may stand more than once.
    public var entries: [Entry]

    /// Makes metadata of entries.
    public init(_ entries: [Entry] = []) {
        self.entries = entries
    }

    /// Makes metadata of keys and texts, keeping their order.
    public init(dictionaryLiteral elements: (String, String)...) {
        entries = elements.map { Entry(key: $0.0, text: $0.1) }
    }

    /// Whether there is no entry.
    public var isEmpty: Bool { entries.isEmpty }

    /// The text of a key; of several the last, as other readers have it.
    ///
    /// Setting replaces all entries of the key; nil removes them.
    public subscript(key: String) -> String? {
        get { entries.last { $0.key == key }?.text }
        set {
            let place = entries.firstIndex { $0.key == key } ?? entries.endIndex
            entries.removeAll { $0.key == key }
            if let newValue { entries.insert(Entry(key: key, text: newValue), at: place) }
        }
    }

    /// The graph in ComfyUI's API format, as JSON.
    public var prompt: String? { self["prompt"] }
    /// The graph in the editor's format, as JSON.
    public var workflow: String? { self["workflow"] }
    /// The settings as AUTOMATIC1111's programs write them, one text.
    public var parameters: String? { self["parameters"] }
}
