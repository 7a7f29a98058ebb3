package import ArgumentParser
package import Diorama

/// Whether and how a render shows what it is making.
package struct PreviewOptions: ParsableArguments {
    @Option(
        name: .customLong("preview"),
        help: ArgumentHelp(
            "A .png, .jpg or .jpeg file that shows the picture while it is made.",
            discussion: """
                Replaced as a whole, so that it can be looked at at any time. It is made of the latent: by the family's tiny \
                autoencoder where models/vae_approx has it (taesd, taesdxl, taesd3, taef1 or taef2), else a color for each cell.
                """,
            valueName: "file"),
        completion: .file(extensions: ["png", "jpg", "jpeg"]))
    package var file: String?

    @Option(
        name: .customLong("preview-every"), parsing: .unconditional,
        help: ArgumentHelp(
            "Steps from one preview to the next; the last step always has one.", valueName: "n"))
    package var interval = 1

    @Option(
        name: .customLong("preview-method"),
        help: "How previews are made: auto, rgb (colors) or tiny (the tiny autoencoder).")
    var method = Method.auto

    /// How previews are made.
    enum Method: String, ExpressibleByArgument, CaseIterable {
        case auto, rgb, tiny
    }

    package func validate() throws {
        try refuseEmptyPaths([file], of: "--preview")
        guard interval >= 1 else {
            throw ValidationError("--preview-every must be 1 or more, not \(interval)")
        }
        if let file, Self.format(of: file) == nil {
            throw ValidationError("--preview takes a .png, .jpg or .jpeg file, not \(file)")
        }
    }

    /// What samplers shall show; nil where nothing is wanted.
    package var previews: LatentPreviews? {
        file.flatMap(Self.format).map {
            LatentPreviews(every: interval, by: .init(rawValue: method.rawValue) ?? .auto, as: $0)
        }
    }

    /// For the parser.
    package init() {}

    private static func format(of file: String) -> LatentPreviews.Format? {
        switch file.split(separator: ".").last?.lowercased() {
        case "png": .png
        case "jpg", "jpeg": .jpeg
        default: nil
        }
    }
}
