/* NEON with dot products of bf16 and of bytes (BF16, I8MM). */
#include "levels.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#define DK_LEVEL DK_NEON_DOT
#define DK_TABLE dk_kernels_neon_dot
#define DK_LANES 4
#define DK_TILE_ROWS 12
#define DK_HALF_CONVERT 1
#define DK_PANEL_ROWS 8
#define DK_PANEL_VECTORS 3
#define DK_KEY_VECTORS 4
#define DK_DOT_HALF 1
#define DK_DOT_BYTES 1
#define DK_HALF_SPEED 2

#pragma clang attribute push(__attribute__((target("bf16,i8mm,dotprod"))), apply_to = function)
#include "../kernels/all.h"
#pragma clang attribute pop

#endif
