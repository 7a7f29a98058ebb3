extension GraphSettings {
    /// The places to write for a setting: inputs of one node.
    ///
    /// - Parameter setting: what to change.
    /// - Returns: at least one place, all of the same node.
    /// - Throws: `SettingError` when there is no place, or there are several nodes to choose from.
    public func decisivePlaces(of setting: Setting) throws(SettingError) -> [Place] {
        let places = places(of: setting)
        guard !places.isEmpty else { throw missing(setting) }
        guard Set(places.map(\.nodeID)).count == 1 else { throw ambiguous(setting, places) }
        if setting == .negative, let shared = places.first(where: self.places(of: .prompt).contains) {
            throw SettingError(
                .setting(setting),
                "the prompt and the negative prompt are one node, \(label(shared.nodeID)); "
                    + "give the graph a second text encoder")
        }
        return places
    }

    private func missing(_ setting: Setting) -> SettingError {
        let samplers = samplers
        guard !samplers.isEmpty else {
            return SettingError(
                .setting(setting),
                "the graph has no sampler (a node with a latent_image input) to start from", choices: [])
        }
        let what =
            switch setting {
            case .prompt: "no text encoder was found behind 'positive'"
            case .negative: "no text encoder was found behind 'negative'"
            case .seed, .steps, .cfg: "no input '\(setting.rawValue)' was found"
            case .width, .height: "no node with width and height was found behind 'latent_image'"
            }
        let names = samplers.map { NodeLabel($0).description }.joined(separator: ", ")
        return SettingError(.setting(setting), "\(what) of \(names)", choices: [])
    }

    private func ambiguous(_ setting: Setting, _ places: [Place]) -> SettingError {
        let names = places.map { label($0.nodeID) }.joined(separator: ", ")
        return SettingError(
            .setting(setting), "the graph has \(places.count) places for it: \(names)",
            choices: places.map { "\($0.nodeID).\($0.input)" })
    }

    /// A node as messages name it: `refine (KSampler)`.
    private func label(_ nodeID: String) -> String {
        file[nodeID].map { NodeLabel($0).description } ?? nodeID
    }
}
