import DioramaBatch
import DioramaFiles
package import DioramaGraph
import DioramaImage
import DioramaModels
import DioramaNodes
import DioramaSampling
import DioramaTokenizers
import DioramaWeights

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A failure with a sentence for the user and the status the process ends with.
package struct CommandError: Error, CustomStringConvertible, Sendable {
    /// What the process returns.
    package let status: CommandStatus
    /// One or more sentences; no prefix, no final newline.
    package let message: String
    /// What programs are told besides, as the member `graph` of the `error` line.
    package let detail: JSON?

    /// A failure that ends the command.
    package init(_ status: CommandStatus, _ message: String, detail: JSON? = nil) {
        self.status = status
        self.message = message
        self.detail = detail
    }

    package var description: String { message }

    /// A command line that cannot be carried out.
    static func usage(_ message: String) -> CommandError { CommandError(.usage, message) }

    /// A graph or file that is wrong.
    static func data(_ message: String) -> CommandError { CommandError(.wrongData, message) }
}

extension CommandError {
    /// What `error`, from whichever room, means for the user and for the process.
    ///
    /// Errors of graphs, models and pictures are wrong data, also when they are found while running; everything else failed.
    package init(_ error: any Error) {
        switch error {
        case let error as CommandError: self = error
        case let error as Interruption: self.init(error.status, "stopped")
        case let error as GraphError: self.init(graph: "the graph", error)
        case let error as SettingError: self.init(error)
        case let error as RunFailure:
            let statuses = error.failures.map { Self.status(of: $0.underlying) }
            self.init(statuses.contains(.failed) ? .failed : .wrongData, error.description)
        default: self.init(Self.status(of: error), "\(error)")
        }
    }

    /// Whether `error` lies in the data or in the run.
    private static func status(of error: any Error) -> CommandStatus {
        switch error {
        case is GraphError, is InputError, is TokenizerError: .wrongData
        case let error as ExpansionFailure:
            error.failures.contains { status(of: $0.underlying) == .failed } ? .failed : .wrongData
        case let error as WeightsError: isOfTheMachine(error.code) ? .failed : .wrongData
        case is ModelInputError, is SamplingError, is ListError: .wrongData
        case is BatchFolderError: .stopped
        case let error as FolderError: error.isWrongName ? .wrongData : .failed
        case let error as UnreadablePicture: status(of: error.reason)
        case let error as ImageError:
            [.outOfMemory, .invalidArgument].contains(error.code) ? .failed : .wrongData
        case let error as FileError:
            error.action == "read" && !isOfTheMachine(error.code) ? .wrongData : .failed
        default: .failed
        }
    }

    /// Whether the system's number for a problem with reading tells of the machine and not of the file.
    private static func isOfTheMachine(_ code: Int32?) -> Bool {
        [ENOMEM, EMFILE, ENFILE].contains(code)
    }

    /// The `error` line of JSON output.
    package var json: JSON {
        var members = JSON.Object([
            ("event", "error"), ("status", .integer(Int(status.rawValue))), ("message", .string(message)),
        ])
        members["graph"] = detail
        return .object(members)
    }
}

extension CommandError {
    /// A setting that has no one place in the graph, in words of the command line.
    init(_ error: SettingError) {
        let subject =
            switch error.subject {
            case .setting(let setting):
                [.width, .height].contains(setting) ? "--size" : "--\(setting.rawValue)"
            case .input(let path): "--set \(path)"
            }
        let advice = error.choices.map { choices in
            let forms = choices.map { "--set \($0.contains(" ") ? "'\($0)=...'" : "\($0)=...")" }
            return forms.isEmpty
                ? "; name the input yourself with --set node.input=value"
                : "; choose with " + forms.joined(separator: " or ")
        }
        self.init(.usage, "\(subject): \(error.problem)\(advice ?? "")")
    }
}

extension FolderError {
    /// Whether the graph named something that is not there or not allowed.
    fileprivate var isWrongName: Bool {
        switch self {
        case .refused, .missing: true
        default: false
        }
    }
}
