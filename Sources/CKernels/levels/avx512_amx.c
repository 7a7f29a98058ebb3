/* AVX-512 with its dot products, and matrix registers: AMX for bf16 and bytes. */
#include "levels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define DK_LEVEL DK_AVX512_AMX
#define DK_TABLE dk_kernels_avx512_amx
#define DK_LANES 16
#define DK_TILE_ROWS 12
#define DK_HALF_CONVERT 1
#define DK_PANEL_ROWS 32
#define DK_PANEL_VECTORS 3
#define DK_KEY_VECTORS 4
#define DK_DOT_HALF 1
#define DK_DOT_BYTES 1
#define DK_MATRIX_TILES 1
#define DK_HALF_SPEED 8

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,amx-tile,amx-bf16,amx-int8,avx2,fma,f16c"))), apply_to = function)
#include "../kernels/all.h"
#pragma clang attribute pop

#endif
