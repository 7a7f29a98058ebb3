/* What every processor of the architecture has: SSE2 on x86-64, NEON on arm64. */
#include "levels.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#define DK_LEVEL DK_BASELINE
#define DK_TABLE dk_kernels_baseline
#define DK_LANES 4
#if defined(__aarch64__)
/* 32 vector registers; halves convert by instruction. */
#define DK_TILE_ROWS 12
#define DK_HALF_CONVERT 1
#define DK_PANEL_ROWS 8
#define DK_PANEL_VECTORS 3
#define DK_KEY_VECTORS 4
#else
#define DK_TILE_ROWS 6
#define DK_HALF_CONVERT 0
#define DK_PANEL_ROWS 6
#define DK_PANEL_VECTORS 2
#define DK_KEY_VECTORS 2
#endif

#include "../kernels/all.h"
