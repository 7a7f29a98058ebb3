import DioramaJSON
import DioramaModels
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// What each family is sampled and scaled by, against ComfyUI's settings (`tools/golden/family_settings.py`).
@Suite struct FamilySettingsTests {
    /// A part of the golden.
    static func comfyUI(_ part: String) throws -> JSON.Object {
        let bytes = try Data(contentsOf: Golden.url("comfyui/families.json"))
        return try #require(JSON(parsing: Array(bytes)).object?[part]?.object)
    }

    @Test("noise and latents of a model told by its shapes", arguments: ModelFileTests.models.keys.sorted())
    func models(_ name: String) throws {
        let bytes = try Data(contentsOf: Golden.url("families/true_sizes.json"))
        let model = try #require(JSON(parsing: Array(bytes)).object?["models"]?.object?[name]?.object)
        let settings = try #require(Self.comfyUI("models")[name])
        let sampling = try #require(settings["sampling"])
        let latent = try #require(settings["latent"])
        let schedule: NoiseSchedule
        switch sampling["kind"]?.string {
        case "FLUX": schedule = .flux(shift: try #require(sampling["shift"]?.double))
        case "FLOW":
            schedule = .flow(
                shift: try #require(sampling["shift"]?.double),
                timeScale: try #require(sampling["multiplier"]?.double))
        case "IMG_TO_IMG":
            // What ComfyUI calls so are betas whose roots are evenly spaced.
            try #require(sampling["beta_schedule"]?.string == "linear")
            schedule = .picture(
                betaStart: try #require(sampling["linear_start"]?.double),
                betaEnd: try #require(sampling["linear_end"]?.double))
        default:
            // What ComfyUI calls so are betas that are evenly spaced.
            try #require(
                sampling["kind"]?.string == "EPS" && sampling["beta_schedule"]?.string == "sqrt_linear")
            schedule = .epsilon(
                betaStart: try #require(sampling["linear_start"]?.double),
                betaEnd: try #require(sampling["linear_end"]?.double))
        }
        let format = LatentFormat(
            scale: Float(try #require(latent["scale"]?.double)),
            shift: Float(try #require(latent["shift"]?.double)))
        for spelling in ["original", "diffusers"] {
            let file = try DiffusionFile(ShapesAlone(try #require(model[spelling]?.object), prefix: ""))
            #expect(file.schedule == schedule, "\(spelling)")
            #expect(file.latentFormat == format, "\(spelling)")
            #expect(try file.latentChannels == latent["channels"]?.integer, "\(spelling)")
        }
    }

    @Test("autoencoders of true size are told by their shapes", arguments: ["sdxl_vae", "ae", "flux2-vae"])
    func autoencoders(_ name: String) throws {
        let settings = try #require(Self.comfyUI("autoencoders")[name])
        for prefix in ["", "first_stage_model.", "vae."] {
            let file = try AutoencoderFile(
                ShapesAlone(try #require(settings["tensors"]?.object), prefix: prefix))
            let config = try file.config
            #expect(config.latentChannels == settings["channels"]?.integer)
            #expect(config.factor == settings["factor"]?.integer)
            #expect(config.channels == settings["levels"]?.array?.compactMap(\.integer))
            #expect(config.decoderChannels == config.channels)
            #expect(config.layersPerLevel == settings["layers"]?.integer)
            #expect(config.hasQuantConv == settings["quantises"]?.bool)
            #expect(config.hasPostQuantConv == config.hasQuantConv && config.hasMidAttention)
        }
    }
}
