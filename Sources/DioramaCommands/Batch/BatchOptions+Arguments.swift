import ArgumentParser
import DioramaBatch
import FoundationEssentials

/// How a list is read.
struct ListOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How the list is written: txt, csv, tsv or jsonl. Default: by its ending, else by its first line.",
            valueName: "format"))
    var format: String?

    @Flag(help: "Treat warnings about the list as errors: nothing is made before all are mended.")
    var strict = false

    /// The list that an argument names.
    func list(_ argument: String, in context: CommandContext) throws -> PromptList {
        let format = try format.map { name in
            guard let format = ListFormat(rawValue: name.lowercased()) else {
                let names = ListFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandError.usage("--format '\(name)': expected one of \(names)")
            }
            return format
        }
        if argument == "-" { return PromptList(descriptor: 0, format: format) }
        let file = fileURL(argument, in: context.workingFolder)
        guard !isFolder(file) else { throw CommandError.data("'\(argument)' is a folder, not a list") }
        return PromptList(contentsOf: file, format: format)
    }
}

/// How many pictures a line has, and how they are called.
struct BatchPictureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Pictures a line, with successive seeds from the line's own, --seed, or the graph's.",
            valueName: "n"))
    var count = 1

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Every combination of some settings for each line, as steps=10,20 cfg=3,5.",
            discussion: "Also node.input=...; values that hold commas as a JSON list.",
            valueName: "setting=values"))
    var grid: [String] = []

    @Option(
        help: ArgumentHelp(
            "The folder of the files that __name__ in prompts stands for.", valueName: "dir"),
        completion: .directory)
    var wildcards: String?

    @Flag(help: "Take braces, bars and underscores in prompts as they are.")
    var noWildcards = false

    @Option(
        help: ArgumentHelp(
            "How files are called, without ending, as {line:4}-{prompt}-{seed}.",
            discussion: """
                Words: {id} (names the content), {line}, {item} (number in the batch), {index} (number in the line), {name}, \
                {prompt}, {negative}, {seed}, {steps}, {cfg}, {width}, {height}, {node.input}. A number behind a colon fills \
                numbers up with zeros and cuts texts. Slashes make folders. A pattern that gives two pictures one name is refused before \
                anything runs. Default: the list's name, else {prompt:40}-{id}.
                """,
            valueName: "pattern"))
    var name: String?

    @Option(
        name: .customLong("retry"),
        help: ArgumentHelp("Try a failed picture again this often.", valueName: "n"))
    var retries = 0

    @Option(
        help: ArgumentHelp(
            "Denoise up to this many pictures at once. Default: 4 small ones, no more than one of 256x256 together.",
            discussion: """
                Pictures of one size with the same model, sampler, steps and cfg are denoised as one batch, each with the noise of \
                its own seed. They are those made one by one up to rounding. Small pictures take less time so; larger ones take more \
                memory and no less time, which is why the default leaves them alone, and all where less than 1 GiB of memory is free. \
                1 never joins any.
                """,
            valueName: "n"))
    var batchSize: Int?

    @Flag(
        help: ArgumentHelp(
            "Write metadata.jsonl too: file_name, text and settings of each picture, as Hugging Face's imagefolder reads it.",
            discussion:
                "It is made anew at the end of each run, from everything that the folder's manifests say is there."
        ))
    var dataset = false

    @Option(
        help: ArgumentHelp(
            "Draw all pictures small on a sheet with labels; beyond 240 on further pages, sheet-2.png.",
            discussion:
                "A grid of two settings has a row for each value of the first and a column for each of the second.",
            valueName: "png"),
        completion: .file(extensions: ["png"]))
    var sheet: String?

    @Option(
        help: ArgumentHelp(
            "Make one of n equal parts, from 0/n to n-1/n, each with a manifest of its own; or auto, in an array job.",
            discussion: """
                auto reads the variables of Slurm, Kubernetes indexed jobs, AWS Batch, SGE and PBS. Where they do not tell n, \
                DIORAMA_SHARDS does.
                """,
            valueName: "i/n"))
    var shard: String?

    func validate() throws {
        guard count >= 1 else { throw ValidationError("--count must be 1 or more, not \(count)") }
        guard retries >= 0 else { throw ValidationError("--retry must be 0 or more, not \(retries)") }
        if let batchSize, !(1...1024).contains(batchSize) {
            throw ValidationError("--batch-size must be 1 to 1024, not \(batchSize)")
        }
        if let sheet, !sheet.lowercased().hasSuffix(".png") {
            throw ValidationError("--sheet draws a PNG file: its name must end in .png, unlike '\(sheet)'")
        }
        if noWildcards, wildcards != nil {
            throw ValidationError("--wildcards and --no-wildcards exclude each other")
        }
    }

    /// The options for the batch.
    ///
    /// - Throws: ``CommandError`` of status `usage` for a value that makes no sense.
    func options(in context: CommandContext) throws -> BatchOptions {
        var options = BatchOptions()
        options.count = count
        options.retries = retries
        // Where memory is short, pictures are made one by one.
        options.batchSize = batchSize ?? (freeMemory().map { $0 < 1 << 30 } == true ? 1 : nil)
        options.writesDataset = dataset
        options.grid = try grid.map { text in
            guard let axis = GridAxis(text) else {
                throw CommandError.usage(
                    "--grid takes setting=values, as in --grid steps=10,20 cfg=3,5; found '\(text)'")
            }
            return axis
        }
        options.wildcards = try noWildcards ? .none : Wildcards(folder: wildcardFolder(in: context))
        do {
            options.namePattern = try name.map { name throws(NamePattern.Problem) in try NamePattern(name) }
        } catch {
            throw CommandError.usage("--name: \(error)")
        }
        if let pattern = options.namePattern, count > 1, !pattern.tellsItemsOfALineApart {
            throw CommandError.usage(
                "--name '\(pattern.text)' gives all \(count) pictures of a line one name; add {index}, {seed} or {id}"
            )
        }
        options.shard = try shard.map { try Shard(option: $0, environment: context.environment) }
        return options
    }

    private func wildcardFolder(in context: CommandContext) throws -> URL? {
        guard let wildcards else { return nil }
        let folder = fileURL(wildcards, in: context.workingFolder)
        guard isFolder(folder) else {
            throw CommandError.usage("--wildcards: there is no folder '\(wildcards)'")
        }
        return folder
    }
}

extension Shard {
    /// Reads `--shard`.
    ///
    /// - Throws: ``CommandError`` of status `usage` for what is no part, and where no array job tells which one it is.
    init(option text: String, environment: [String: String]) throws {
        if text == "auto" {
            do {
                self = try Shard(environment: environment)
            } catch {
                throw CommandError.usage("--shard auto: \(error)")
            }
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1],
            let shard = Shard(index, of: count)
        else {
            throw CommandError.usage(
                "--shard takes i/n with i from 0 to n-1, as in --shard 0/4, or auto; found '\(text)'")
        }
        self = shard
    }
}
