/// How a family measures noise: the formula of its levels, and what it is told of them.
public enum NoiseSchedule: Hashable, Sendable {
    /// Flow matching with a fixed shift; the model is told the level times `timeScale`.
    case flow(shift: Double, timeScale: Double)
    /// Flow matching shifted as Flux is, by an exponent; the model is told the level.
    case flux(shift: Double)
    /// A model that predicts noise, of betas that are evenly spaced; it is told the step's number.
    case epsilon(betaStart: Double, betaEnd: Double)
    /// A model that gives the picture itself, of betas whose square roots are evenly spaced; it is told the step's number.
    case picture(betaStart: Double, betaEnd: Double)
}
