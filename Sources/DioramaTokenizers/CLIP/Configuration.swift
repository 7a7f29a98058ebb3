extension CLIPTokenizer {
    /// What tokenizer_config.json and special_tokens_map.json say; the defaults are CLIP's.
    public struct Configuration: Hashable, Sendable {
        /// An end of a sequence.
        public enum Side: String, Hashable, Sendable {
            /// The beginning.
            case left
            /// The end.
            case right
        }

        /// The length when no file says one: 77.
        public static let defaultMaxLength = 77
        /// The greatest length a file may ask for.
        public static let greatestMaxLength = 65_536

        /// The token before every text; nil for `<|startoftext|>`.
        public var bos: AddedToken?
        /// The token after every text; nil for `<|endoftext|>`.
        public var eos: AddedToken?
        /// The token of a byte that has no piece; nil for `<|endoftext|>`.
        public var unknown: AddedToken?
        /// The token that fills an encoding up, and is found in the text like the others; nil for `<|endoftext|>`.
        public var pad: AddedToken?
        /// `sep_token`, `cls_token` and `mask_token`: special tokens that mean nothing to CLIP.
        public var separator, classifier, mask: AddedToken?
        /// Tokens besides these, in the order of their ids; nil for those of tokenizer.json.
        public var addedTokens: [AddedToken]?
        /// Special tokens that are added last.
        public var extraTokens: [AddedToken] = []
        /// The length of an encoding, 2...65,536; nil for 77.
        public var maxLength: Int?
        /// Where padding goes; nil for what tokenizer.json says, else the right.
        public var paddingSide: Side?
        /// Where a text is cut; nil for what tokenizer.json says, else the right.
        public var truncationSide: Side?
        /// Whether special tokens in the text are read as ordinary text.
        public var splitsSpecialTokens = false

        /// CLIP's defaults.
        public init() {}
    }
}
