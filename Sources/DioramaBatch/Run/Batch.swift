@_exported public import Diorama

/// Makes everything that a prompt list asks of a graph.
///
/// ```swift
/// let batch = try Batch(graph: file, session: session)
/// let summary = try await batch.run(PromptList("a fox\na castle"), in: BatchFolder(folder))
/// ```
///
/// One process keeps the models, the encoded texts and everything else that stays the same. Each picture is written
/// whole as soon as it is made, and running the same batch again makes only what is missing.
public struct Batch: Sendable {
    /// What the items have in common.
    public let options: BatchOptions
    /// What all items share.
    let graph: GraphFile
    let session: Session
    let maker: ItemMaker

    /// Prepares a batch; nothing is read or computed yet.
    ///
    /// - Parameters:
    ///   - graph: what all items share.
    ///   - session: makes the pictures; keep its cache small (100 MB), most of what items make is not needed again.
    ///   - options: how many items a line has, and how they are called.
    /// - Throws: `SettingError` when the graph has no place for the seeds or for the grid.
    public init(graph: GraphFile, session: Session, options: BatchOptions = BatchOptions()) throws {
        self.graph = graph
        self.session = session
        self.options = options
        maker = try ItemMaker(graph, catalog: session.catalog, options: options)
    }

    /// Calls a function with each item of a list, in order and without running it.
    ///
    /// - Parameters:
    ///   - list: what to make.
    ///   - body: takes an item of this process's shard, or what is wrong with one.
    /// - Throws: `ListError` when the list as a whole cannot be used, and what `body` throws.
    public func forEachItem(
        of list: PromptList, _ body: (Result<PlannedItem, ListProblem>) throws -> Void
    ) throws {
        let feed = ItemFeed(list, for: self)
        while let next = try feed.readNext() { try body(next) }
    }

    /// What is wrong with the graph, where nothing that a list says can mend it: it has nodes that there are not.
    ///
    /// - Returns: an error that names all of them with their titles, and what else is wrong; nil when every class is known.
    public func unknownNodes() -> GraphError? {
        do {
            _ = try session.graph(graph, to: OutputTarget(session.folders.output))
            return nil
        } catch {
            return error.issues.contains { $0.kind == .missingNodeType } ? error : nil
        }
    }

    /// The relative path of an item's first picture, without its ending.
    ///
    /// - Parameter planned: the item.
    /// - Returns: a path from the batch's folder.
    public func name(of planned: PlannedItem) -> String {
        pattern(for: planned.item).name(of: planned.item, id: planned.id)
    }

    /// The name pattern for an item: the one asked for, else the list's name, else prompt and content.
    func pattern(for item: BatchItem) -> NamePattern {
        if let pattern = options.namePattern { return pattern }
        guard item.name != nil else { return .byContent }
        return maker.itemsPerLine > 1 ? .byNameAndIndex : .byName
    }

    /// Validates an item's graph and plans it.
    ///
    /// - Throws: `ListProblem` with everything that is wrong.
    func planned(_ item: BatchItem) throws(ListProblem) -> PlannedItem {
        if let problem = item.problem { throw ListProblem(line: item.line, problem) }
        do {
            // The names that the graph gives are not used.
            let target = OutputTarget(session.folders.output)
            return PlannedItem(item, graph: try session.graph(item.graph, to: target))
        } catch {
            let errors = error.issues.filter { $0.severity == .error }.map(\.description)
            throw ListProblem(line: item.line, errors.joined(separator: "; "))
        }
    }
}
