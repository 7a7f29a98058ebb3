/* Products with weights that were packed once.
 *
 * Both operands are cut into units of four bytes along the summed extent (dot.h). The right one, the weights, is
 * packed as panels [units, DK_PANEL_COLUMNS] of DK_PANEL_COLUMNS outputs; the left one as tiles
 * [units, DK_REGISTER_ROWS]. A step of the inner loop loads DK_PANEL_VECTORS vectors of the panel and multiplies each with one unit
 * of each of the tile's rows. Long sums go in pieces of DK_PANEL_DEPTH units, so that a piece of a panel stays in a
 * near cache while a block of tiles passes by; between pieces the sums wait in scratch.
 *
 * Where the processor multiplies matrices (DK_MATRIX_TILES, matrix.h), bf16 and bytes have tiles of DK_PANEL_ROWS rows,
 * DK_UNIT_STEP units of a row together: [units / DK_UNIT_STEP, DK_PANEL_ROWS, DK_UNIT_STEP], and whole steps of units. */

enum { DK_PANEL_COLUMNS = DK_PANEL_VECTORS * DK_LANES, DK_PANEL_DEPTH = DK_LANES == 16 ? 512 : 160 };
#if DK_MATRIX_TILES
enum { DK_UNIT_STEP = 16, DK_REGISTER_ROWS = 8 };
#else
enum { DK_UNIT_STEP = 1, DK_REGISTER_ROWS = DK_PANEL_ROWS };
#endif

/* How many terms of a sum a unit holds. */
DK_INLINE size_t unit_terms(dk_precision precision) {
    return precision == DK_INT8 ? 4 : precision == DK_HALF ? 2 : 1;
}

/* Units of a sum that are whole steps, where steps count. */
DK_INLINE size_t whole_units(dk_precision precision, size_t units) {
    size_t step = precision == DK_SINGLE ? 1 : DK_UNIT_STEP;
    return (units + step - 1) / step * step;
}

static size_t panel_units(dk_precision precision, size_t depth) {
    size_t terms = unit_terms(precision);
    return whole_units(precision, (depth + terms - 1) / terms);
}

/* Where a unit of a row is among tiles. */
DK_INLINE size_t tile_place(dk_precision precision, size_t units, size_t row, size_t unit) {
    if (DK_MATRIX_TILES && precision != DK_SINGLE)
        return (unit / DK_UNIT_STEP * DK_PANEL_ROWS + row) * DK_UNIT_STEP + unit % DK_UNIT_STEP;
    return (row / DK_REGISTER_ROWS * units + unit) * DK_REGISTER_ROWS + row % DK_REGISTER_ROWS;
}

/* Two bf16 of one unit. */
DK_INLINE vu vu_pair_bf16(vf low, vf high) {
    return __builtin_convertvector(vh_term(low), vu) | __builtin_convertvector(vh_term(high), vu) << 16;
}

/* unit `at` of a row of weights in f32 or bf16; terms past the end are zeros. */
DK_INLINE uint32_t weight_unit(dk_precision precision, const void *row, dk_float_type type, size_t at, size_t depth) {
    size_t terms = unit_terms(precision), left = depth - at * terms;
    if (at * terms >= depth) return 0;
    vf w = vf_load_weights_part(row, type, at * terms, left < terms ? left : terms);
    if (precision == DK_SINGLE) return ((vu)w)[0];
    vh half = vh_term(w);
    return (uint32_t)half[0] | (uint32_t)half[1] << 16;
}

/* A square of units, transposed. The square of the rows after these is fetched meanwhile: the processor foresees no further than a page. */
DK_INLINE void pack_unit_square(uint32_t *panel, const size_t width, const void *rows, dk_precision precision,
                                dk_float_type type, size_t stride, size_t at) {
    vf square[DK_LANES];
    size_t size = type == DK_F32 ? 4 : 2;
    for (size_t i = 0; i < DK_LANES; i++) {
        const char *row = (const char *)rows + i * stride * size;
        __builtin_prefetch(row + DK_LANES * stride * size + at * 4, 0, 2);
        if (precision == DK_SINGLE) {
            square[i] = vf_load_weights(row, type, at);
        } else if (type == DK_BF16) {
            square[i] = vf_load((const float *)(row + at * 4));
        } else {
            vh low = vh_term(vf_load_weights(row, type, at * 2));
            vh high = vh_term(vf_load_weights(row, type, at * 2 + DK_LANES));
            memcpy(&square[i], &low, sizeof low);
            memcpy((char *)&square[i] + sizeof low, &high, sizeof high);
        }
    }
    DK_TRANSPOSE(vf, square);
    for (size_t i = 0; i < DK_LANES; i++) vf_store((float *)(panel + i * width), square[i]);
}

DK_INLINE void pack_panel_of(uint32_t *panel, const size_t width, dk_precision precision, const void *rows,
                             dk_float_type type, size_t stride, size_t columns, size_t depth) {
    size_t units = panel_units(precision, depth), size = type == DK_F32 ? 4 : 2;
    size_t whole = columns / DK_LANES * DK_LANES;
    size_t deep = depth / unit_terms(precision) / DK_LANES * DK_LANES;
    for (size_t column = 0; column < whole; column += DK_LANES)
        for (size_t i = 0; i < deep; i += DK_LANES)
            pack_unit_square(panel + i * width + column, width, (const char *)rows + column * stride * size, precision,
                             type, stride, i);
    for (size_t column = 0; column < width; column++)
        for (size_t i = column < whole ? deep : 0; i < units; i++)
            panel[i * width + column] =
                column < columns
                    ? weight_unit(precision, (const char *)rows + column * stride * size, type, i, depth)
                    : 0;
}

static void pack_panel(void *panel, dk_precision precision, const void *rows, dk_float_type type, size_t row_stride,
                       size_t columns, size_t depth) {
#define DK_PACK(p, t) pack_panel_of(panel, DK_PANEL_COLUMNS, p, rows, t, row_stride, columns, depth)
    switch (type) {
    case DK_F32: precision == DK_SINGLE ? DK_PACK(DK_SINGLE, DK_F32) : DK_PACK(DK_HALF, DK_F32); break;
    case DK_F16: precision == DK_SINGLE ? DK_PACK(DK_SINGLE, DK_F16) : DK_PACK(DK_HALF, DK_F16); break;
    case DK_BF16: precision == DK_SINGLE ? DK_PACK(DK_SINGLE, DK_BF16) : DK_PACK(DK_HALF, DK_BF16); break;
    }
#undef DK_PACK
}

static void pack_panel_int8(void *panel, int32_t *sums, const int8_t *rows, size_t row_stride, size_t columns,
                            size_t depth) {
    uint32_t *out = panel;
    size_t units = panel_units(DK_INT8, depth);
    size_t whole = columns / DK_LANES * DK_LANES, deep = depth / 4 / DK_LANES * DK_LANES;
    for (size_t column = 0; column < whole; column += DK_LANES)
        for (size_t i = 0; i < deep; i += DK_LANES) {
            vf square[DK_LANES];
            for (size_t row = 0; row < DK_LANES; row++) {
                const int8_t *from = rows + (column + row) * row_stride + i * 4;
                __builtin_prefetch(from + DK_LANES * row_stride, 0, 2);
                memcpy(&square[row], from, sizeof square[row]);
            }
            DK_TRANSPOSE(vf, square);
            for (size_t unit = 0; unit < DK_LANES; unit++)
                vf_store((float *)(out + (i + unit) * DK_PANEL_COLUMNS + column), square[unit]);
        }
    for (size_t column = 0; column < DK_PANEL_COLUMNS; column++)
        for (size_t i = column < whole ? deep : 0; i < units; i++) {
            uint32_t unit = 0;
            size_t left = i * 4 < depth ? depth - i * 4 : 0;
            if (column < columns) memcpy(&unit, rows + column * row_stride + i * 4, left < 4 ? left : 4);
            out[i * DK_PANEL_COLUMNS + column] = unit;
        }
    const uint32_t ones = 0x01010101u;
    for (size_t v = 0; v < DK_PANEL_COLUMNS; v += DK_LANES) {
        vi sum = {0};
        for (size_t i = 0; i < units; i++)
            sum = dot_i8(sum, vi_splat_unit(&ones), (vi)vf_load((const float *)(out + i * DK_PANEL_COLUMNS + v)));
        memcpy(sums + v, &sum, sizeof sum);
    }
}

/* Lane by lane the greater absolute value, NaN if there is one: without their signs, numbers are ordered as their bits are. */
DK_INLINE vi larger_bits(vi best, vf x) {
    vi bits = (vi)vf_abs(x);
    return (vi)vf_select(bits > best, (vf)bits, (vf)best);
}

/* The greatest absolute value; NaN if there is one. */
DK_INLINE float greatest_absolute(const float *x, size_t n) {
    vi best[4] = {{0}, {0}, {0}, {0}};
    size_t i = 0;
    for (; i + 4 * DK_LANES <= n; i += 4 * DK_LANES)
        for (size_t part = 0; part < 4; part++) best[part] = larger_bits(best[part], vf_load(x + i + part * DK_LANES));
    for (; i + DK_LANES <= n; i += DK_LANES) best[0] = larger_bits(best[0], vf_load(x + i));
    if (i < n) best[0] = larger_bits(best[0], vf_load_part(x + i, n - i, 0));
    for (size_t part = 1; part < 4; part++) best[0] = larger_bits(best[0], (vf)best[part]);
    return vf_greatest((vf)best[0]);
}

/* What numbers are multiplied with to become -127 ... 127, and what bytes then stand for; not-a-number makes the latter one. */
typedef struct {
    float inverse, scale;
} dk_byte_scale;

DK_INLINE dk_byte_scale byte_scale(const float *x, size_t n) {
    float scale = greatest_absolute(x, n) / 127.0f;
    float inverse = scale > 0 ? 1.0f / scale : 0;
    return (dk_byte_scale){inverse <= 3.4028234e38f ? inverse : 0, scale};
}

typedef int8_t vb __attribute__((vector_size(DK_LANES)));

/* x * inverse to the nearest byte, and `offset` more: adding 1.5 · 2^23 rounds to nearest even and leaves the number in the
 * lowest bits. */
DK_INLINE vb quantize_vector(vf x, float inverse, int32_t offset) {
    return __builtin_convertvector((vi)(x * inverse + 12582912.0f) - (0x4B400000 - offset), vb);
}

DK_INLINE void quantize_bytes(void *out, const float *x, size_t n, float inverse, int32_t offset) {
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES) {
        vb bytes = quantize_vector(vf_load(x + i), inverse, offset);
        memcpy((int8_t *)out + i, &bytes, sizeof bytes);
    }
    if (i == n) return;
    vb last = quantize_vector(vf_load_part(x + i, n - i, 0), inverse, offset);
    memcpy((int8_t *)out + i, &last, n - i);
}

/* Numbers of -127 ... 127 that times the result are nearest x. */
static float quantize_row(int8_t *out, const float *x, size_t n) {
    dk_byte_scale by = byte_scale(x, n);
    quantize_bytes(out, x, n, by.inverse, 0);
    return by.scale;
}

/* Four numbers times the matrix with -1 on its other diagonal and 1 elsewhere, over 2. */
#define DK_ROTATE_FOUR(type, a, b, c, d)                  \
    do {                                                  \
        type half = 0.5f * (((a) + (b)) + ((c) + (d)));   \
        type first = (a), second = (b);                   \
        (a) = half - (d), (b) = half - (c);               \
        (c) = half - second, (d) = half - first;          \
    } while (0)

typedef float v4 __attribute__((vector_size(16)));

/* The same among four lanes. */
DK_INLINE v4 v4_rotated(v4 v) {
    v4 sum = v + __builtin_shufflevector(v, v, 1, 0, 3, 2);
    sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1);
    return 0.5f * sum - __builtin_shufflevector(v, v, 3, 2, 1, 0);
}

/* Rotates sixteen elements, the two smallest steps of every larger group. */
DK_INLINE void rotate_sixteen(float *out, const float *x) {
    v4 v[4];
    memcpy(v, x, sizeof v);
    for (size_t i = 0; i < 4; i++) v[i] = v4_rotated(v[i]);
    DK_ROTATE_FOUR(v4, v[0], v[1], v[2], v[3]);
    memcpy(out, v, sizeof v);
}

#if DK_LANES == 16
/* Rotates 256 elements in registers; the sixteen of a vector first, among lanes. */
DK_INLINE void rotate_256(float *out, const float *x) {
    vf v[16];
#define DK_SIXTEEN _Pragma("clang loop unroll(full)") for (size_t i = 0; i < 16; i++)
#define DK_FOUR _Pragma("clang loop unroll(full)") for (size_t i = 0; i < 4; i++)
    DK_SIXTEEN {
        vf a = vf_load(x + i * 16);
        vf sum = a + __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        a = 0.5f * sum - __builtin_shufflevector(a, a, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
        sum = a + __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        sum += __builtin_shufflevector(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
        v[i] = 0.5f * sum - __builtin_shufflevector(a, a, 12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    }
    DK_FOUR DK_ROTATE_FOUR(vf, v[4 * i], v[4 * i + 1], v[4 * i + 2], v[4 * i + 3]);
    DK_FOUR DK_ROTATE_FOUR(vf, v[i], v[4 + i], v[8 + i], v[12 + i]);
    DK_SIXTEEN vf_store(out + i * 16, v[i]);
#undef DK_SIXTEEN
#undef DK_FOUR
}
#endif

/* out[n] = x[n] rotated in groups of a power of 4; x may be out. */
static void rotate_to(float *out, const float *x, size_t group, size_t n) {
#if DK_LANES == 16
    if (group == 256) {
        for (size_t i = 0; i < n; i += 256) rotate_256(out + i, x + i);
        return;
    }
#endif
    if (group == 4) {
        for (size_t i = 0; i < n; i += 4) {
            v4 v;
            memcpy(&v, x + i, sizeof v);
            v = v4_rotated(v);
            memcpy(out + i, &v, sizeof v);
        }
        return;
    }
    for (size_t i = 0; i < n; i += 16) rotate_sixteen(out + i, x + i);
    for (size_t step = 16; step < group; step *= 4)
        for (size_t block = 0; block < n; block += 4 * step)
            for (size_t i = 0; i < step; i += DK_LANES) {
                float *at = out + block + i;
                vf a = vf_load(at), b = vf_load(at + step), c = vf_load(at + 2 * step), d = vf_load(at + 3 * step);
                DK_ROTATE_FOUR(vf, a, b, c, d);
                vf_store(at, a), vf_store(at + step, b), vf_store(at + 2 * step, c), vf_store(at + 3 * step, d);
            }
}

static void rotate_row(float *x, size_t group, size_t n) {
    if (group > 1) rotate_to(x, x, group, n);
}

DK_INLINE void round_terms(uint16_t *out, const float *x, size_t n) {
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES) vh_store(out + i, vh_term(vf_load(x + i)));
    if (i == n) return;
    vh last = vh_term(vf_load_part(x + i, n - i, 0));
    memcpy(out + i, &last, (n - i) * sizeof *out);
}

/* A row of x in the units of its precision. Bytes are rotated first, and 128 more, as products want their left side. */
DK_INLINE void pack_line(uint32_t *line, float *scale, dk_precision precision, const float *x, size_t depth,
                         size_t units, size_t rotation, float *turned) {
    memset(line + units - DK_UNIT_STEP, 0, DK_UNIT_STEP * 4);
    if (precision == DK_HALF) {
        round_terms((uint16_t *)line, x, depth);
        return;
    }
    if (rotation > 1) {
        rotate_to(turned, x, rotation, depth);
        x = turned;
    }
    dk_byte_scale by = byte_scale(x, depth);
    *scale = by.scale;
    quantize_bytes(line, x, depth, by.inverse, 128);
}

/* Three zips of all eight vectors make the rows of a unit neighbours. */
DK_INLINE void zip_eight(vf *lines) {
    for (size_t time = 0; time < 3; time++) {
        vf zipped[8];
        for (size_t row = 0; row < 4; row++) {
            zipped[2 * row] = DK_ZIP_LOW(lines[row], lines[row + 4]);
            zipped[2 * row + 1] = DK_ZIP_HIGH(lines[row], lines[row + 4]);
        }
        memcpy(lines, zipped, sizeof zipped);
    }
}

/* Eight lines of units, turned about. */
DK_INLINE void zip_lines(uint32_t *out, const uint32_t *first, size_t stride, size_t units) {
    size_t i = 0;
    for (; i + DK_LANES <= units; i += DK_LANES) {
        vf lines[8];
        for (size_t row = 0; row < 8; row++) lines[row] = vf_load((const float *)(first + row * stride + i));
        zip_eight(lines);
        for (size_t row = 0; row < 8; row++) vf_store((float *)(out + 8 * i + row * DK_LANES), lines[row]);
    }
    for (; i < units; i++)
        for (size_t row = 0; row < 8; row++) out[8 * i + row] = first[row * stride + i];
}

/* A tile of up to DK_PANEL_ROWS rows of x; missing rows are zeros. */
static void pack_tile(void *tile, float *scales, dk_precision precision, const float *x, size_t row_stride,
                      size_t rows, size_t depth, size_t rotation, void *scratch) {
    uint32_t *out = tile, *lines = scratch;
    size_t units = panel_units(precision, depth), step = precision == DK_SINGLE ? 1 : DK_UNIT_STEP;
    for (size_t row = 0; row < DK_PANEL_ROWS;) {
        if (DK_REGISTER_ROWS == 8 && step == 1 && row + 8 <= rows) {
            const float *from = x + row * row_stride;
            if (precision == DK_SINGLE) {
                zip_lines(out + row * units, (const uint32_t *)from, row_stride, units);
            } else {
                for (size_t i = 0; i < 8; i++)
                    pack_line(lines + i * units, scales + row + i, precision, from + i * row_stride, depth, units,
                              rotation, (float *)lines + 8 * units);
                zip_lines(out + row * units, lines, units, units);
            }
            row += 8;
            continue;
        }
        if (row >= rows) {
            for (size_t i = 0; i < units; i += step) memset(out + tile_place(precision, units, row, i), 0, step * 4);
            if (precision == DK_INT8) scales[row] = 0;
            row++;
            continue;
        }
        const uint32_t *line = (const uint32_t *)(x + row * row_stride);
        if (precision != DK_SINGLE) {
            line = lines;
            pack_line(lines, scales + row, precision, x + row * row_stride, depth, units, rotation,
                      (float *)lines + units);
        }
        if (step > 1)
            for (size_t i = 0; i < units; i += DK_UNIT_STEP)
                memcpy(out + tile_place(precision, units, row, i), line + i, DK_UNIT_STEP * 4);
        else
            for (size_t i = 0; i < units; i++) out[tile_place(precision, units, row, i)] = line[i];
        row++;
    }
}

/* sums[rows, DK_PANEL_COLUMNS] (+)= tile · panel over `units`; precision, rows and begins are known when compiling. The tile at
 * `next`, which follows, is fetched into the second cache meanwhile. */
DK_INLINE void panel_tile(vf *sums, const dk_precision precision, const size_t rows, const bool begins,
                          const uint32_t *left, const uint32_t *panel, size_t units, const uint32_t *next) {
    vf sum[DK_REGISTER_ROWS][DK_PANEL_VECTORS];
#define DK_ROWS _Pragma("clang loop unroll(full)") for (size_t row = 0; row < rows; row++)
#define DK_VECS _Pragma("clang loop unroll(full)") for (size_t v = 0; v < DK_PANEL_VECTORS; v++)
    DK_ROWS DK_VECS sum[row][v] = begins ? (vf){0} : sums[row * DK_PANEL_VECTORS + v];
    for (size_t i = 0; i < units; i++, panel += DK_PANEL_COLUMNS, left += DK_REGISTER_ROWS) {
        vi b[DK_PANEL_VECTORS];
        if (rows > 1) __builtin_prefetch(next + i * DK_REGISTER_ROWS, 0, 2);
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

#define DK_DEFINE_PANEL_TILE(name, precision, rows)                                                           \
    static __attribute__((noinline)) void name##_begin(vf *sums, const uint32_t *left, const uint32_t *panel,    \
                                                       size_t units, const uint32_t *next) {                  \
        panel_tile(sums, precision, rows, true, left, panel, units, next);                                    \
    }                                                                                                         \
    static __attribute__((noinline)) void name##_go_on(vf *sums, const uint32_t *left, const uint32_t *panel,    \
                                                       size_t units, const uint32_t *next) {                  \
        panel_tile(sums, precision, rows, false, left, panel, units, next);                                   \
    }
DK_DEFINE_PANEL_TILE(panel_single, DK_SINGLE, DK_REGISTER_ROWS)
DK_DEFINE_PANEL_TILE(panel_half, DK_HALF, DK_REGISTER_ROWS)
DK_DEFINE_PANEL_TILE(panel_int8, DK_INT8, DK_REGISTER_ROWS)
DK_DEFINE_PANEL_TILE(panel_single_1, DK_SINGLE, 1)
DK_DEFINE_PANEL_TILE(panel_half_1, DK_HALF, 1)
DK_DEFINE_PANEL_TILE(panel_int8_1, DK_INT8, 1)

typedef void (*dk_panel_tile)(vf *, const uint32_t *, const uint32_t *, size_t, const uint32_t *);

/* By precision, whether one row alone, and whether sums go on. */
static const dk_panel_tile panel_tiles[3][2][2] = {
    {{panel_single_begin, panel_single_go_on}, {panel_single_1_begin, panel_single_1_go_on}},
    {{panel_half_begin, panel_half_go_on}, {panel_half_1_begin, panel_half_1_go_on}},
    {{panel_int8_begin, panel_int8_go_on}, {panel_int8_1_begin, panel_int8_1_go_on}},
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
        vi whole = (vi)sum, compensation;
        memcpy(&compensation, p->column_sums + column, sizeof compensation);
        vf real = __builtin_convertvector(whole - compensation * 128, vf);
        sum = real * (p->row_scales[row] * vf_load(p->column_scales + column));
    }
    if (p->bias) sum += load_columns(p->bias + column, width);
    if (p->row_bias) sum += p->row_bias[row];
    sum = activated(p->activation, sum);
    if (gate) sum *= load_columns(gate + column, width);
    if (p->residual) sum += load_columns(p->residual + row * p->out_stride + column, width);
    return sum;
}

static void finish_tile(const dk_panel_product *p, const vf *sums, size_t first, size_t rows) {
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
    const uint32_t *left = p->left, *panel = p->panel;
    const dk_panel_tile *tiles = panel_tiles[p->precision][p->rows == 1];
    size_t from = 0;
    do {
        size_t piece = p->units - from < length ? p->units - from : length;
        bool last = from + piece == p->units;
        for (size_t row = 0; row < p->rows; row += DK_REGISTER_ROWS) {
            size_t tile = row / DK_REGISTER_ROWS;
            vf *sums = (vf *)scratch + (pieces > 1 ? tile * tile_vectors : 0);
            const uint32_t *own = left + (tile * p->units + from) * DK_REGISTER_ROWS;
            tiles[from > 0](sums, own, panel + from * DK_PANEL_COLUMNS, piece, own + p->units * DK_REGISTER_ROWS);
            if (last) finish_tile(p, sums, row, p->rows - row < DK_REGISTER_ROWS ? p->rows - row : DK_REGISTER_ROWS);
        }
        from += piece;
    } while (from < p->units);
}
