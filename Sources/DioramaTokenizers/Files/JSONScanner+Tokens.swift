import DioramaJSON

extension JSONScanner {
    /// A merge: `"left right"` or `["left", "right"]`.
    mutating func merge() throws(JSON.ParseError) -> (left: String, right: String) {
        var parts: [String] = []
        if try kind() == .string {
            parts = try string().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        } else {
            try array { (scanner) throws(JSON.ParseError) in parts.append(try scanner.string()) }
        }
        guard parts.count == 2 else { throw wrong("a merge is two pieces, this one has \(parts.count)") }
        return (parts[0], parts[1])
    }

    /// The `direction` of a truncation or padding object; nil for null.
    mutating func direction() throws(JSON.ParseError) -> CLIPTokenizer.Configuration.Side? {
        guard try kind() == .object else {
            try skip()
            return nil
        }
        var side: CLIPTokenizer.Configuration.Side?
        try object { (scanner, key) throws(JSON.ParseError) in
            guard key == "direction" else { return try scanner.skip() }
            side = try scanner.side()
        }
        return side
    }

    /// `"left"` or `"right"`, capitals allowed.
    mutating func side() throws(JSON.ParseError) -> CLIPTokenizer.Configuration.Side {
        let name = try string()
        guard let side = CLIPTokenizer.Configuration.Side(rawValue: name.lowercased()) else {
            throw wrong("expected \"left\" or \"right\", found \(quoted(name))")
        }
        return side
    }

    /// The `added_tokens` of a tokenizer.json.
    mutating func addedTokens() throws(JSON.ParseError) -> [(token: AddedToken, id: Int)] {
        var tokens: [(token: AddedToken, id: Int)] = []
        try array { (scanner) throws(JSON.ParseError) in
            let entry = try scanner.addedToken(special: false)
            guard let id = entry.id else { throw scanner.wrong("an added token has no \"id\"") }
            tokens.append((entry.token, id))
        }
        return tokens
    }

    /// A token: a string, or an object with its content and flags.
    ///
    /// - Parameter special: what the token is unless the object says otherwise.
    /// - Returns: the token, and its id if the object has one.
    /// - Throws: `JSON.ParseError` if it is neither, has no content, or has a flag that is no boolean.
    mutating func addedToken(special: Bool) throws(JSON.ParseError) -> (token: AddedToken, id: Int?) {
        guard try kind() != .string else { return (AddedToken(try string(), special: special), nil) }
        var content: String?
        var id: Int?
        var flags: [String: Bool] = [:]
        try object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "content": content = try scanner.string()
            case "id":
                guard let exact = Int32(exactly: try scanner.double()), exact >= 0 else {
                    throw scanner.wrong("the id of an added token is a whole number from 0 to \(Int32.max)")
                }
                id = Int(exact)
            case "special", "normalized", "single_word", "lstrip", "rstrip":
                flags[key] = try scanner.boolean()
            default: try scanner.skip()
            }
        }
        guard let content else { throw wrong("an added token has no \"content\"") }
        let token = AddedToken(
            content, special: flags["special"] ?? special, normalized: flags["normalized"],
            singleWord: flags["single_word"] ?? false, lstrip: flags["lstrip"] ?? false,
            rstrip: flags["rstrip"] ?? false)
        return (token, id)
    }
}
