import DioramaGraph
import DioramaModels
import DioramaNodes

extension Batch {
    /// Finds the prompts that are longer than the graph's text encoder reads.
    ///
    /// The nodes that give the encoder run, and what they load stays loaded for the batch; no text is encoded. Of a line with many
    /// items the first 64 are looked at.
    ///
    /// - Parameter list: not a stream, which could not be read again.
    /// - Returns: a sentence for each line with such a prompt, at most 1000; none where the graph's texts do not go to an
    ///   encoder that can tell, or where that cannot be loaded, which the batch itself reports.
    /// - Throws: `ListError` when the list cannot be read, `CancellationError` when the task was cancelled.
    public func longPrompts(in list: PromptList) async throws -> [ListProblem] {
        var encoders: [(name: String, text: (BatchItem) -> String?, encoder: any TextEncoder)] = []
        if let encoder = try await encoder(of: .prompt) {
            encoders.append(("prompt", { $0.prompt }, encoder))
        }
        if let encoder = try await encoder(of: .negative) {
            encoders.append(("negative prompt", { $0.negative }, encoder))
        }
        guard !encoders.isEmpty else { return [] }

        var maker = maker
        var problems: [ListProblem] = []
        try list.forEach { entry in
            guard problems.count < 1000, let record = try? entry.record.get(),
                let line = try? maker.items(of: record)
            else { return }
            for (name, text, encoder) in encoders {
                var last: String?
                for index in 0..<min(64, line.count) {
                    let item = line.item(index, ordinal: 0)
                    guard let prompt = text(item), prompt != last else { continue }
                    last = prompt
                    guard let count = encoder.truncatedTokens(in: prompt), count > 0 else { continue }
                    problems.append(
                        ListProblem(
                            line: item.line,
                            "the \(name) is too long for the text encoder: its last \(count) tokens are left out"
                        ))
                    break
                }
            }
        }
        return problems
    }

    /// The encoder that gets a setting's text.
    private func encoder(of setting: Setting) async throws -> (any TextEncoder)? {
        let settings = GraphSettings(graph, catalog: session.catalog)
        guard let place = try? settings.decisivePlaces(of: setting).first,
            let (nodeID, output) = source(ofEncoderFor: place)
        else { return nil }
        do {
            let result = try await session.result(of: try session.graph(graph, only: [nodeID]))
            return result.value(nodeID, output: output, as: CLIP.self)?.encoder
        } catch let error as CancellationError {
            throw error
        } catch {
            return nil
        }
    }

    /// The output that gives the encoder to the node at a text's place, or to the node that a text is passed on to.
    private func source(ofEncoderFor place: GraphSettings.Place) -> (nodeID: String, output: Int)? {
        let candidates = [place.nodeID] + graph.wires(outOf: place.nodeID).map(\.nodeID)
        for candidate in candidates {
            for wire in graph.wires(into: candidate) {
                guard let className = graph[candidate]?.className,
                    session.catalog[className]?.input(named: wire.input)?.type == CLIP.portType,
                    let output = outputIndex(of: wire.link, in: graph)
                else { continue }
                return (wire.link.nodeID, output)
            }
        }
        return nil
    }

    /// The position of the output that a link takes; nil where there is no such output.
    func outputIndex(of link: Link, in graph: GraphFile) -> Int? {
        switch link.slot {
        case .index(let index): return index
        case .name(let name):
            guard let className = graph[link.nodeID]?.className else { return nil }
            return session.catalog[className]?.outputs.firstIndex { $0.name == name }
        }
    }
}
