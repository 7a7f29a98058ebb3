public import DioramaGraph
import DioramaTensor

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension RunContext {
    /// A context to run one node by itself, as a test of the node does: on the processor, without an engine.
    ///
    /// - Parameters:
    ///   - node: the node's type.
    ///   - folders: where it reads and writes; the temporary folder when nil.
    /// - Returns: a context whose progress and previews go nowhere.
    public static func standalone<N: Node>(_ node: N.Type, folders: Folders? = nil) -> RunContext {
        let temp = FileManager.default.temporaryDirectory
        let folders = folders ?? Folders(models: [], input: temp, output: temp, temp: temp)
        return RunContext(
            node: NodeLabel(id: node.spec.className, className: node.spec.className),
            environment: RunEnvironment(folders: folders, resources: Resources().with(Device.cpu())))
    }
}
