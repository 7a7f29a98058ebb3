import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite struct StorageTests {
    /// Bytes that tell when they go.
    private final class Lender: Sendable {
        let bytes: UInt
        let ended: @Sendable () -> Void

        init(_ values: [Float], misaligned: Int = 0, ended: @escaping @Sendable () -> Void = {}) {
            let memory = UnsafeMutableRawPointer.allocate(
                byteCount: values.count * 4 + misaligned, alignment: 64)
            for (i, value) in values.enumerated() {
                (memory + misaligned).storeBytes(of: value.bitPattern, toByteOffset: i * 4, as: UInt32.self)
            }
            bytes = UInt(bitPattern: memory)
            self.ended = ended
        }

        deinit {
            UnsafeRawPointer(bitPattern: bytes)?.deallocate()
            ended()
        }
    }

    private func storage(of lender: Lender, byteCount: Int) throws -> Storage {
        let bytes = try #require(UnsafeRawPointer(bitPattern: lender.bytes))
        return Storage(borrowing: bytes, byteCount: byteCount, owner: lender)
    }

    @Test("large memory is used again, and what waits never makes the process larger than it was")
    func reuse() {
        let memory = Memory()
        func address(_ byteCount: Int) -> UInt {
            let storage = Storage(byteCount: byteCount, from: memory)
            return UInt(bitPattern: storage.bytes)
        }
        let mebibyte = 1 << 20
        let first = address(8 * mebibyte)
        #expect(memory.waitingBytes == 8 * mebibyte)
        #expect(address(8 * mebibyte) == first)
        // A little smaller still fits, in whole huge pages; below those sizes are no more than halved.
        #expect(address(7 * mebibyte) == first)
        let small = Storage(byteCount: 2 * mebibyte, from: memory)
        #expect(UInt(bitPattern: small.bytes) != first)
        // 8 MiB were in use at most, so that with 2 in use no more than 6 may wait: the end of the block, of at least 4, is freed.
        #expect(memory.waitingBytes == 4 * mebibyte)
        do {
            let blocks = (0..<4).map { _ in Storage(byteCount: 2 * mebibyte, from: memory) }
            #expect(memory.waitingBytes == 0)
            withExtendedLifetime(blocks) {}
        }
        #expect(memory.waitingBytes == 8 * mebibyte)
        let large = Storage(byteCount: 7 * mebibyte, from: memory)
        #expect(memory.waitingBytes <= mebibyte)
        memory.trim()
        #expect(memory.waitingBytes == 0)
        #expect(memory.meter.current == 9 * mebibyte)
        withExtendedLifetime((small, large)) {}
    }

    @Test("small memory is used again for its own size, the last first, and no more than 4 MiB wait")
    func smallReuse() {
        let memory = Memory()
        let kibibyte = 1 << 10
        func address(_ storage: Storage) -> UInt { UInt(bitPattern: storage.bytes) }
        func block(_ size: Int) -> Storage { Storage(byteCount: size * kibibyte, from: memory) }
        let (first, second) = ({ (address($0), address($1)) })(block(96), block(64))
        #expect(memory.waitingBytes == 160 * kibibyte)
        do {
            let (other, same) = (block(95), block(96))
            #expect(address(same) == first && address(other) != second)
            #expect(memory.waitingBytes == 64 * kibibyte)
            withExtendedLifetime((other, same)) {}
        }
        #expect(address(block(64)) == second)
        // Each of its own size: those that nobody asked for longest go first.
        var held = (0..<64).map { block(100 + $0) }
        held.removeAll()
        #expect((4096 - 200) * kibibyte...4096 * kibibyte ~= memory.waitingBytes)
        // Of more than 64 sizes the last wait.
        memory.trim()
        for size in 1...80 { _ = Storage(byteCount: size * kibibyte, from: memory) }
        #expect(memory.waitingBytes == (17...80).reduce(0, +) * kibibyte)
        memory.trim()
        #expect(memory.waitingBytes == 0 && memory.meter.current == 0)
    }

    @Test("of memory that a limit allows a 64th may wait in small blocks")
    func smallLimit() {
        let memory = Memory(limit: MemoryLimit(byteCount: 16 << 20))
        do {
            let blocks = (0..<8).map { _ in Storage(byteCount: 100 << 10, from: memory) }
            withExtendedLifetime(blocks) {}
        }
        #expect(memory.waitingBytes == 200 << 10)
    }

    @Test("large blocks are divided, and parts that wait side by side are one again")
    func division() throws {
        let memory = Memory()
        let mebibyte = 1 << 20
        func block(_ size: Int) -> (storage: Storage, address: UInt) {
            let storage = Storage(byteCount: size * mebibyte, from: memory)
            return (storage, UInt(bitPattern: storage.bytes))
        }
        let first = block(32).address
        do {
            let parts = [block(8), block(8), block(8)]
            #expect(parts.map { $0.address - first } == [0, 8, 16].map { $0 << 20 })
            #expect(memory.waitingBytes == 8 * mebibyte)
            for (number, part) in parts.enumerated() {
                part.storage.bytes.initializeMemory(as: UInt8.self, repeating: UInt8(number), count: 8 << 20)
            }
            let ends = parts.flatMap { [$0.storage.bytes, $0.storage.bytes + (8 << 20) - 1] }
            #expect(ends.map { $0.load(as: UInt8.self) } == [0, 0, 1, 1, 2, 2])
            withExtendedLifetime(parts) {}
        }
        #expect(memory.waitingBytes == 32 * mebibyte)
        #expect(block(32).address == first)

        // The middle is in use, so that what lies around it is two blocks: 20 MiB must come from the system, and the most that was
        // in use leaves them 4.
        var parts: [(storage: Storage, address: UInt)] = [block(12), block(8)]
        parts.removeFirst()
        #expect(memory.waitingBytes == 24 * mebibyte)
        let large = block(20)
        #expect(!(first..<first + 32 << 20).contains(large.address))
        #expect(memory.waitingBytes == 4 * mebibyte)
        // What was freed is not handed out again.
        let rest = block(4)
        rest.storage.bytes.initializeMemory(as: UInt8.self, repeating: 7, count: 4 << 20)
        #expect(memory.waitingBytes == 0)
        withExtendedLifetime((parts, large, rest)) {}
    }

    @Test("what waits beyond the most in use stays within the limit", arguments: [nil, 200, 290])
    func spare(limit: Int?) {
        let mebibyte = 1 << 20
        let memory = Memory(limit: MemoryLimit(byteCount: limit.map { $0 * mebibyte }))
        // 192 MiB in use at most: 64 MiB more may wait.
        do {
            let blocks = (0..<2).map { _ in Storage(byteCount: 96 * mebibyte, from: memory) }
            withExtendedLifetime(blocks) {}
        }
        // More than either block has.
        let block = Storage(byteCount: 100 * mebibyte, from: memory)
        let inMemory = 100 * mebibyte + memory.waitingBytes
        #expect(inMemory == (limit == 200 ? 200 : 256) * mebibyte)
        withExtendedLifetime(block) {}
    }

    @Test("borrowed bytes are read in place and kept alive", arguments: Device.each)
    func borrowing(on device: Device) throws {
        let hasEnded = Flag()
        var tensor: Tensor?
        do {
            let lender = Lender([1, 2, 3, 4]) { hasEnded.raise() }
            let storage = try storage(of: lender, byteCount: 16)
            tensor = Tensor(storage: storage, byteOffset: 4, shape: [3], dtype: .f32, on: device)
            #expect(tensor.map { UInt(bitPattern: $0.bytes) } == lender.bytes + 4)
        }
        #expect(device.memory.current == 0)
        #expect(tensor?.floats() == [2, 3, 4])
        #expect(!hasEnded.isRaised)
        let view = tensor?[1..<2]
        tensor = nil
        #expect(!hasEnded.isRaised)
        #expect(view?.floats() == [3])
        withExtendedLifetime(view) {}
    }

    @Test("the lender goes with the last tensor")
    func release() throws {
        let hasEnded = Flag()
        do {
            let lender = Lender([1]) { hasEnded.raise() }
            let storage = try storage(of: lender, byteCount: 4)
            _ = Tensor(storage: storage, byteOffset: 0, shape: [1], dtype: .f32, on: .reference())
        }
        #expect(hasEnded.isRaised)
    }

    @Test("bytes that are not aligned for their type are copied", arguments: Device.each)
    func misalignment(on device: Device) throws {
        let lender = Lender([1, 2, 3], misaligned: 1)
        let storage = try storage(of: lender, byteCount: 13)
        let x = Tensor(storage: storage, byteOffset: 1, shape: [3], dtype: .f32, on: device)
        #expect(x.floats() == [1, 2, 3])
        #expect(Int(bitPattern: x.bytes).isMultiple(of: 4))
    }

    @Test("the meter counts what is held, the most that was, and all there ever was", arguments: Device.each)
    func meter(on device: Device) {
        do {
            let x = Tensor.zeros([256], on: device)
            let y = x + 1
            #expect(device.memory.current >= 2048)
            withExtendedLifetime((x, y)) {}
        }
        #expect(device.memory.current == 0)
        #expect(device.memory.peak >= 2048 && device.memory.peak < 4096)
        let total = device.memory.total
        _ = Tensor.zeros([100], dtype: .u8, on: device)
        #expect(device.memory.total == total + 100)
    }

    @Test("memory is aligned for vectors")
    func alignment() {
        for count in [1, 3, 100, 70_000] {
            let x = Tensor.zeros([count], on: .cpu(threads: 1))
            #expect(Int(bitPattern: x.bytes).isMultiple(of: 64))
        }
    }
}

@Suite struct MemoryLimitTests {
    @Test("a tensor beyond the limit ends the process as its owner wants, with a sentence")
    func limit() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let limit = MemoryLimit(byteCount: 10 << 20) { shortage in
                let sentence =
                    "out of memory: 8 MiB were needed beside 4 MiB in use, more than the 10 MiB that this run may take; "
                    + "ask for smaller pictures or fewer at once"
                exit(shortage.description == sentence ? 7 : 8)
            }
            let device = Device.cpu(threads: 1, memory: limit)
            let first = Tensor.zeros([1 << 20], on: device)
            let second = Tensor.zeros([2 << 20], on: device)
            withExtendedLifetime((first, second)) {}
        }
    }
}

/// A flag that any thread may raise.
private final class Flag: Sendable {
    private let state = Atomic<Bool>(false)
    var isRaised: Bool { state.load(ordering: .acquiring) }
    func raise() { state.store(true, ordering: .releasing) }
}
