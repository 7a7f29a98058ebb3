import DioramaCommands
import VignetteNodes

// The whole diorama command, with one node more.
await DioramaCommand.main(nodes: [Vignette.self])
