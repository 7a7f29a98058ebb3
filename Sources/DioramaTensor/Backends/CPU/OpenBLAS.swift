import COpenBLAS
import Synchronization

/// OpenBLAS's matrix product, loaded when it is first asked for.
final class OpenBLAS: Sendable {
    /// One product on the calling thread: c[m, n] = a[m, k] · b, b being [n, k] if transposed.
    struct Product: Sendable {
        fileprivate let function: dob_sgemm
        fileprivate let library: UInt

        func callAsFunction(
            _ c: MutableFloats, stride cStride: Int, _ a: Floats, stride aStride: Int, _ b: Floats,
            stride bStride: Int,
            transposed: Bool, m: Int, n: Int, k: Int
        ) {
            function(
                c, cStride, a, aStride, b, bStride, transposed, m, n, k, UnsafeRawPointer(bitPattern: library)
            )
        }
    }

    private enum State {
        case unknown
        case absent
        case loaded(Product)
    }

    private let state = Mutex(State.unknown)

    /// The product, or nil if this machine has no OpenBLAS.
    var product: Product? {
        state.withLock { state in
            if case .unknown = state {
                let loaded = dob_load()
                state =
                    loaded.sgemm.map {
                        .loaded(Product(function: $0, library: UInt(bitPattern: loaded.library)))
                    } ?? .absent
            }
            guard case .loaded(let product) = state else { return nil }
            return product
        }
    }
}
