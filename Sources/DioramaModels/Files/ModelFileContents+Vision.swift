import DioramaJSON

extension ModelFileContents.Part {
    init(_ file: CLIPVisionFile) {
        (role, name, prefix, needs) = (.visionModel, file.name, "", [])
        load = { try file.make(on: $0).1 }
        do {
            config = try file.config.shown
            problem = nil
        } catch {
            (config, problem) = (JSON.Object(), Self.text(error))
        }
    }

    init(_ file: StyleModelFile) {
        (role, name, prefix) = (.styleModel, StyleModelFile.name, "")
        load = { try file.make(on: $0).1 }
        do {
            let found = try file.config
            (config, problem, needs) = (found.shown, nil, [.visionModel(width: found.inputWidth)])
        } catch {
            (config, problem, needs) = (JSON.Object(), Self.text(error), [])
        }
    }
}
