/// The sets of vector instructions that the processor's kernels are compiled for; of each architecture the better ones later.
package enum Instructions: Int32, Sendable, CaseIterable {
    /// What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
    case baseline = 0
    /// AVX2, FMA and F16C.
    case avx2 = 1
    /// The same with AVX-VNNI: dot products of bytes.
    case avx2Dot = 2
    /// AVX-512 F, BW, VL and DQ.
    case avx512 = 3
    /// The same with BF16 and VNNI: dot products of bf16 and of bytes.
    case avx512Dot = 4
    /// The same with AMX: registers of matrices, for bf16 and bytes.
    case avx512AMX = 5
    /// NEON with BF16 and I8MM: dot products of bf16 and of bytes.
    case neonDot = 6
}
