import DioramaNodes

/// How many items a list's lines have, and how they are made.
public struct BatchOptions: Sendable {
    /// Items with successive seeds for each line and each cell of the grid; at least 1.
    public var count = 1
    /// Settings that take several values in turn, for every line.
    public var grid: [GridAxis] = []
    /// What happens to choices in prompts.
    public var wildcards = Wildcards()
    /// How files are called; nil for the list's own names, or names made of prompt and content.
    public var namePattern: NamePattern?
    /// How often a failed item is tried again; at least 0.
    public var retries = 0
    /// Items under way at once, at least 1: while one computes, others are read and written.
    public var inFlight = 6
    /// Items that are denoised as one batch where they agree (see `JointSampling`), at least 1; nil for as many as pay.
    ///
    /// Where it says more than 1, at least two more are under way at once.
    public var batchSize: Int?
    /// Whether `metadata.jsonl` is written at the end, as Hugging Face's `imagefolder` reads it.
    public var writesDataset = false
    /// Which part of the items this process makes; nil for all.
    public var shard: Shard?

    /// One item a line, all of them.
    public init() {}
}

extension BatchOptions {
    /// What lets items denoise together; nil where each does alone.
    var joint: JointSampling? {
        guard let batchSize else { return .automatic() }
        return batchSize > 1 ? JointSampling(size: batchSize) : nil
    }

    /// The most items under way at once.
    var mostUnderWay: Int {
        guard let batchSize, batchSize > 1 else { return max(1, inFlight) }
        return max(inFlight, batchSize + 2)
    }
}
