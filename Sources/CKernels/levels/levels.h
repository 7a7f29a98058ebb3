/* What each file of this folder makes: a table of kernels for one set of instructions. */
#pragma once

#include <math.h>
#include <string.h>

#include "CKernels.h"

extern const dk_kernels dk_kernels_baseline;
#if defined(__x86_64__)
extern const dk_kernels dk_kernels_avx2;
extern const dk_kernels dk_kernels_avx2_dot;
extern const dk_kernels dk_kernels_avx512;
extern const dk_kernels dk_kernels_avx512_dot;
extern const dk_kernels dk_kernels_avx512_amx;
#elif defined(__aarch64__)
extern const dk_kernels dk_kernels_neon_dot;
#endif
