import ArgumentParser
import DioramaGraph
import FoundationEssentials

/// Where models and input pictures lie.
struct FolderOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A folder with models. May be given many times; the first that has the model wins.",
            discussion: """
                Default: the folders of DIORAMA_MODELS (separated by colons); else every models/ and samples/models/ in \
                the graph's folder, the working folder, or any parent of either.
                """,
            valueName: "dir"),
        completion: .directory)
    var models: [String] = []

    @Option(
        name: .customLong("extra-model-paths"), parsing: .singleValue,
        help: ArgumentHelp(
            "A file that names more folders with models, as ComfyUI's extra_model_paths.yaml. May be given many times.",
            discussion: "Default: the files of DIORAMA_EXTRA_MODEL_PATHS (separated by colons).",
            valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var extraModelPaths: [String] = []

    @Option(
        help: ArgumentHelp(
            "The folder that LoadImage reads from.",
            discussion: """
                Default: the first input/ or samples/input/ in the graph's folder, the working folder, or any parent \
                of either; else the graph's folder.
                """,
            valueName: "dir"),
        completion: .directory)
    var input: String?

    func validate() throws {
        try refuseEmptyPaths(models, of: "--models")
        try refuseEmptyPaths(extraModelPaths, of: "--extra-model-paths")
        try refuseEmptyPaths([input], of: "--input")
    }

    /// The folders, with those not given found as ``ModelSearch`` says.
    ///
    /// - Parameters:
    ///   - graphFolder: where the graph lies; nil for standard input and for no graph.
    ///   - context: working folder and environment.
    ///   - output: where pictures go; `output/` in the working folder when nil.
    /// - Returns: folders, of which the models and input folders exist.
    /// - Throws: ``CommandError`` of status `usage` for a folder or file that is not there, `wrongData` for a list of folders that
    ///   cannot be read.
    func folders(graphFolder: URL?, in context: CommandContext, output: URL? = nil) throws -> Folders {
        let search = ModelSearch(
            graphFolder: graphFolder, workingFolder: context.workingFolder, environment: context.environment)
        return Folders(
            models: try search.modelFolders(given: models),
            extraModels: try search.extraModelFolders(given: extraModelPaths),
            input: try search.inputFolder(given: input),
            output: output ?? context.workingFolder.appending(path: "output", directoryHint: .isDirectory),
            temp: FileManager.default.temporaryDirectory.appending(
                path: "diorama", directoryHint: .isDirectory))
    }
}
