// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library target whose folder is `Sources/<name>`.
func room(_ name: String, needs: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: needs, swiftSettings: strict)
}

/// The tests of `room`, in `Tests/<room>Tests`.
func tests(of room: String, also: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(room)Tests", dependencies: [.init(stringLiteral: room)] + also, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "diorama",
    products: [
        .library(name: "Diorama", targets: ["Diorama"]),
        .library(name: "DioramaBatch", targets: ["DioramaBatch"]),
        .library(name: "DioramaCommands", targets: ["DioramaCommands"]),
        .executable(name: "diorama", targets: ["DioramaCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // The machine: C kernels, and thin doors to system libraries. OpenBLAS is loaded when first needed;
        // setjmp never leaves C.
        .target(name: "CKernels"),
        .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("z")]),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),

        // What several rooms need: text in JSON, reading and writing files.
        room("DioramaJSON"),
        room("DioramaFiles"),

        // Four roots that do not know each other: graphs, text, images, numbers.
        room("DioramaGraph", needs: ["DioramaJSON"]),
        room("DioramaTokenizers", needs: ["DioramaJSON", "DioramaFiles"]),
        room("DioramaImage", needs: ["DioramaJSON", "CPNG", "CJPEG"]),
        room("DioramaTensor", needs: ["CKernels", "COpenBLAS"]),

        // Weights, layers, models and sampling: on tensors only.
        room("DioramaWeights", needs: ["DioramaTensor", "DioramaJSON", "DioramaFiles"]),
        room("DioramaNN", needs: ["DioramaTensor", "DioramaWeights"]),
        room("DioramaSampling", needs: ["DioramaTensor"]),
        room("DioramaModels", needs: ["DioramaNN", "DioramaTokenizers"]),

        // Where graphs, models and images meet.
        room(
            "DioramaNodes",
            needs: ["DioramaGraph", "DioramaModels", "DioramaSampling", "DioramaImage", "DioramaFiles"]),
        room("Diorama", needs: ["DioramaNodes"]),

        // Many pictures from a list.
        room("DioramaBatch", needs: ["Diorama"]),

        // The command.
        room("DioramaCommands", needs: ["DioramaBatch", argumentParser]),
        .executableTarget(name: "DioramaCLI", dependencies: ["DioramaCommands"], swiftSettings: strict),

        // Tests.
        .target(
            name: "DioramaTestSupport", dependencies: ["DioramaWeights", "DioramaImage"],
            path: "Tests/Support", swiftSettings: strict),
        tests(of: "DioramaJSON"),
        tests(of: "DioramaFiles", also: ["DioramaTestSupport"]),
        tests(of: "DioramaGraph"),
        tests(of: "DioramaTokenizers", also: ["DioramaTestSupport"]),
        tests(of: "DioramaImage", also: ["DioramaTestSupport"]),
        tests(of: "DioramaTensor", also: ["CKernels", "DioramaTestSupport"]),
        tests(of: "DioramaWeights", also: ["DioramaTestSupport"]),
        tests(of: "DioramaNN", also: ["DioramaTestSupport"]),
        tests(of: "DioramaSampling", also: ["DioramaTestSupport"]),
        tests(of: "DioramaModels", also: ["DioramaTestSupport"]),
        tests(of: "DioramaNodes", also: ["Diorama", "DioramaTestSupport"]),
        tests(of: "DioramaBatch", also: ["DioramaTestSupport"]),
        tests(of: "DioramaCommands", also: ["Diorama", "DioramaTestSupport"]),
    ],
    cLanguageStandard: .c11
)
