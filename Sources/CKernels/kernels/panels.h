/* Products with weights that were packed (packing.h).
 *
 * A step of the inner loop loads DK_PANEL_VECTORS vectors of a panel and multiplies each with one unit of each of a tile's rows. Long
 * sums go in pieces of DK_PANEL_DEPTH units, so that a piece of a panel stays in a near cache while a block of tiles passes by; between
 * pieces the sums wait in scratch. Rows may also be read as they lie, packed by no one: those of convolutions (places.h). */

/* sums[rows, DK_PANEL_COLUMNS] (+)= tile · panel over `units`; precision, rows and begins are known when compiling. The tile at
 * `next`, which follows, is fetched into the second cache meanwhile, and as many lines of units at `ahead`. */
DK_INLINE void panel_tile(vf *sums, const dk_precision precision, const size_t rows, const bool begins,
                          const uint32_t *left, const uint32_t *panel, size_t units, const uint32_t *next, const uint32_t *ahead) {
    vf sum[DK_REGISTER_ROWS][DK_PANEL_VECTORS];
#define DK_ROWS _Pragma("clang loop unroll(full)") for (size_t row = 0; row < rows; row++)
#define DK_VECS _Pragma("clang loop unroll(full)") for (size_t v = 0; v < DK_PANEL_VECTORS; v++)
    DK_ROWS DK_VECS sum[row][v] = begins ? (vf){0} : sums[row * DK_PANEL_VECTORS + v];
    for (size_t i = 0; i < units; i++, panel += DK_PANEL_COLUMNS, left += DK_REGISTER_ROWS) {
        vi b[DK_PANEL_VECTORS];
        if (rows > 1) __builtin_prefetch(next + i * DK_REGISTER_ROWS, 0, 2);
        if (rows > 1) __builtin_prefetch(ahead + i * 16, 0, 2);
        DK_VECS b[v] = (vi)vf_load((const float *)(panel + v * DK_LANES));
        DK_ROWS {
            vi a = vi_splat_unit(left + row);
            DK_VECS {
                if (precision == DK_SINGLE) sum[row][v] = dot_f32(sum[row][v], a, b[v]);
                else if (precision == DK_HALF) sum[row][v] = dot_bf16(sum[row][v], a, b[v]);
                else sum[row][v] = (vf)dot_i8((vi)sum[row][v], a, b[v]);
            }
        }
    }
    DK_ROWS DK_VECS sums[row * DK_PANEL_VECTORS + v] = sum[row][v];
#undef DK_ROWS
#undef DK_VECS
}

#define DK_DEFINE_PANEL_TILE(name, precision, rows)                                                                         \
    static __attribute__((noinline)) void name##_begin(vf *sums, const uint32_t *left, const uint32_t *panel, size_t units, \
                                                       const uint32_t *next, const uint32_t *ahead) {                       \
        panel_tile(sums, precision, rows, true, left, panel, units, next, ahead);                                           \
    }                                                                                                                       \
    static __attribute__((noinline)) void name##_go_on(vf *sums, const uint32_t *left, const uint32_t *panel, size_t units, \
                                                       const uint32_t *next, const uint32_t *ahead) {                       \
        panel_tile(sums, precision, rows, false, left, panel, units, next, ahead);                                          \
    }
DK_DEFINE_PANEL_TILE(panel_single, DK_SINGLE, DK_REGISTER_ROWS)
DK_DEFINE_PANEL_TILE(panel_half, DK_HALF, DK_REGISTER_ROWS)
DK_DEFINE_PANEL_TILE(panel_int8, DK_INT8, DK_REGISTER_ROWS)
DK_DEFINE_PANEL_TILE(panel_single_2, DK_SINGLE, 2)
DK_DEFINE_PANEL_TILE(panel_half_2, DK_HALF, 2)
DK_DEFINE_PANEL_TILE(panel_int8_2, DK_INT8, 2)
DK_DEFINE_PANEL_TILE(panel_single_1, DK_SINGLE, 1)
DK_DEFINE_PANEL_TILE(panel_half_1, DK_HALF, 1)
DK_DEFINE_PANEL_TILE(panel_int8_1, DK_INT8, 1)

/* The same for rows as they lie, and as many vectors of the panel as have columns. */
DK_INLINE void panel_rows(vf *sums, const dk_precision precision, const size_t vectors, const bool begins, const uint32_t *left,
                          size_t stride, const uint32_t *panel, size_t units) {
    vf sum[DK_REGISTER_ROWS][DK_PANEL_VECTORS];
#define DK_ROWS _Pragma("clang loop unroll(full)") for (size_t row = 0; row < DK_REGISTER_ROWS; row++)
#define DK_VECS _Pragma("clang loop unroll(full)") for (size_t v = 0; v < vectors; v++)
    DK_ROWS DK_VECS sum[row][v] = begins ? (vf){0} : sums[row * DK_PANEL_VECTORS + v];
    const uint32_t *lines[DK_REGISTER_ROWS];
    DK_ROWS {
        lines[row] = left + row * stride;
        /* Otherwise the compiler finds each address anew. */
        __asm__("" : "+r"(lines[row]));
    }
    for (size_t i = 0; i < units;) {
        DK_ROWS __builtin_prefetch(left + (DK_REGISTER_ROWS + row) * stride + i);
        size_t line = units - i < 16 ? units : i + 16;
        for (; i < line; i++, panel += DK_PANEL_COLUMNS) {
            vi b[DK_PANEL_VECTORS];
            DK_VECS b[v] = (vi)vf_load((const float *)(panel + v * DK_LANES));
            DK_ROWS {
                vi a = vi_splat_unit(lines[row] + i);
                DK_VECS sum[row][v] = precision == DK_SINGLE ? dot_f32(sum[row][v], a, b[v]) : dot_bf16(sum[row][v], a, b[v]);
            }
        }
    }
    DK_ROWS DK_VECS sums[row * DK_PANEL_VECTORS + v] = sum[row][v];
#undef DK_ROWS
#undef DK_VECS
}

#define DK_DEFINE_PANEL_ROWS(name, precision, vectors)                                                               \
    static __attribute__((noinline)) void name##_begin(vf *sums, const uint32_t *left, size_t stride,                \
                                                       const uint32_t *panel, size_t units) {                        \
        panel_rows(sums, precision, vectors, true, left, stride, panel, units);                                      \
    }                                                                                                                \
    static __attribute__((noinline)) void name##_go_on(vf *sums, const uint32_t *left, size_t stride,                \
                                                       const uint32_t *panel, size_t units) {                        \
        panel_rows(sums, precision, vectors, false, left, stride, panel, units);                                     \
    }
DK_DEFINE_PANEL_ROWS(rows_single_1, DK_SINGLE, 1)
DK_DEFINE_PANEL_ROWS(rows_single_2, DK_SINGLE, 2)
DK_DEFINE_PANEL_ROWS(rows_single_all, DK_SINGLE, DK_PANEL_VECTORS)
DK_DEFINE_PANEL_ROWS(rows_half_1, DK_HALF, 1)
DK_DEFINE_PANEL_ROWS(rows_half_2, DK_HALF, 2)
DK_DEFINE_PANEL_ROWS(rows_half_all, DK_HALF, DK_PANEL_VECTORS)

typedef void (*dk_panel_tile)(vf *, const uint32_t *, const uint32_t *, size_t, const uint32_t *, const uint32_t *);
typedef void (*dk_panel_rows)(vf *, const uint32_t *, size_t, const uint32_t *, size_t);

/* By precision, rows (0 for more than two), and whether sums go on. */
static const dk_panel_tile panel_tiles[3][3][2] = {
    {{panel_single_begin, panel_single_go_on},
     {panel_single_1_begin, panel_single_1_go_on},
     {panel_single_2_begin, panel_single_2_go_on}},
    {{panel_half_begin, panel_half_go_on},
     {panel_half_1_begin, panel_half_1_go_on},
     {panel_half_2_begin, panel_half_2_go_on}},
    {{panel_int8_begin, panel_int8_go_on},
     {panel_int8_1_begin, panel_int8_1_go_on},
     {panel_int8_2_begin, panel_int8_2_go_on}},
};

/* By precision, vectors that have columns (the last for all), and whether sums go on. */
static const dk_panel_rows panel_row_tiles[2][3][2] = {
    {{rows_single_1_begin, rows_single_1_go_on}, {rows_single_2_begin, rows_single_2_go_on}, {rows_single_all_begin, rows_single_all_go_on}},
    {{rows_half_1_begin, rows_half_1_go_on}, {rows_half_2_begin, rows_half_2_go_on}, {rows_half_all_begin, rows_half_all_go_on}},
};

DK_INLINE vf activated(dk_activation activation, vf v) {
    switch (activation) {
    case DK_LINEAR: return v;
    case DK_WITH_SILU: return vf_silu(v);
    case DK_WITH_QUICK_GELU: return vf_quick_gelu(v);
    case DK_WITH_GELU: return vf_gelu(v);
    case DK_WITH_GELU_TANH: return vf_gelu_tanh(v);
    }
    return v;
}

/* A vector of a row, of which `width` elements are there; a whole one costs no call. */
DK_INLINE vf load_columns(const float *x, size_t width) {
    return width == DK_LANES ? vf_load(x) : vf_load_part(x, width, 0);
}

/* What becomes of one vector of sums: scales, bias, function, gate (of this row) and residual. */
DK_INLINE vf finish_sum(const dk_panel_product *p, vf sum, const float *gate, size_t row, size_t column, size_t width) {
    if (p->precision == DK_INT8) {
        vi whole = (vi)sum;
#if DK_DOT_BYTES
        vi compensation;
        memcpy(&compensation, p->column_sums + column, sizeof compensation);
        whole -= compensation * 128;
#endif
        vf real = __builtin_convertvector(whole, vf);
        sum = real * (p->row_scales[row] * vf_load(p->column_scales + column));
    }
    if (p->bias) sum += load_columns(p->bias + column, width);
    if (p->row_bias) sum += p->row_bias[row];
    sum = activated(p->activation, sum);
    if (gate) sum *= load_columns(gate + column, width);
    if (p->residual) sum += load_columns(p->residual + row * p->out_stride + column, width);
    return sum;
}

/* Whether sums are results as they are. */
DK_INLINE bool is_plain(const dk_panel_product *p) {
    return p->precision != DK_INT8 && !p->bias && !p->row_bias && p->activation == DK_LINEAR && !p->gate && !p->residual;
}

static void finish_tile(const dk_panel_product *p, const vf *sums, size_t first, size_t rows) {
    if (p->columns == DK_PANEL_COLUMNS && is_plain(p)) {
        for (size_t row = first; row < first + rows; row++, sums += DK_PANEL_VECTORS)
            for (size_t v = 0; v < DK_PANEL_VECTORS; v++) vf_store(p->out + row * p->out_stride + v * DK_LANES, sums[v]);
        return;
    }
    for (size_t row = first; row < first + rows; row++, sums += DK_PANEL_VECTORS) {
        float *out = p->out + row * p->out_stride;
        const float *gate = p->gate ? p->gate + (p->first_row + row) / p->rows_per_gate * p->gate_stride : NULL;
        for (size_t v = 0; v < DK_PANEL_VECTORS && v * DK_LANES < p->columns; v++) {
            size_t column = v * DK_LANES, width = p->columns - column;
            if (width >= DK_LANES) vf_store(out + column, finish_sum(p, sums[v], gate, row, column, DK_LANES));
            else vf_store_part(out + column, finish_sum(p, sums[v], gate, row, column, width), width);
        }
    }
}

#if DK_MATRIX_TILES
#include "matrix.h"
#endif

/* Fetches what finish_tile will read and write, which otherwise waits for each line of it. */
static void fetch_results(const dk_panel_product *p, size_t first, size_t rows) {
    for (size_t row = first; row < first + rows; row++)
        for (size_t column = 0; column < p->columns; column += 16) {
            __builtin_prefetch(p->out + row * p->out_stride + column, 1, 2);
            if (p->residual) __builtin_prefetch(p->residual + row * p->out_stride + column, 0, 2);
        }
}

/* Fetches the share of `units` that the tile at `row` has in them. */
DK_INLINE void fetch_share(const uint32_t *units, size_t count, size_t row, size_t rows) {
    size_t from = count * row / rows / 16 * 16, to = count * (row + DK_REGISTER_ROWS) / rows;
    for (; from < to; from += 16) __builtin_prefetch(units + from, 0, 2);
}

static void multiply_panel(const dk_panel_product *p, void *scratch) {
    enum { tile_vectors = DK_REGISTER_ROWS * DK_PANEL_VECTORS };
#if DK_MATRIX_TILES
    if (p->precision != DK_SINGLE) {
        multiply_matrix(p, scratch);
        return;
    }
#endif
    size_t pieces = (p->units + DK_PANEL_DEPTH - 1) / DK_PANEL_DEPTH;
    size_t length = pieces ? (p->units + pieces - 1) / pieces : 0;
    size_t vectors = (p->columns + DK_LANES - 1) / DK_LANES;
    const uint32_t *left = p->left, *panel = p->panel;
    const dk_panel_rows *rows = p->left_stride ? panel_row_tiles[p->precision][vectors < 3 ? vectors - 1 : 2] : NULL;
    size_t from = 0;
    do {
        size_t piece = p->units - from < length ? p->units - from : length;
        bool last = from + piece == p->units;
        for (size_t row = 0; row < p->rows; row += DK_REGISTER_ROWS) {
            size_t tile = row / DK_REGISTER_ROWS;
            vf *sums = (vf *)scratch + (pieces > 1 ? tile * tile_vectors : 0);
            const uint32_t *own = left + (tile * p->units + from) * DK_REGISTER_ROWS, *from_panel = panel + from * DK_PANEL_COLUMNS;
            size_t count = p->rows - row < DK_REGISTER_ROWS ? p->rows - row : DK_REGISTER_ROWS;
            if (last) fetch_results(p, row, count);
            if (rows) {
                fetch_share(from_panel + piece * DK_PANEL_COLUMNS, piece * DK_PANEL_COLUMNS, row, p->rows);
                rows[from > 0](sums, left + row * p->left_stride + from, p->left_stride, from_panel, piece);
            } else {
                /* What follows in this panel, and then the next one, within the first tiles, so many lines a tile. */
                const uint32_t *ahead = last ? p->ahead : from_panel + piece * DK_PANEL_COLUMNS;
                ahead = ahead && tile * 16 < DK_PANEL_COLUMNS ? ahead + tile * piece * 16 : from_panel;
                panel_tiles[p->precision][count > 2 ? 0 : count][from > 0](sums, own, from_panel, piece,
                                                                           own + p->units * DK_REGISTER_ROWS, ahead);
            }
            if (last) finish_tile(p, sums, row, count);
        }
        from += piece;
    } while (from < p->units);
}
