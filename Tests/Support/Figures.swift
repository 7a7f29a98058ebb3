import Foundation

/// Prints a measured figure when the environment has DIORAMA_FIGURES, as `make figures` sets it.
public func figure(_ text: @autoclosure () -> String) {
    if ProcessInfo.processInfo.environment["DIORAMA_FIGURES"] != nil { print(text()) }
}
