import DioramaGraph
import DioramaModels
import DioramaWeights

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Whether files hold vision and style models, and whether these belong together, told by their headers before anything runs.
enum StyleFit {
    /// The problem of a loader whose file holds no vision model; nil where it does, or the graph does not tell.
    static func problem(
        ofVision loader: SourceNode, _ input: String, _ environment: RunEnvironment
    ) -> InputProblem? {
        problem(input, facts(environment).vision(loader, environment))
    }

    /// The problem of a loader whose file holds no style model; nil where it does, or the graph does not tell.
    static func problem(
        ofStyle loader: SourceNode, _ input: String, _ environment: RunEnvironment
    ) -> InputProblem? {
        problem(input, facts(environment).style(loader, environment))
    }

    private static func problem<Config>(
        _ input: String, _ found: StyleFacts.Found<Config>?
    ) -> InputProblem? {
        guard case .problem(let text) = found else { return nil }
        return InputProblem(input, "the file \(text)")
    }

    /// The problem of a node that applies a style model to what a vision model of another width sees; none where the graph does not tell.
    ///
    /// - Parameters:
    ///   - node: the node.
    ///   - style: the name of the input with the style model.
    ///   - vision: the name of that with what a vision model sees.
    ///   - environment: folders, and what was found before.
    /// - Returns: one problem at most.
    static func problems(
        _ node: SourceNode, style: String, vision: String, _ environment: RunEnvironment
    ) -> [InputProblem] {
        let facts = facts(environment)
        guard let styleLoader = node.source(of: style)?.origin(ofType: StyleModel.portType),
            let encoder = node.source(of: vision)?.origin(ofType: CLIPVisionOutput.portType),
            let visionLoader = encoder.source(ofType: CLIPVision.portType)?.origin(
                ofType: CLIPVision.portType),
            case .config(let wanted) = facts.style(styleLoader, environment),
            case .config(let given) = facts.vision(visionLoader, environment),
            given.width != wanted.inputWidth
        else { return [] }
        return [InputProblem(vision, ReduxEncoder.misfit(given: given.width, wanted: wanted.inputWidth))]
    }

    private static func facts(_ environment: RunEnvironment) -> StyleFacts {
        environment.resources[StyleFacts.self] ?? StyleFacts()
    }
}

/// The vision and style models in files, kept for the next graph.
package final class StyleFacts: Sendable {
    /// What a header tells.
    enum Found<Config: Sendable>: Sendable {
        /// There is a model.
        case config(Config)
        /// There is none that can be loaded; says what is there.
        case problem(String)

        /// What reading a configuration tells of a file.
        init(_ read: () throws -> Config) {
            do { self = .config(try read()) } catch {
                self = .problem((error as? WeightsError)?.problem ?? "\(error)")
            }
        }
    }

    private let visions = HeaderFacts<Found<CLIPVisionConfig>>()
    private let styles = HeaderFacts<Found<ReduxEncoder.Config>>()

    /// Knows none.
    package init() {}

    /// The vision model that a loader loads; nil where the graph or the file does not tell.
    func vision(_ loader: SourceNode, _ environment: RunEnvironment) -> Found<CLIPVisionConfig>? {
        guard loader.className == CLIPVisionLoader.spec.className else { return nil }
        return file(loader, "clip_name", WeightsChoice.visionModels, environment).flatMap { url in
            visions.fact("vision model", of: url) { source in Found { try CLIPVisionFile(source).config } }
        }
    }

    /// The style model that a loader loads; nil where the graph or the file does not tell.
    func style(_ loader: SourceNode, _ environment: RunEnvironment) -> Found<ReduxEncoder.Config>? {
        guard loader.className == StyleModelLoader.spec.className else { return nil }
        return file(loader, "style_model_name", WeightsChoice.styleModels, environment).flatMap { url in
            styles.fact("style model", of: url) { source in Found { try StyleModelFile(source).config } }
        }
    }

    private func file(
        _ loader: SourceNode, _ input: String, _ choice: WeightsChoice, _ environment: RunEnvironment
    ) -> URL? {
        guard let name = loader.literal(input)?.string,
            let url = try? environment.folders.model(name, in: choice.kinds), WeightsChoice.isWeights(url)
        else { return nil }
        return url
    }
}
