/* Every kernel, for the instructions that a file in levels/ has switched on, and their table `DK_TABLE`. */

#include "vector.h"

#include "convert.h"

#include "functions.h"

#include "elementwise.h"

#include "rows.h"

#include "gemm.h"

#include "attention.h"

#include "conv.h"

const dk_kernels DK_TABLE = {
    .level = DK_LEVEL,
    .tile_columns = DK_COLUMNS,
    .f16_to_f32 = f16_to_f32,
    .bf16_to_f32 = bf16_to_f32,
    .f32_to_f16 = f32_to_f16,
    .f32_to_bf16 = f32_to_bf16,
    .unary = unary,
    .binary = binary,
    .clamp = clamp,
    .gated_add = gated_add,
    .repeat_each = repeat_each,
    .reduce = reduce,
    .argmax = argmax,
    .all_finite = all_finite,
    .softmax = softmax,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .group_norm = group_norm,
    .rope = rope,
    .pack_rows = pack_rows,
    .pack_columns = pack_columns,
    .pack_pixels = pack_pixels,
    .gemm = gemm,
    .dot_rows = dot_rows,
    .attention_scratch = attention_scratch,
    .attention = attention,
};
