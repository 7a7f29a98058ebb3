/// How the process ends.
///
/// | code | meaning |
/// |---|---|
/// | 0 | done |
/// | 1 | failed while running: the machine, the disk, an output that cannot be written |
/// | 64 | wrong usage: an option or argument (`EX_USAGE`) |
/// | 65 | wrong data: the graph, or a model or image file it names (`EX_DATAERR`) |
/// | 75 | stopped, and the same command goes on: a batch (`EX_TEMPFAIL`) |
/// | 130 | stopped by Ctrl-C |
/// | 143 | stopped by SIGTERM |
package enum CommandStatus: Int32, Sendable, CaseIterable {
    /// Everything asked for was done.
    case done = 0
    /// The graph was right, running it failed.
    case failed = 1
    /// The command line is wrong.
    case usage = 64
    /// The graph, or a file it names, is wrong.
    case wrongData = 65
    /// A batch was stopped, or cannot write now; running it again goes on.
    case stopped = 75
    /// Stopped by SIGINT.
    case interrupted = 130
    /// Stopped by SIGTERM.
    case terminated = 143

    /// The table above as help text.
    package static let help = """
        EXIT CODES
          0    done
          1    failed while running (disk full, output not writable, out of memory)
          64   wrong usage: an option or argument
          65   wrong graph, or a wrong model or image file
          75   a batch stopped early; the same command goes on where it was
          130  stopped by Ctrl-C (143: by SIGTERM)
        """
}
