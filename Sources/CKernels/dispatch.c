/* Chooses the kernels for the processor at hand. */
#define _DEFAULT_SOURCE /* syscall */
#include "levels/levels.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether the processor has AMX with bf16 and bytes, and the kernel lets this process use it. */
static bool has_matrix_tiles(void) {
    enum { bf16 = 1 << 22, tile = 1 << 24, int8 = 1 << 25, request_permission = 0x1023, tile_data = 18 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    if ((d & (bf16 | tile | int8)) != (bf16 | tile | int8)) return false;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#elif defined(__x86_64__)
#include <cpuid.h>

static bool has_matrix_tiles(void) { return false; }
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static bool has_neon_dots(void) {
    enum { i8mm = 1 << 13, bf16 = 1 << 14 };
    return (getauxval(AT_HWCAP2) & (i8mm | bf16)) == (i8mm | bf16);
}
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>

static bool has_feature(const char *name) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, NULL, 0) == 0 && value == 1;
}

static bool has_neon_dots(void) {
    return has_feature("hw.optional.arm.FEAT_BF16") && has_feature("hw.optional.arm.FEAT_I8MM");
}
#elif defined(__aarch64__)
static bool has_neon_dots(void) { return false; }
#endif

#if defined(__x86_64__)
/* Whether the processor has AVX-VNNI: vpdpbusd without AVX-512. */
static bool has_avx_vnni(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1 << 4);
}
#endif

int dk_level(int limit) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    bool dot = wide && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
    if (limit >= DK_AVX512_AMX && dot && has_matrix_tiles()) return DK_AVX512_AMX;
    if (limit >= DK_AVX512_DOT && dot) return DK_AVX512_DOT;
    if (limit >= DK_AVX512 && wide) return DK_AVX512;
    bool two = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    if (limit >= DK_AVX2_DOT && two && has_avx_vnni()) return DK_AVX2_DOT;
    if (limit >= DK_AVX2 && two) return DK_AVX2;
#elif defined(__aarch64__)
    if (limit >= DK_NEON_DOT && has_neon_dots()) return DK_NEON_DOT;
#endif
    (void)limit;
    return DK_BASELINE;
}

const dk_kernels *dk_kernels_at(int level) {
#if defined(__x86_64__)
    if (level == DK_AVX512_AMX) return &dk_kernels_avx512_amx;
    if (level == DK_AVX512_DOT) return &dk_kernels_avx512_dot;
    if (level == DK_AVX512) return &dk_kernels_avx512;
    if (level == DK_AVX2_DOT) return &dk_kernels_avx2_dot;
    if (level == DK_AVX2) return &dk_kernels_avx2;
#elif defined(__aarch64__)
    if (level == DK_NEON_DOT) return &dk_kernels_neon_dot;
#endif
    (void)level;
    return &dk_kernels_baseline;
}
