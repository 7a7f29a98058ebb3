/* AVX-512 F, BW, VL and DQ: 32 registers of 16 singles. */
#include "levels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define DK_LEVEL DK_AVX512
#define DK_TABLE dk_kernels_avx512
#define DK_LANES 16
#define DK_TILE_ROWS 12
#define DK_HALF_CONVERT 1
#define DK_PANEL_ROWS 8
#define DK_PANEL_VECTORS 3
#define DK_KEY_VECTORS 4

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), apply_to = function)
#include "../kernels/all.h"
#pragma clang attribute pop

#endif
