import DioramaGraph
import DioramaModels
import DioramaWeights

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The tiny autoencoders of the vae_approx folders: `taesd_decoder.safetensors` and `taesd_encoder.safetensors` are `taesd`.
enum TinyAutoencoders {
    private static let kinds = ["vae_approx"]

    /// Those that can be chosen: both files are there.
    static func names(_ folders: Folders) -> [String] {
        let found = files(in: folders)
        return TinyAutoencoderFile.names.filter { name in
            found.contains { $0.hasPrefix("\(name)_decoder.") }
                && found.contains { $0.hasPrefix("\(name)_encoder.") }
        }
    }

    /// The files of the one called `name`; nil where it is no such name, or there is no decoder.
    static func files(_ name: String, _ folders: Folders) -> (decoder: URL, encoder: URL?)? {
        guard TinyAutoencoderFile.names.contains(name) else { return nil }
        let found = files(in: folders)
        func url(_ part: String) -> URL? {
            found.first { $0.hasPrefix("\(name)_\(part).") }.flatMap { try? folders.model($0, in: kinds) }
        }
        return url("decoder").map { ($0, url("encoder")) }
    }

    /// The tiny autoencoder called `name`; nil where it is no such name, or there is no decoder.
    ///
    /// - Throws: `WeightsError` for files that cannot be read, or are something else.
    static func file(_ name: String, _ folders: Folders) throws -> TinyAutoencoderFile? {
        guard let files = files(name, folders) else { return nil }
        return try TinyAutoencoderFile(
            decoder: try WeightsFile(files.decoder).open(),
            encoder: try files.encoder.map { try WeightsFile($0).open() })
    }

    /// Says what is wrong with the files of the one called `name`; nil where there are none.
    static func refusal(_ name: String, _ folders: Folders) -> String? {
        guard TinyAutoencoderFile.names.contains(name) else { return nil }
        let choice = WeightsChoice(kinds: kinds, wanted: "a part of a tiny autoencoder")
        let parts = folders.models(in: kinds) { url in
            ["decoder", "encoder"].contains { url.lastPathComponent.hasPrefix("\(name)_\($0).") }
        }
        return parts.lazy.compactMap { part in
            (try? folders.model(part, in: kinds)).flatMap { choice.refusal(of: $0) }.map {
                "its part \(part): \($0)"
            }
        }.first
    }

    private static func files(in folders: Folders) -> [String] {
        folders.models(in: kinds, where: WeightsChoice.isWeights)
    }
}
