// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "diorama-vignette",
    products: [
        .library(name: "VignetteNodes", targets: ["VignetteNodes"]),
        .executable(name: "diorama-vignette", targets: ["diorama-vignette"]),
    ],
    dependencies: [.package(name: "diorama", path: "../..")],
    targets: [
        .target(name: "VignetteNodes", dependencies: [.product(name: "Diorama", package: "diorama")]),
        .executableTarget(
            name: "diorama-vignette",
            dependencies: ["VignetteNodes", .product(name: "DioramaCommands", package: "diorama")]),
        .testTarget(name: "VignetteNodesTests", dependencies: ["VignetteNodes"]),
    ]
)
