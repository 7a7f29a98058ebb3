import DioramaGraph

/// Whether prompts are for the model that is asked with them, told by the headers of files before anything runs.
enum PromptFit {
    /// The first problems of a node that asks a model with prompts: their text encoder, and ControlNets that they carry.
    ///
    /// - Parameters:
    ///   - node: the node.
    ///   - model: the name of the input with the model.
    ///   - prompts: the names of those with prompts.
    ///   - environment: folders, and what was found before.
    /// - Returns: none where the graph does not tell.
    static func problems(
        _ node: SourceNode, model: String, prompts: [String], _ environment: RunEnvironment
    ) -> [InputProblem] {
        EncoderFit.problems(node, model: model, prompts: prompts, environment)
            + ControlFit.problems(node, model: model, prompts: prompts, environment)
    }
}
