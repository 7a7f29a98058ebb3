import DioramaTensor
import Synchronization

/// Notes what a model asks of a file that the file does not have.
///
/// Tensors stand in for those of the file, on a device that computes nothing, so that a survey reads no weights and takes no memory.
final class Survey: Sendable {
    /// As many tensors are named.
    static let mostNamed = 20
    /// Elements of the largest tensor that is stood in for, more than any published one has.
    private static let mostElements = 1 << 30

    /// Where the stand-ins are.
    let device = Device.planning(threads: 1, countsProcess: false)
    private let state = Mutex(State())

    private struct State {
        var problems: [String] = []
        var keys: Set<String> = []
        var standIn: Tensor?
        var spellings: Spellings?
    }

    /// Ends a survey.
    private struct TooLarge: Error {}

    /// Notes what is wrong with the tensor `key` of the file; only the first problem of each counts.
    func note(_ problem: String, _ key: String) {
        state.withLock { state in
            if state.keys.insert(key).inserted, state.keys.count <= Self.mostNamed {
                state.problems.append(problem)
            }
        }
    }

    /// How the file spells its tensors.
    func spellings(of root: Weights.Root) -> Spellings {
        state.withLock { state in
            let spellings = state.spellings ?? Spellings(root)
            state.spellings = spellings
            return spellings
        }
    }

    /// A tensor of this shape, of undefined content.
    ///
    /// - Throws: where it would have more elements than any that models have.
    func standIn(_ shape: Shape) throws -> Tensor {
        var count = 1
        for extent in shape.dims {
            let (product, overflows) = count.multipliedReportingOverflow(by: extent)
            guard !overflows, product <= Self.mostElements else { throw TooLarge() }
            count = product
        }
        return state.withLock { state in
            if let tensor = state.standIn, tensor.count >= count { return tensor[0..<count].reshaped(shape) }
            let tensor = Tensor.zeros([count], dtype: .bf16, on: device)
            state.standIn = tensor
            return tensor.reshaped(shape)
        }
    }

    /// The error with all that was noted; `first` itself where it has another reason.
    func error(after first: WeightsError) -> WeightsError {
        let (problems, count) = state.withLock { ($0.problems, $0.keys.count) }
        guard count > 0 else { return first }
        let advice = "file may be damaged or of another model: fetch it again, or take one that fits"
        guard count > 1 else { return WeightsError(first.place, "\(first.problem); the \(advice)") }
        let rest = count > problems.count ? "; and \(count - problems.count) more" : ""
        return WeightsError(
            first.place,
            "\(count) tensors do not fit the model: \(problems.joined(separator: "; "))\(rest). The \(advice)"
        )
    }
}
