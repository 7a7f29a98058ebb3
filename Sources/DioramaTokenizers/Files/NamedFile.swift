import DioramaJSON

/// A file's bytes and the name that errors call it by.
struct NamedFile {
    let name: String
    let bytes: [UInt8]

    init(_ name: String, _ bytes: some Sequence<UInt8>) {
        self.name = name
        self.bytes = Array(bytes)
    }

    /// The value that the scanner of this file stands before, as a tree; nil for null.
    func tree(_ scanner: inout JSONScanner) throws(JSON.ParseError) -> JSON? {
        let start = scanner.position
        try scanner.skip()
        let tree = try JSON(
            parsing: bytes[start..<scanner.position],
            limits: JSON.Limits(bytes: TokenizerFolder.sizeLimit, depth: 64))
        return tree == .null ? Optional<JSON>.none : tree
    }

    /// Reads the file as one JSON value; an error is an issue with its line and column.
    func scan(_ issues: inout IssueList, _ read: (inout JSONScanner) throws(JSON.ParseError) -> Void) {
        do {
            var scanner = try JSONScanner(
                bytes, limits: JSON.Limits(bytes: TokenizerFolder.sizeLimit, depth: 64))
            try read(&scanner)
            try scanner.end()
        } catch {
            issues.add(name, "\(error)")
        }
    }
}
