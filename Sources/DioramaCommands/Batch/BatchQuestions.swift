import ArgumentParser
import DioramaBatch
import DioramaGraph
import FoundationEssentials

/// What can be asked of a batch's folder.
struct FolderQuestionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Say how far the batch in a folder is, also while it runs; with graph and list, how much is missing.",
            valueName: "dir"),
        completion: .directory)
    var status: String?

    @Option(
        help: ArgumentHelp(
            "Look whether every file of the manifests is there, has the bytes that were recorded, and can be decoded.",
            valueName: "dir"),
        completion: .directory)
    var verify: String?

    @Option(
        help: ArgumentHelp(
            "Join the manifests of shards into one manifest.jsonl with a line for each item.",
            valueName: "dir"),
        completion: .directory)
    var merge: String?

    /// The one that was asked for, if any.
    ///
    /// - Throws: `ValidationError` for several.
    var chosen: FolderQuestion? {
        get throws {
            let all = [
                status.map(FolderQuestion.status), verify.map(FolderQuestion.verify),
                merge.map(FolderQuestion.merge),
            ].compactMap(\.self)
            guard all.count <= 1 else {
                throw ValidationError("\(all.map(\.option).joined(separator: " and ")) exclude each other")
            }
            return all.first
        }
    }
}

/// A question about a batch's folder.
enum FolderQuestion {
    case status(String)
    case verify(String)
    case merge(String)

    var option: String {
        switch self {
        case .status: "--status"
        case .verify: "--verify"
        case .merge: "--merge"
        }
    }

    var folder: String {
        switch self {
        case .status(let folder), .verify(let folder), .merge(let folder): folder
        }
    }

    /// Only a status may be of a graph and a list.
    func refuse(graph: String?, list: String?, output: String?) throws {
        try refuseEmptyPaths([folder], of: option)
        if output != nil { throw ValidationError("\(option) names the folder itself; leave out --out") }
        if case .status = self {
            guard graph == nil || list != nil else {
                throw ValidationError("--status takes a graph and a list, or neither")
            }
            if list == "-" {
                throw ValidationError("--status cannot compare with standard input; name a file")
            }
        } else if graph != nil {
            throw ValidationError("\(option) takes no graph and no list")
        }
    }
}

extension BatchCommand {
    /// Answers a question about a folder.
    ///
    /// - Throws: ``CommandError`` of status `failed` when something is missing or damaged.
    func answer(_ question: FolderQuestion, in context: CommandContext) throws {
        let folder = BatchFolder(fileURL(question.folder, in: context.workingFolder))
        switch question {
        case .status: try tellStatus(of: folder, named: question.folder, in: context)
        case .verify: try verify(folder, named: question.folder, in: context)
        case .merge: try merge(folder, in: context)
        }
    }

    private func tellStatus(of folder: BatchFolder, named name: String, in context: CommandContext) throws {
        var remainder: BatchRemainder?
        if let graph, let list {
            let batch = try prepared(graph, output: name, in: context)
            remainder = try batch.remainder(of: try listOptions.list(list, in: context), in: folder)
        }
        let status = try folder.status()
        if json {
            context.output.line(status.json(remainder).text())
        } else {
            for line in status.lines(remainder, now: Date().timeIntervalSince1970) {
                context.output.line(printable(line))
            }
        }
    }

    private func verify(_ folder: BatchFolder, named name: String, in context: CommandContext) throws {
        let result = try folder.verify()
        if json {
            context.output.line(result.json.text())
        } else {
            for finding in result.findings { context.output.line(printable("\(finding)")) }
            let more = result.findingCount - result.findings.count
            if more > 0 { context.output.line("and \(more) more") }
        }
        guard result.isWhole else {
            throw CommandError(
                .failed,
                "\(counted(result.findingCount, "problem")) in \(counted(result.files, "file")) of "
                    + "\(counted(result.items, "item")); the batch's own command makes what is missing, damaged files must be removed first"
            )
        }
        if !json, !quiet {
            let failed =
                result.failed > 0 ? "; \(counted(result.failed, "item")) failed and has no files" : ""
            context.output.line(
                "\(counted(result.files, "file")) of \(counted(result.items, "item")), \(byteSize(result.bytes)): all whole\(failed)"
            )
        }
    }

    private func merge(_ folder: BatchFolder, in context: CommandContext) throws {
        let result = try folder.merge()
        if json {
            context.output.line(result.json.text())
        } else if !quiet {
            let left =
                result.unreadable > 0 ? "; \(counted(result.unreadable, "unreadable line")) left out" : ""
            context.output.line(
                "\(counted(result.manifests, "manifest")) with \(counted(result.entries, "line")) joined: "
                    + "\(counted(result.items, "item")) in manifest.jsonl\(left)")
        }
    }
}

extension BatchStatus {
    /// What people are told.
    ///
    /// - Parameters:
    ///   - remainder: how much of the list is there, where one was named.
    ///   - now: seconds since 1970.
    /// - Returns: one line for each thing that there is to tell.
    func lines(_ remainder: BatchRemainder?, now: Double) -> [String] {
        var lines = ["\(counted(done, "item")) done: \(counted(files, "file")), \(byteSize(bytes))"]
        if failed > 0 { lines.append("\(counted(failed, "item")) failed when last tried") }
        if lost > 0 { lines.append("\(counted(lost, "item")) made, but their files are gone or cut") }
        if let remainder {
            let unusable =
                remainder.unusable > 0 ? "; \(counted(remainder.unusable, "item")) of it cannot be used" : ""
            lines.append(
                "\(remainder.missing) of the list's \(counted(remainder.items, "item")) still to be made\(unusable)"
            )
        }
        if let secondsEach, secondsEach > 0 {
            let rate =
                secondsEach < 1
                ? "\(fixed(1 / secondsEach, 1)) items a second" : "an item in \(clock(secondsEach))"
            let left = remainder.map {
                $0.missing > 0 ? ", \(clock(Double($0.missing) * secondsEach)) for the rest" : ""
            }
            lines.append("rate: \(rate)\(left ?? "")")
        }
        let age = lastWritten.map { ", the last file \(clock(max(0, now - $0))) ago" } ?? ""
        lines.append((isAtWork ? "a batch is at work" : "no batch is at work") + age)
        if let lastFailure {
            lines.append("last failure: line \(lastFailure.line): \(lastFailure.error ?? "")")
        }
        return lines
    }

    /// What programs are told.
    func json(_ remainder: BatchRemainder?) -> JSON {
        var members: JSON.Object = [
            "done": .integer(done), "failed": .integer(failed), "lost": .integer(lost),
            "files": .integer(files),
            "bytes": .integer(bytes), "at_work": .bool(isAtWork),
        ]
        members["seconds_each"] = secondsEach.map { .double(($0 * 1000).rounded() / 1000) }
        members["last_written"] = lastWritten.map { .double(($0 * 1000).rounded() / 1000) }
        members["last_failure"] = lastFailure?.json
        if let remainder {
            members["items"] = .integer(remainder.items)
            members["missing"] = .integer(remainder.missing)
            members["unusable"] = .integer(remainder.unusable)
        }
        return .object(members)
    }
}

extension BatchVerification {
    /// What programs are told.
    fileprivate var json: JSON {
        [
            "items": .integer(items), "failed": .integer(failed), "files": .integer(files),
            "bytes": .integer(bytes), "problems": .integer(findingCount),
            "findings": .array(findings.map { ["file": .string($0.path), "problem": .string($0.problem)] }),
        ]
    }
}

extension BatchMerge {
    /// What programs are told.
    fileprivate var json: JSON {
        [
            "manifests": .integer(manifests), "entries": .integer(entries), "items": .integer(items),
            "unreadable": .integer(unreadable),
        ]
    }
}
