/* Matrix products, panel by panel.
 *
 * A panel is DK_COLUMNS columns of the right operand, packed as [k, DK_COLUMNS], so that a step of the inner loop
 * loads DK_VECTORS vectors of it and multiplies them with one element of each of DK_TILE_ROWS rows of the left
 * operand, whose products are summed in registers. Long sums go in equal pieces of at most DK_DEPTH, so that a
 * piece of the panel stays in the first cache while all rows pass by. */

enum { DK_VECTORS = 2, DK_COLUMNS = DK_VECTORS * DK_LANES, DK_DEPTH = 320 };

/* Zips the rows of a square of DK_LANES x DK_LANES: as many times as 2 divides DK_LANES transposes it. */
#define DK_ZIP(type, square)                                                    \
    do {                                                                        \
        type zipped[DK_LANES];                                                  \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < DK_LANES / 2; i++) { \
            zipped[2 * i] = DK_ZIP_LOW(square[i], square[i + DK_LANES / 2]);    \
            zipped[2 * i + 1] = DK_ZIP_HIGH(square[i], square[i + DK_LANES / 2]); \
        }                                                                       \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < DK_LANES; i++) square[i] = zipped[i]; \
    } while (0)

#if DK_LANES == 4
#define DK_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define DK_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#elif DK_LANES == 8
#define DK_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define DK_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define DK_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define DK_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

#define DK_TRANSPOSE(type, square)                                                                  \
    _Pragma("clang loop unroll(full)") for (int round = 1; round < DK_LANES; round *= 2) DK_ZIP(type, square)

static void pack_columns(float *panel, const float *b, size_t row_stride, size_t columns, size_t k) {
    if (columns == DK_COLUMNS) {
        for (size_t i = 0; i < k; i++)
            for (size_t v = 0; v < DK_COLUMNS; v += DK_LANES)
                vf_store(panel + i * DK_COLUMNS + v, vf_load(b + i * row_stride + v));
        return;
    }
    for (size_t i = 0; i < k; i++)
        for (size_t column = 0; column < DK_COLUMNS; column++)
            panel[i * DK_COLUMNS + column] = column < columns ? b[i * row_stride + column] : 0;
}

/* Where a tile's sums begin and end. */
typedef struct {
    float *c;
    size_t stride, columns;
    const float *row_bias, *column_bias;
    bool first; /* the sum begins here: with the biases, not with what c holds */
} dk_tile;

/* c[rows, columns] (+)= a[rows, k] * panel[k, DK_COLUMNS]; rows is known when compiling. */
DK_INLINE void gemm_tile(const dk_tile *tile, const size_t rows, const float *a, size_t a_stride, const float *panel,
                         size_t k) {
    vf sum[DK_TILE_ROWS][DK_VECTORS];
    const bool full = tile->columns == DK_COLUMNS;
    float edge[DK_TILE_ROWS * DK_COLUMNS];

#define DK_ROWS _Pragma("clang loop unroll(full)") for (size_t row = 0; row < rows; row++)
#define DK_VECS _Pragma("clang loop unroll(full)") for (size_t v = 0; v < DK_VECTORS; v++)
    DK_ROWS DK_VECS sum[row][v] = (vf){0};
    for (size_t i = 0; i < k; i++, panel += DK_COLUMNS) {
        vf b[DK_VECTORS];
        DK_VECS b[v] = vf_load(panel + v * DK_LANES);
        DK_ROWS {
            vf left = vf_splat(a[row * a_stride + i]);
            DK_VECS sum[row][v] += left * b[v];
        }
    }
    DK_ROWS {
        float *c = tile->c + row * tile->stride;
        float *to = full ? c : edge + row * DK_COLUMNS;
        if (tile->first) {
            float bias = tile->row_bias ? tile->row_bias[row] : 0;
            DK_VECS vf_store(to + v * DK_LANES, sum[row][v] + bias);
            if (tile->column_bias)
                for (size_t j = 0; j < tile->columns; j++) to[j] += tile->column_bias[j];
            if (!full) memcpy(c, to, tile->columns * sizeof *c);
        } else if (full) {
            DK_VECS vf_store(c + v * DK_LANES, vf_load(c + v * DK_LANES) + sum[row][v]);
        } else {
            DK_VECS vf_store(to + v * DK_LANES, sum[row][v]);
            for (size_t j = 0; j < tile->columns; j++) c[j] += to[j];
        }
    }
#undef DK_ROWS
#undef DK_VECS
}

#define DK_DEFINE_TILE(rows)                                                                                      \
    static __attribute__((noinline)) void gemm_tile_##rows(const dk_tile *tile, const float *a, size_t a_stride,  \
                                                           const float *panel, size_t k) {                        \
        gemm_tile(tile, rows, a, a_stride, panel, k);                                                             \
    }
DK_DEFINE_TILE(1)
DK_DEFINE_TILE(2)
DK_DEFINE_TILE(3)
DK_DEFINE_TILE(4)
DK_DEFINE_TILE(5)
DK_DEFINE_TILE(6)
#if DK_TILE_ROWS > 6
DK_DEFINE_TILE(7)
DK_DEFINE_TILE(8)
DK_DEFINE_TILE(9)
DK_DEFINE_TILE(10)
DK_DEFINE_TILE(11)
DK_DEFINE_TILE(12)
#endif

typedef void (*dk_gemm_tile)(const dk_tile *, const float *, size_t, const float *, size_t);

static const dk_gemm_tile gemm_tiles[] = {
    NULL,        gemm_tile_1, gemm_tile_2, gemm_tile_3,  gemm_tile_4,  gemm_tile_5, gemm_tile_6,
#if DK_TILE_ROWS > 6
    gemm_tile_7, gemm_tile_8, gemm_tile_9, gemm_tile_10, gemm_tile_11, gemm_tile_12,
#endif
};

static void gemm(float *c, size_t c_stride, const float *a, size_t a_stride, const float *panel,
                 const float *row_bias, const float *column_bias, size_t m, size_t columns, size_t k) {
    size_t pieces = (k + DK_DEPTH - 1) / DK_DEPTH;
    size_t length = pieces ? (k + pieces - 1) / pieces : 0;
    size_t depth = 0;
    do {
        size_t piece = k - depth < length ? k - depth : length;
        for (size_t row = 0; row < m; row += DK_TILE_ROWS) {
            size_t rows = m - row < DK_TILE_ROWS ? m - row : DK_TILE_ROWS;
            dk_tile tile = {c + row * c_stride, c_stride, columns, row_bias ? row_bias + row : NULL, column_bias,
                            depth == 0};
            gemm_tiles[rows](&tile, a + row * a_stride + depth, a_stride, panel + depth * DK_COLUMNS, piece);
        }
        depth += length;
    } while (depth < k);
}

/* ROWS rows of x with one row of weights, each weight converted once. */
DK_INLINE void dot_rows_of(float *out, size_t out_stride, const float *x, const void *w, dk_float_type type, size_t at,
                           float bias, const size_t rows, size_t inputs) {
    vf sum[4][2] = {0};
    size_t i = 0;
    for (; i + 2 * DK_LANES <= inputs; i += 2 * DK_LANES) {
        vf w0 = vf_load_weights(w, type, at + i), w1 = vf_load_weights(w, type, at + i + DK_LANES);
        for (size_t row = 0; row < rows; row++) {
            sum[row][0] += vf_load(x + row * inputs + i) * w0;
            sum[row][1] += vf_load(x + row * inputs + i + DK_LANES) * w1;
        }
    }
    for (; i < inputs; i += DK_LANES) {
        size_t width = inputs - i < DK_LANES ? inputs - i : DK_LANES;
        vf w0 = vf_load_weights_part(w, type, at + i, width);
        for (size_t row = 0; row < rows; row++) sum[row][0] += vf_load_part(x + row * inputs + i, width, 0) * w0;
    }
    for (size_t row = 0; row < rows; row++) out[row * out_stride] = vf_sum(sum[row][0] + sum[row][1]) + bias;
}

DK_INLINE void dot_rows_typed(float *out, size_t out_stride, const float *x, const void *w, dk_float_type type,
                              const float *bias, size_t rows, size_t inputs, size_t outputs) {
    for (size_t o = 0; o < outputs; o++) {
        float b = bias ? bias[o] : 0;
        size_t row = 0;
        for (; row + 4 <= rows; row += 4)
            dot_rows_of(out + row * out_stride + o, out_stride, x + row * inputs, w, type, o * inputs, b, 4, inputs);
        for (; row + 2 <= rows; row += 2)
            dot_rows_of(out + row * out_stride + o, out_stride, x + row * inputs, w, type, o * inputs, b, 2, inputs);
        for (; row < rows; row++)
            dot_rows_of(out + row * out_stride + o, out_stride, x + row * inputs, w, type, o * inputs, b, 1, inputs);
    }
}

static void dot_rows(float *out, size_t out_stride, const float *x, const void *w, dk_float_type type,
                     const float *bias, size_t rows, size_t inputs, size_t outputs) {
    switch (type) {
    case DK_F32: dot_rows_typed(out, out_stride, x, w, DK_F32, bias, rows, inputs, outputs); break;
    case DK_F16: dot_rows_typed(out, out_stride, x, w, DK_F16, bias, rows, inputs, outputs); break;
    case DK_BF16: dot_rows_typed(out, out_stride, x, w, DK_BF16, bias, rows, inputs, outputs); break;
    }
}
