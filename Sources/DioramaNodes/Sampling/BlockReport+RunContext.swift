public import DioramaGraph
public import DioramaModels

extension RunContext {
    /// Tells of a block that the network has run, for traces and progress; ends the node if the run was stopped.
    ///
    /// - Parameter block: from `BlockRunner`.
    /// - Throws: `CancellationError` when the run was stopped.
    public func report(_ block: BlockReport) throws {
        try checkCancellation()
        report(WorkUnit(block))
    }
}

extension WorkUnit {
    /// A block that the network has run.
    init(_ block: BlockReport) {
        self.init(
            kind: "block", name: block.call.name, index: block.call.position, of: block.call.total,
            start: block.start, end: block.end)
    }
}
