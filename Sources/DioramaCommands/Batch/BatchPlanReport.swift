import DioramaBatch
import DioramaGraph

extension BatchCommand {
    /// Counts and measures what the batch would make.
    func tellPlan(
        of list: PromptList, by batch: Batch, in folder: BatchFolder, _ context: CommandContext
    ) async throws {
        let plan = try await batch.plan(list, in: folder)
        if json {
            context.output.line(plan.json.text())
        } else {
            for line in plan.lines { context.output.line(line) }
        }
    }
}

extension BatchPlan {
    /// Pictures of the items that are to be made; nil where they are not known.
    private var pictures: Int? { picturesEach.map { $0 * missing } }

    /// What people are told.
    var lines: [String] {
        var lines = [counted(items, "item") + (done > 0 ? ", \(done) there already" : "")]
        if unusable > 0 { lines.append("\(counted(unusable, "item")) cannot be used") }
        guard let measured, let seconds else { return lines + ["nothing is to be made"] }
        if let pictures { lines.append("\(counted(pictures, "picture")) to be made") }
        lines.append("\(counted(texts, "text")) to encode, \(counted(steps, "denoising step"))")
        if measured.step > 0 { lines.append("a step takes \(Self.brief(measured.step))") }
        let more = measured.isCut ? " at least: the measured item was ended after its first steps" : ""
        lines.append("about \(clock(seconds))\(more)")
        return lines
    }

    private static func brief(_ seconds: Double) -> String {
        seconds < 1 ? "\(fixed(seconds * 1000, 1)) ms" : clock(seconds)
    }

    /// What programs are told.
    var json: JSON {
        func rounded(_ seconds: Double) -> JSON { .double((seconds * 1e6).rounded() / 1e6) }
        var members: JSON.Object = [
            "items": .integer(items), "done": .integer(done), "missing": .integer(missing),
            "unusable": .integer(unusable), "texts": .integer(texts), "steps": .integer(steps),
        ]
        members["pictures"] = pictures.map(JSON.integer)
        if let measured, let seconds {
            members["step_seconds"] = rounded(measured.step)
            members["text_seconds"] = rounded(measured.text)
            members["loading_seconds"] = rounded(measured.loading)
            members["rest_seconds"] = rounded(measured.rest)
            members["seconds"] = rounded(seconds)
            members["is_lower_bound"] = .bool(measured.isCut)
        }
        return .object(members)
    }
}
