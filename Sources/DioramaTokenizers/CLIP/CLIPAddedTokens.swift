/// CLIP's added tokens, with the ids of those that have a role.
struct CLIPAddedTokens {
    private(set) var bosID = 0
    private(set) var eosID = 0
    private(set) var unknownID = 0
    private(set) var padID = 0
    private(set) var table: AddedTokenTable

    init(_ model: BytePairModel, _ configuration: CLIPTokenizer.Configuration, _ issues: inout IssueList) {
        table = AddedTokenTable(
            pieces: model.pieces, file: model.vocabularyFile,
            listed: configuration.addedTokens ?? model.addedTokens)
        let file = model.vocabularyFile
        bosID = addRole("bos_token", configuration.bos, "<|startoftext|>", file, &issues)
        eosID = addRole("eos_token", configuration.eos, "<|endoftext|>", file, &issues)
        unknownID = addRole("unk_token", configuration.unknown, "<|endoftext|>", file, &issues)
        table.addUnlisted(configuration.separator)
        padID = addRole("pad_token", configuration.pad, "<|endoftext|>", file, &issues)
        for token in [configuration.classifier, configuration.mask] + configuration.extraTokens {
            table.addUnlisted(token)
        }
        table.checkLimits(&issues)
    }

    /// Adds a token with a role; one that no file names must be a piece.
    private mutating func addRole(
        _ role: String, _ named: AddedToken?, _ standard: String, _ file: String, _ issues: inout IssueList
    ) -> Int {
        let token = named ?? AddedToken(standard)
        if token.content.isEmpty { issues.add("tokenizer_config.json", "\(role) is empty") }
        if named == nil, !table.isListedOrPiece(standard) {
            issues.add(
                file, "has no piece \"\(standard)\", CLIP's \(role), and tokenizer_config.json names no other"
            )
        }
        table.addUnlisted(token)
        return table.id(of: token.content) ?? 0
    }
}
