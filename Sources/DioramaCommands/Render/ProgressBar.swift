import Synchronization

/// What the progress line shows at one moment.
package struct ProgressState: Sendable, Equatable {
    /// Title of the node at work.
    package var title: String
    /// Steps done and steps there are; nil while the node has not said.
    package var step: Int?, total: Int?
    /// The part of the step that is at work, such as `block 3/24`; nil where steps are short.
    package var unit: String?
    /// Seconds a step takes; nil before the first is done.
    package var secondsPerStep: Double?
    /// Seconds since the render began.
    package var elapsed: Double

    /// A moment of a render.
    package init(
        title: String, step: Int? = nil, total: Int? = nil, unit: String? = nil,
        secondsPerStep: Double? = nil, elapsed: Double
    ) {
        self.title = title
        self.step = step
        self.total = total
        self.unit = unit
        self.secondsPerStep = secondsPerStep
        self.elapsed = elapsed
    }
}

/// The line for `state`, at most `columns - 1` columns wide so that no terminal wraps it:
/// `KSampler  ━━━━━━━━────────  5/20  3.2 it/s  4.7 s left  1.6 s`.
///
/// Where the line is too long, first the bar shrinks, then it goes, then the title is cut.
package func progressLine(_ state: ProgressState, columns: Int) -> String {
    var figures: [String] = []
    var fraction: Double?
    if let step = state.step, let total = state.total, total > 0 {
        let done = min(max(step, 0), total)
        fraction = Double(done) / Double(total)
        figures.append("\(done)/\(total)")
        if let unit = state.unit { figures.append(unit) }
        if let each = state.secondsPerStep, each > 0 {
            figures.append(each < 1 ? fixed(1 / each, 1) + " it/s" : fixed(each, 1) + " s/it")
            if done < total { figures.append(clock(each * Double(total - done)) + " left") }
        }
    }
    figures.append(clock(state.elapsed))
    return liveLine(state.title, figures: figures, fraction: fraction, columns: columns)
}

/// A title, a bar and figures, at most `columns - 1` columns wide.
///
/// - Parameters:
///   - title: cut where the line is too long even without a bar.
///   - figures: kept whole.
///   - fraction: how much of the bar is filled, 0 to 1; no bar when nil.
///   - columns: the width of the terminal.
/// - Returns: the line.
package func liveLine(_ title: String, figures: [String], fraction: Double?, columns: Int) -> String {
    let room = max(0, columns - 1)
    let title = printable(String(title.map { $0.isNewline ? " " : $0 }))
    let tail = figures.joined(separator: "  ")

    let plain = title + "  " + tail
    let width = DioramaCommands.columns(of: plain)
    guard width <= room else {
        let rest = room - tail.count - 2
        return rest > 1 ? beginning(of: title, columns: rest - 1) + "…  " + tail : String(tail.prefix(room))
    }
    guard let fraction else { return plain }
    let bar = min(30, room - width - 2)
    guard bar >= 5 else { return plain }
    let filled = Int((fraction * Double(bar)).rounded(.down))
    let drawn = String(repeating: "━", count: filled) + String(repeating: "─", count: bar - filled)
    return title + "  " + drawn + "  " + tail
}
