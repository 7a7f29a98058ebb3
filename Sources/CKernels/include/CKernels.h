/* Vector kernels of the CPU backend, and the pool of threads that runs them.
 *
 * Results come first, sizes last; arrays are f32 without gaps unless said otherwise; arrays do not overlap.
 * Every result element is computed by one sequence of operations that depends on the shape alone, so that work
 * may be divided among threads in any way. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets of instructions, of each architecture the better ones later. */
enum {
    DK_BASELINE = 0, DK_AVX2 = 1, DK_AVX2_DOT = 2, DK_AVX512 = 3, DK_AVX512_DOT = 4, DK_AVX512_AMX = 5, DK_NEON_DOT = 6
};

/* Functions of one element. */
typedef enum {
    DK_NEGATE, DK_EXP, DK_LOG, DK_SQRT, DK_RSQRT, DK_TANH, DK_SIGMOID, DK_SIN, DK_COS, DK_ABS, DK_SILU,
    DK_QUICK_GELU, DK_RELU, DK_GELU, DK_GELU_TANH
} dk_unary_op;

/* Functions of two elements. */
typedef enum { DK_ADD, DK_SUBTRACT, DK_MULTIPLY, DK_DIVIDE } dk_binary_op;

/* Functions that make one element of a row of them. */
typedef enum { DK_SUM, DK_MEAN, DK_MAX, DK_MIN } dk_reduce_op;

/* Element types of weights. */
typedef enum { DK_F32, DK_F16, DK_BF16 } dk_float_type;

/* How weights are stored in blocks, by ggml's names; 8-bit floats, which are blocks of one; and pairs of 4-bit floats. */
typedef enum {
    DK_Q4_0, DK_Q4_1, DK_Q5_0, DK_Q5_1, DK_Q8_0, DK_Q2_K, DK_Q3_K, DK_Q4_K, DK_Q5_K, DK_Q6_K, DK_IQ4_NL, DK_IQ4_XS,
    DK_F8_E4M3, DK_F8_E5M2, DK_F4_E2M1
} dk_encoding;

/* How the scales of groups of elements are stored: 8-bit floats, or the exponents of powers of two. */
typedef enum { DK_SCALE_E4M3, DK_SCALE_E8M0 } dk_scale_type;

/* What a product's terms are rounded to: singles; bf16, summed in f32; or bytes with a scale a row, summed in i32. */
typedef enum { DK_SINGLE, DK_HALF, DK_INT8 } dk_precision;

/* What a product's sums go through. */
typedef enum { DK_LINEAR, DK_WITH_SILU, DK_WITH_QUICK_GELU, DK_WITH_GELU, DK_WITH_GELU_TANH } dk_activation;

/* Packed rows times one packed panel:
 * out[rows, columns] = residual + gate * activation(left * panel + bias), scaled by rows and columns if int8. */
typedef struct {
    dk_precision precision;
    size_t rows, columns, units;   /* columns are at most the panel's; units as panel_units says */
    const void *left;              /* tiles of rows from pack_tile; or rows as they are, of singles or bf16 */
    size_t left_stride;            /* units from one row to the next, whole tiles of them; 0 for tiles */
    const void *panel;             /* from pack_panel */
    const float *row_scales;       /* [rows], int8 only */
    const void *ahead;             /* a panel that is multiplied next, to be fetched; may be NULL */
    const float *column_scales;    /* [panel_columns], int8 only */
    const int32_t *column_sums;    /* [panel_columns], int8 only */
    const float *bias;             /* [columns]; may be NULL */
    const float *row_bias;         /* [rows]; may be NULL */
    dk_activation activation;
    const float *gate;             /* [.., columns], gate_stride apart; may be NULL */
    size_t gate_stride, rows_per_gate;
    size_t first_row;              /* number of the first row, which decides the row of gate */
    const float *residual;         /* as out, which it may be; may be NULL */
    float *out;
    size_t out_stride;             /* elements from one row of out and residual to the next */
} dk_panel_product;

/* The keys and values of one head, packed, and what their scores go through. */
typedef struct {
    dk_precision precision;       /* DK_SINGLE or DK_HALF */
    size_t keys, dim;
    const void *packed;           /* attention_packed bytes, filled by pack_keys */
    size_t query_stride;          /* elements from one row of q and out to the next */
    float scale;                  /* multiplies the scores */
    const float *key_bias;        /* [keys], added to the scores; may be NULL */
    const float *mask;            /* added to the scores; may be NULL */
    size_t mask_query_stride;     /* elements from one query's mask to the next */
    size_t mask_key_stride;       /* elements from one key's mask to the next */
    bool causal;                  /* query i sees keys 0...i only */
} dk_attention;

/* One image of a convolution: x is [channels, height, width], out is [outputs, out_height, out_width]. */
typedef struct {
    size_t channels, height, width, outputs, out_height, out_width;
    size_t kernel_height, kernel_width, stride, padding;
} dk_conv;

/* A rectangle of an image, cut out for a convolution with what precedes it: x * scale + shift, and SiLU. */
typedef struct {
    const void *x;               /* [height, width, channels], or [channels, height, width] if planar; f32 or bf16 */
    dk_float_type type;
    bool planar;
    size_t channels, height, width;
    const float *scale, *shift;  /* [channels]; NULL for none */
    bool silu;
    ptrdiff_t top, left;         /* where it begins; outside of the image are zeros */
    size_t rows, columns;
    size_t place_units;          /* units of a place, whole vectors; those past the channels are zeros */
} dk_cut;

/* Squares of results that are made at a time: of one place or, of an image doubled by repetition, four phases, from gathered taps;
 * 2 by 2, the same of an image doubled, or 4 by 4, by Winograd's transforms. */
typedef enum { DK_SQUARES_PLAIN, DK_SQUARES_PHASES, DK_SQUARES_PAIR, DK_SQUARES_DOUBLED, DK_SQUARES_WIDE } dk_squares;

/* Some squares of a rectangle: `across` of them are a row of it, and their places in the cut are `step` apart both ways. */
typedef struct {
    size_t first, count, across, step;
} dk_run;

/* Where results of a convolution go. */
typedef struct {
    void *out;                   /* [height, width, stride], or [channels, height, width] if planar; f32 or bf16 */
    dk_float_type type;
    bool planar;
    const void *residual;        /* as out; may be NULL */
    dk_float_type residual_type; /* f32 or bf16 */
    const float *bias;           /* [channels]; may be NULL */
    size_t channels, stride;     /* those that are written; and from one place to the next, where they are last */
    size_t height, width;
    size_t top, left;            /* where the rectangle begins; what is outside of the image is left out */
} dk_spread;

/* The kernels of one set of instructions. */
typedef struct {
    int level;         /* DK_BASELINE ... */
    size_t tile_columns; /* columns of a packed panel */

    /* out[n] = x[n] in another type; halves round to nearest even */
    void (*f16_to_f32)(float *out, const uint16_t *x, size_t n);
    void (*bf16_to_f32)(float *out, const uint16_t *x, size_t n);
    void (*f32_to_f16)(uint16_t *out, const float *x, size_t n);
    void (*f32_to_bf16)(uint16_t *out, const float *x, size_t n);
    /* out = the elements of `count` blocks, at any address */
    void (*decode)(float *out, dk_encoding encoding, const void *blocks, size_t count);
    /* out[count, length] *= the scale of its group: group i's is scales[i / 4 * 512 + i % 4], counted from `first` */
    void (*scale_groups)(float *out, dk_scale_type type, const uint8_t *scales, size_t length, size_t first, size_t count);

    /* out[n] = op(x[n]) */
    void (*unary)(dk_unary_op op, float *out, const float *x, size_t n);
    /* out[n] = op(a, b); a step is 1, or 0 to repeat one element */
    void (*binary)(dk_binary_op op, float *out, const float *a, const float *b, size_t a_step, size_t b_step, size_t n);
    /* out[n] = x[n] limited to low ... high */
    void (*clamp)(float *out, const float *x, float low, float high, size_t n);
    /* out[n] = x[n] + gate[n] * y[n] */
    void (*gated_add)(float *out, const float *x, const float *gate, const float *y, size_t n);

    /* out[n, factor] = each of x[n] factor times */
    void (*repeat_each)(float *out, const float *x, size_t factor, size_t n);

    /* out[inner] = op over x[extent, inner] */
    void (*reduce)(dk_reduce_op op, float *out, const float *x, size_t extent, size_t inner);
    /* out[inner] = position of the first greatest element over x[extent, inner] */
    void (*argmax)(int64_t *out, const float *x, size_t extent, size_t inner);
    /* true if x[n] has no infinity and no NaN */
    bool (*all_finite)(const float *x, size_t n);

    /* out[n] = softmax(x[n]) */
    void (*softmax)(float *out, const float *x, size_t n);
    /* out[n] = normalised x[n] * weight[n] + bias[n], * (1 + scale[n]) + shift[n]; each may be NULL */
    void (*layer_norm)(float *out, const float *x, const float *weight, const float *bias, const float *scale,
                       const float *shift, float eps, size_t n);
    /* out[n] = x[n] / sqrt(mean(x^2) + eps) * weight[n]; weight may be NULL */
    void (*rms_norm)(float *out, const float *x, const float *weight, float eps, size_t n);
    /* out[channels, area] = x less mean, over deviation, * weight[channels] + bias[channels]; may be NULL */
    void (*group_norm)(float *out, const float *x, const float *weight, const float *bias, float eps,
                       size_t channels, size_t area);

    /* out[heads, dim] = pairs of x[heads, dim] turned by cos[dim / 2], sin[dim / 2]; pairs are neighbours if
     * interleaved, else dim / 2 apart */
    void (*rope)(float *out, const float *x, const float *cos, const float *sin, bool interleaved, size_t heads,
                 size_t dim);

    /* panel[k, tile_columns] = b[k, columns], row_stride elements apart; missing columns are zeros */
    void (*pack_columns)(float *panel, const float *b, size_t row_stride, size_t columns, size_t k);
    /* c[m, columns] = a[m, k] * panel[k, columns] + row_bias[m] + column_bias[columns]; biases may be NULL */
    void (*gemm)(float *c, size_t c_stride, const float *a, size_t a_stride, const float *panel,
                 const float *row_bias, const float *column_bias, size_t m, size_t columns, size_t k);
    /* out[rows, outputs] = x[rows, inputs] * w[outputs, inputs]^T + bias[outputs]; out rows out_stride apart */
    void (*dot_rows)(float *out, size_t out_stride, const float *x, const void *w, dk_float_type type,
                     const float *bias, size_t rows, size_t inputs, size_t outputs);

    size_t panel_rows, panel_columns; /* rows of a packed tile, columns of a packed panel */
    /* units of four bytes that hold a sum of this many terms, with zeros that fill a step */
    size_t (*panel_units)(dk_precision precision, size_t depth);
    /* panel[units, panel_columns] = rows[columns, depth]^T, singles or bf16; what is missing is zero */
    void (*pack_panel)(void *panel, dk_precision precision, const void *rows, dk_float_type type, size_t row_stride,
                       size_t columns, size_t depth);
    /* the same from bytes, and sums[panel_columns] = the sum of each column */
    void (*pack_panel_int8)(void *panel, int32_t *sums, const int8_t *rows, size_t row_stride, size_t columns,
                            size_t depth);
    /* out[n] = x[n] / scale in -127 ... 127; the scale is what it returns, not a number if x has one or infinity */
    float (*quantize_row)(int8_t *out, const float *x, size_t n);
    /* x[n] = x turned, `group` elements at a time, by the symmetric Hadamard matrix of that power of 4; 1 for none */
    void (*rotate_row)(float *x, size_t group, size_t n);
    /* tile of panel_rows rows = x[rows, depth]; for int8 rows are rotated and get scales[panel_rows];
     * scratch has room for eight rows of units and one of depth singles */
    void (*pack_tile)(void *tile, float *scales, dk_precision precision, const float *x, size_t row_stride,
                      size_t rows, size_t depth, size_t rotation, void *scratch);
    /* units of what a pixel of the result sees */
    size_t (*conv_units)(dk_precision precision, const dk_conv *conv);
    /* panel[units, panel_columns] = what pixels first ..< first + columns of the result see of x */
    void (*pack_pixels)(void *panel, dk_precision precision, const float *x, const dk_conv *conv, size_t first,
                        size_t columns);
    /* tile of panel_rows rows = weights[rows, channels, kernel], in the order of pack_pixels */
    void (*pack_filters)(void *tile, dk_precision precision, const void *weights, dk_float_type type,
                         const dk_conv *conv, size_t rows);
    /* scratch has room for whole tiles of rows by panel_columns singles */
    void (*multiply_panel)(const dk_panel_product *product, void *scratch);

    /* Products by one or two steps of Strassen's scheme: parts are 2 or 4, products 7 or 49, a group is as many tiles or panels as
     * there are parts, and depth is a multiple of as many vectors.
     * tiles[products, ..., depth / parts, panel_rows], `step` singles apart = the left operands of the products of x[rows, depth],
     * up to a group; false if a row is not finite or not of the size of those it is added to. scratch has room for a group's rows */
    bool (*pack_strassen_rows)(float *tiles, size_t step, size_t steps, const float *x, size_t row_stride, size_t rows,
                               size_t depth, float *scratch);
    /* panels[products, depth / parts, panel_columns] = the right operands, of rows[columns, depth]^T with up to a group's columns;
     * false if a column is not finite or not of the size of those it is added to */
    bool (*pack_strassen_panels)(float *panels, size_t steps, const void *rows, dk_float_type type, size_t row_stride,
                                 size_t columns, size_t depth);
    /* multiply_panel for such operands in singles, with up to a group's columns; false, and nothing written, if a sum is not finite.
     * scratch has room for whole groups of rows by 5 / 2 of a panel's singles, or 21 / 4 after two steps */
    bool (*multiply_strassen)(const dk_panel_product *product, size_t steps, void *scratch);

    size_t lanes;      /* singles of a vector */
    size_t half_speed; /* how many times as many multiplications a second bf16 does as f32 */
    size_t half_terms, byte_terms; /* numbers in bf16, and bytes, that a unit of four bytes holds */
    /* the mean of x[n], f32 or bf16, and the sum of squares about it */
    void (*plane_moments)(double *mean, double *squares, const void *x, dk_float_type type, size_t n);
    /* the same of each channel of x[places, channels] */
    void (*place_moments)(double *mean, double *squares, const void *x, dk_float_type type, size_t places, size_t channels);
    /* out[rows, columns, place_units] = what is cut out */
    void (*cut_image)(void *out, dk_precision precision, const dk_cut *cut);
    /* rows[run, row_units] = `units` of the cut at each of taps[count] from a square's first place, then zeros; taps are places of the
     * cut. Reads and writes up to a vector past the last. */
    void (*gather_taps)(void *rows, size_t row_units, size_t units, const void *cut, const dk_cut *shape, const size_t *taps,
                        size_t count, const dk_run *run);
    /* out[phases, rows, depth of taps] = weights [rows, channels, kernel, kernel] by taps, each with `depth` terms: channels, and zeros
     * behind them. One phase, or four of an image doubled */
    void (*arrange_filters)(float *out, const void *weights, dk_float_type type, size_t rows, size_t channels, size_t depth,
                            size_t kernel, bool doubled);
    /* panels[positions, channels, panel_columns], `apart` singles apart = the filters of up to panel_columns outputs, `stride` elements
     * apart, by Winograd's transform: 16, 9 (doubled) or 36 positions. Vectors of columns past the outputs are left as they are */
    void (*pack_winograd_filters)(float *panels, size_t apart, const void *weights, dk_float_type type, size_t outputs,
                                  size_t stride, size_t channels, dk_squares squares);
    /* rows[run, row_units], `position` apart = what squares see of a cut, transformed */
    void (*winograd_input)(float *rows, size_t row_units, size_t position, const float *cut, const dk_cut *shape,
                           const dk_run *run, dk_squares squares);
    /* places of squares = their sums[run, row_units], `position` apart, transformed + bias + residual */
    void (*spread_results)(const dk_spread *to, const float *sums, size_t row_units, size_t position, const dk_run *run,
                           dk_squares squares);

    /* works in registers alone, and returns how many multiplications and additions it did; a number that depends on them to out */
    size_t (*peak)(dk_precision precision, size_t steps, float *out);

    size_t key_block; /* keys that are packed at a time */
    /* bytes of the packed keys and values of one head */
    size_t (*attention_packed)(dk_precision precision, size_t keys, size_t dim);
    /* block = up to key_block keys, the rows of k and v [count, dim], key_stride elements apart; a head's blocks follow one another */
    void (*pack_keys)(void *block, dk_precision precision, const float *k, const float *v, size_t key_stride,
                      size_t count, size_t dim);
    /* bytes of scratch that attention wants for this many queries */
    size_t (*attention_scratch)(dk_precision precision, size_t dim, size_t queries);
    /* out[queries, dim] = softmax(q * k^T * scale + biases) * v; first is the number of the first query */
    void (*attention)(float *out, const float *q, const dk_attention *problem, size_t first, size_t queries,
                      void *scratch);
} dk_kernels;

/* The best set of instructions this processor runs, at most `limit`. */
int dk_level(int limit);

/* The kernels of a level that dk_level returned. */
const dk_kernels *dk_kernels_at(int level);

/* out[dims] = x[dims] for elements of 1, 2, 4 or 8 bytes, with steps in elements for both. */
void dk_copy(void *out, const void *x, const ptrdiff_t *dims, const ptrdiff_t *out_strides, const ptrdiff_t *strides,
             size_t rank, size_t size);

/* How many processors this process may run on. */
int dk_processor_count(void);

/* Makes one heap serve all threads, which gives blocks of a mebibyte and more back to the system, and what is free at its end from
 * 16 MiB on. To be called before there are threads. Does nothing where the C library is not glibc. */
void dk_use_one_heap(void);

/* A pool of threads. Threads start with the first job. */
typedef struct dk_pool dk_pool;

/* What a thread has to do of a job. */
typedef struct dk_share dk_share;

/* A thread's work at a job: all parts that dk_next_part gives it. worker is below the number of threads and that of parts, and no two
 * threads at a job have the same one. */
typedef void (*dk_task)(void *context, dk_share *share, size_t worker);

/* The part of a job that a thread does next; false where none is left. */
bool dk_next_part(dk_share *share, size_t *part);

/* A pool of `threads` threads, of which the caller of dk_pool_run is one; NULL if memory is out. */
dk_pool *dk_pool_create(size_t threads);

/* Has parts 0 ..< parts done, in any order, and returns when all are. Where the pool is at work for another
 * caller, the caller does all parts itself. */
void dk_pool_run(dk_pool *pool, size_t parts, dk_task task, void *context);

/* Ends the threads; no job may be under way. */
void dk_pool_destroy(dk_pool *pool);
