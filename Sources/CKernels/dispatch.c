/* Chooses the kernels for the processor at hand. */
#include "levels/levels.h"

int dk_level(int limit) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    if (limit >= DK_AVX512_DOT && wide && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni"))
        return DK_AVX512_DOT;
    if (limit >= DK_AVX512 && wide) return DK_AVX512;
    if (limit >= DK_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("f16c"))
        return DK_AVX2;
#endif
    (void)limit;
    return DK_BASELINE;
}

const dk_kernels *dk_kernels_at(int level) {
#if defined(__x86_64__)
    if (level == DK_AVX512_DOT) return &dk_kernels_avx512_dot;
    if (level == DK_AVX512) return &dk_kernels_avx512;
    if (level == DK_AVX2) return &dk_kernels_avx2;
#endif
    (void)level;
    return &dk_kernels_baseline;
}
