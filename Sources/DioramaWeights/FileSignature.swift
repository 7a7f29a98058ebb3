import DioramaFiles

/// What the first bytes of a file say it is, whatever its name is.
enum FileSignature: Hashable {
    case safetensors, gguf, pyTorch, pickle, png, jpeg, html, gzip, hdf5, pointer

    /// How many bytes tell.
    static let length = 32

    /// Looks at the beginning of a file; nil where it is none of those known.
    ///
    /// - Parameter bytes: the first ``length`` bytes, or all where there are fewer.
    init?(_ bytes: [UInt8]) {
        func begins(_ text: String, at start: Int = 0) -> Bool {
            bytes.dropFirst(start).starts(with: text.utf8)
        }
        let count = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        // The length of safetensors' header may have the bytes of any other mark.
        if bytes.count > 8, count <= SafetensorsHeader.largestHeader, bytes[8] == UInt8(ascii: "{") {
            self = .safetensors
        } else if begins("GGUF") {
            self = .gguf
        } else if begins("PK\u{3}\u{4}") {
            self = .pyTorch
        } else if bytes.count > 2, bytes[0] == 0x80, 2...5 ~= bytes[1] {
            self = .pickle
        } else if begins("PNG\r\n", at: 1), bytes[0] == 0x89 {
            self = .png
        } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if begins("<!doctype") || begins("<!DOCTYPE") || begins("<html") {
            self = .html
        } else if bytes.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if begins("HDF\r\n", at: 1), bytes[0] == 0x89 {
            self = .hdf5
        } else if begins("version https://git-lfs") {
            self = .pointer
        } else {
            return nil
        }
    }

    /// What the file is and what to do, for one that should be something else.
    var sentence: String {
        switch self {
        case .safetensors:
            "is a safetensors file by its first bytes, whatever its name says; give it the ending .safetensors"
        case .gguf: "is a GGUF file by its first bytes, whatever its name says; give it the ending .gguf"
        case .pyTorch:
            "is a zip file by its first bytes, most likely PyTorch's, and such a file \(Self.pickleRefusal)"
        case .pickle: "by its first bytes \(Self.pickleRefusal)"
        case .png: "is a PNG picture by its first bytes, not weights"
        case .jpeg: "is a JPEG picture by its first bytes, not weights"
        case .html:
            "is a web page by its first bytes, not weights: what was downloaded is a message; open it to read why"
        case .gzip: "is a gzip archive by its first bytes; unpack it first"
        case .hdf5: "is an HDF5 file by its first bytes; expected safetensors or GGUF"
        case .pointer:
            "is a pointer of Git LFS, a short text that stands for the weights; fetch them with 'git lfs pull'"
        }
    }

    /// What is said of pickles.
    static let pickleRefusal =
        "is a Python pickle, which can run code and is never opened; convert it to safetensors (for example with "
        + "diffusers' save_pretrained(..., safe_serialization=True))"
}

extension OpenFile {
    /// What its first bytes say it is; throws `FileError` where they cannot be read.
    var signature: FileSignature? {
        get throws(FileError) { FileSignature(try read(at: 0, count: min(FileSignature.length, byteCount))) }
    }
}
