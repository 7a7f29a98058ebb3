/* Every kernel, for the instructions that a file in levels/ has switched on, and their table `DK_TABLE`. */

#include "vector.h"

#include "convert.h"

#include "decode.h"

#include "functions.h"

#include "elementwise.h"

#include "rows.h"

#include "gemm.h"

#include "dot.h"

#include "packing.h"

#include "panels.h"

#include "strassen.h"

#include "peak.h"

#include "attention.h"

#include "conv.h"

#include "places.h"

#include "winograd.h"

#include "winograd_wide.h"

#include "squares.h"

/* How many times as many multiplications a second bf16 does as f32. */
#ifndef DK_HALF_SPEED
#define DK_HALF_SPEED 1
#endif

const dk_kernels DK_TABLE = {
    .level = DK_LEVEL,
    .tile_columns = DK_COLUMNS,
    .f16_to_f32 = f16_to_f32,
    .bf16_to_f32 = bf16_to_f32,
    .f32_to_f16 = f32_to_f16,
    .f32_to_bf16 = f32_to_bf16,
    .decode = decode,
    .scale_groups = scale_groups,
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
    .pack_columns = pack_columns,
    .gemm = gemm,
    .dot_rows = dot_rows,
    .panel_rows = DK_PANEL_ROWS,
    .panel_columns = DK_PANEL_COLUMNS,
    .panel_units = panel_units,
    .pack_panel = pack_panel,
    .pack_panel_int8 = pack_panel_int8,
    .quantize_row = quantize_row,
    .rotate_row = rotate_row,
    .pack_tile = pack_tile,
    .conv_units = conv_units,
    .pack_pixels = pack_pixels,
    .pack_filters = pack_filters,
    .multiply_panel = multiply_panel,
    .pack_strassen_rows = pack_strassen_rows,
    .pack_strassen_panels = pack_strassen_panels,
    .multiply_strassen = multiply_strassen,
    .lanes = DK_LANES,
    .half_speed = DK_HALF_SPEED,
    .half_terms = DK_HALF_TERMS,
    .byte_terms = DK_BYTE_TERMS,
    .plane_moments = plane_moments,
    .place_moments = place_moments,
    .cut_image = cut_image,
    .gather_taps = gather_taps,
    .arrange_filters = arrange_filters,
    .pack_winograd_filters = pack_winograd_filters,
    .winograd_input = winograd_input,
    .spread_results = spread_results,
    .peak = peak,
    .key_block = DK_KEY_BLOCK,
    .attention_packed = attention_packed,
    .pack_keys = pack_keys,
    .attention_scratch = attention_scratch,
    .attention = attention,
};
