import DioramaSampling
import DioramaTensor

/// A prompt whose part of the picture is known in cells.
struct PlacedPrompt: Sendable {
    /// The prompt.
    private(set) var entry: Conditioning.Entry
    /// The cells that the model is asked about, which may reach beyond the latent; all when nil.
    let area: CellRectangle?

    /// Finds the cells of a prompt.
    ///
    /// - Parameters:
    ///   - entry: the prompt.
    ///   - latent: the latents' shape, [B, C, H, W].
    init(_ entry: Conditioning.Entry, in latent: Shape) {
        self.entry = entry
        area =
            entry.asksAboutMaskBounds
            ? entry.mask?.bounds(in: latent) : entry.area?.rectangle(ofHeight: latent[2], width: latent[3])
    }

    /// Groups of prompts in which each prompt with an area has one with the same area in every other group, so that
    /// guidance compares what the model sees of the same part; as ComfyUI's `create_cond_with_same_area_if_none`.
    ///
    /// - Parameter groups: prompts whose predictions will be compared with one another.
    /// - Returns: the groups, with more prompts at their ends.
    static func matched(_ groups: [[PlacedPrompt]]) -> [[PlacedPrompt]] {
        var groups = groups
        for index in groups.indices {
            for prompt in groups[index] {
                for other in groups.indices where other != index {
                    if let opposite = prompt.opposite(among: groups[other]) { groups[other].append(opposite) }
                }
            }
        }
        return groups
    }

    /// This prompt's place, time and weight with the text of the closest of others; nil where none is needed.
    private func opposite(among others: [PlacedPrompt]) -> PlacedPrompt? {
        guard let area else { return nil }
        var closest: PlacedPrompt?
        for other in others {
            guard let theirs = other.area else {
                closest = closest ?? other
                continue
            }
            guard theirs.contains(area) else { continue }
            if let best = closest?.area, best.count <= theirs.count { continue }
            closest = other
        }
        guard let closest, closest.area != area else { return nil }
        var opposite = self
        opposite.entry.context = closest.entry.context
        opposite.entry.guidance = closest.entry.guidance
        return opposite
    }
}

extension Mask {
    /// The smallest rectangle of a latent's cells that holds all that the masks cover, at least 8 by 8 cells.
    fileprivate func bounds(in latent: Shape) -> CellRectangle {
        let (height, width) = (latent[2], latent[3])
        let planes = planes(for: [coverage.shape[0], 1, height, width])
        var (rows, columns) = (Set<Int>(), Set<Int>())
        planes.withFloats { values in
            for (index, value) in values.enumerated() where value != 0 {
                rows.insert(index / width % height)
                columns.insert(index % width)
            }
        }
        guard let top = rows.min(), let bottom = rows.max(), let left = columns.min(),
            let right = columns.max()
        else { return CellRectangle(top: 0, left: 0, height: 8, width: 8) }
        return CellRectangle(
            top: top, left: left, height: max(8, bottom - top + 1), width: max(8, right - left + 1))
    }
}
