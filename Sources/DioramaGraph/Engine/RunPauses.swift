/// A resource of a run: told when the run waits for a result that another run is making.
///
/// Runs that wait for one another in ways of their own, as for a common batch, must know of such waits: a run that waits for
/// another's result does not get further before the other does.
public struct RunPauses: Sendable {
    let onPause, onResume: @Sendable () -> Void

    /// Tells of waits.
    ///
    /// - Parameters:
    ///   - onPause: a wait begins; may be called several times before `onResume`, by nodes that run side by side.
    ///   - onResume: a wait has ended.
    public init(onPause: @escaping @Sendable () -> Void, onResume: @escaping @Sendable () -> Void) {
        self.onPause = onPause
        self.onResume = onResume
    }
}
