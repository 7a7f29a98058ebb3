/* AVX2, FMA and F16C with dot products of bytes (AVX-VNNI). */
#include "levels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define DK_LEVEL DK_AVX2_DOT
#define DK_TABLE dk_kernels_avx2_dot
#define DK_LANES 8
#define DK_TILE_ROWS 6
#define DK_HALF_CONVERT 1
#define DK_PANEL_ROWS 6
#define DK_PANEL_VECTORS 2
#define DK_KEY_VECTORS 2
#define DK_DOT_BYTES 1

#pragma clang attribute push(__attribute__((target("avxvnni,avx2,fma,f16c"))), apply_to = function)
#include "../kernels/all.h"
#pragma clang attribute pop

#endif
