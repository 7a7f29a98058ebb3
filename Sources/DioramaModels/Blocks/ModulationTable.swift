public import DioramaTensor
import Synchronization

/// The modulations of one run of a sampler: what linear layers make of the vectors of time and text, for all its steps at once.
///
/// Those vectors do not depend on the latent. So the first step makes them for all that follow, and a layer multiplies them stacked: its
/// weight is read once in a run rather than in every step, and its file is told that it is not needed any more. A time that the
/// run was not said to have (samplers that ask between steps) is computed as it comes.
///
/// It belongs to one run, and lets no more rows wait than the weights would take.
public final class ModulationTable: Sendable {
    /// The most rows that a layer multiplies at once: then the next steps are multiplied, when they are asked for.
    private static let mostRows = 64
    /// The most rows of all prompts together; prompts beyond are computed as they come.
    private static let mostRowsInAll = 128
    /// The most bytes of a prompt's vectors, which are many in families that make all modulations by one network.
    private static let mostBytes = 128 << 20

    /// The times that are to come, in their order, each once.
    private let timesteps: [Float]
    private let known = Mutex<[ModulationSteps]>([])

    /// A table for a run that asks for these times, as the network is told them, in this order; of one time nothing is kept.
    public init(timesteps: [Float]) {
        var seen: Set<Float> = []
        let times = timesteps.filter { seen.insert($0).inserted }
        self.timesteps = times.count > 1 ? times : []
    }

    /// See ``BlockRunner/vector(at:_:then:_:)``.
    func vector(
        at timestep: Tensor, _ context: TextContext?, then release: () -> Void,
        _ make: (Tensor) throws -> Tensor
    ) rethrows -> ModulationVector {
        guard let time = timestep.commonValue, let place = timesteps.firstIndex(of: time) else {
            return ModulationVector(try make(timestep))
        }
        let key = ModulationSteps.Key(context, batch: timestep.count)
        let found = known.withLock { $0.first { $0.places.contains(place) && $0.key == key } }
        guard let steps = try found ?? made(from: place, key, on: timestep.device, then: release, make) else {
            return ModulationVector(try make(timestep))
        }
        return ModulationVector(steps, at: place, batch: timestep.count)
    }

    /// The vectors from a time on, in place of earlier ones of the same key; nil where there is no room for any.
    private func made(
        from place: Int, _ key: ModulationSteps.Key, on device: Device, then release: () -> Void,
        _ make: (Tensor) throws -> Tensor
    ) rethrows -> ModulationSteps? {
        let taken = known.withLock { known in
            known.removeAll { $0.key == key }
            return known.reduce(0) { $0 + $1.rows }
        }
        let room = min(Self.mostRows, Self.mostRowsInAll - taken) / key.rows
        guard room > 0 else { return nil }
        func vector(_ place: Int) throws -> Tensor {
            try make(.full(timesteps[place], [key.rows], on: device))
        }
        var vectors = [try vector(place)]
        let fitting = max(Self.mostBytes / max(vectors[0].count * DType.f32.size, 1), 1)
        let end = min(place + min(room, fitting), timesteps.count)
        for later in place + 1..<end { vectors.append(try vector(later)) }
        if end == timesteps.count { release() }
        let steps = ModulationSteps(key, from: place, vectors, isRest: end == timesteps.count)
        known.withLock { $0.append(steps) }
        return steps
    }
}

extension BlockRunner {
    /// The vector that modulates a network's blocks, for layers that read nothing else.
    ///
    /// Within a run of a sampler it is made for all steps that are to come, which layers then multiply at once.
    ///
    /// - Parameters:
    ///   - timestep: the time of each latent, [B].
    ///   - context: whose pooled vector and guidance `make` uses; nil where it uses the time alone.
    ///   - release: called when the vectors of all steps that are left have been made.
    ///   - make: gives the vectors, [B, 1, D], of times [B]; the batch is 1 where time is all that counts. It must depend on
    ///     nothing but what is named here.
    /// - Returns: the vector of `timestep`.
    /// - Throws: what `make` throws.
    public func vector(
        at timestep: Tensor, _ context: TextContext? = nil, then release: () -> Void = {},
        _ make: (Tensor) throws -> Tensor
    ) rethrows -> ModulationVector {
        guard let modulations else { return ModulationVector(try make(timestep)) }
        return try modulations.vector(at: timestep, context, then: release, make)
    }
}

extension Tensor {
    /// The value of all elements; nil where they differ, and where there are none.
    fileprivate var commonValue: Float? {
        withFloats { values in
            values.first.flatMap { first in values.allSatisfy { $0 == first } ? first : nil }
        }
    }
}
