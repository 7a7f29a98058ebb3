// What `import Diorama` gives: graphs and nodes, models with their hooks, samplers and guidance, layers, weights, tensors.
@_exported public import DioramaGraph
@_exported public import DioramaModels
@_exported public import DioramaNN
@_exported public import DioramaNodes
@_exported public import DioramaSampling
@_exported public import DioramaTensor
@_exported public import DioramaWeights
