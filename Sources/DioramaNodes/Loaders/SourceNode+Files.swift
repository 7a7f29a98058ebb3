import DioramaGraph

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension SourceNode {
    /// The weights file that a loader's input names; nil where the graph does not tell, or there is none.
    func file(_ input: String, _ choice: WeightsChoice, _ environment: RunEnvironment) -> URL? {
        guard let name = literal(input)?.string,
            let url = try? environment.folders.model(
                name, in: choice.kinds, includingRoots: choice.includesRoots),
            WeightsChoice.isWeights(url)
        else { return nil }
        return url
    }

    /// The file with the diffusion model that it loads; nil where the graph does not tell, or there is none.
    func diffusionFile(_ environment: RunEnvironment) -> URL? {
        switch className {
        case UNETLoader.spec.className: file("unet_name", .diffusionModels, environment)
        case CheckpointLoaderSimple.spec.className: file("ckpt_name", .checkpoints, environment)
        default: nil
        }
    }
}
