/* The operands of products, packed.
 *
 * Both are cut into units of four bytes along the summed extent (dot.h). The right one, the weights, is packed as panels
 * [units, DK_PANEL_COLUMNS] of DK_PANEL_COLUMNS outputs; the left one as tiles [units, DK_REGISTER_ROWS].
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
    return precision == DK_INT8 ? DK_BYTE_TERMS : precision == DK_HALF ? DK_HALF_TERMS : 1;
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

/* unit `at` of a row of weights, of singles or bf16; terms past the end are zeros. */
DK_INLINE uint32_t weight_unit(dk_precision precision, const void *row, dk_float_type type, size_t at, size_t depth) {
    size_t terms = unit_terms(precision), left = depth - at * terms;
    if (at * terms >= depth) return 0;
    vf w = vf_load_weights_part(row, type, at * terms, left < terms ? left : terms);
    if (precision == DK_SINGLE) return ((vu)w)[0];
    if (!DK_DOT_HALF) return ((vu)vf_rounded(w))[0];
    vh half = vh_term(w);
    return (uint32_t)half[0] | (uint32_t)half[1] << 16;
}

/* A square of units, transposed, of which rows from `count` on are missing: zeros. The square of the rows after these is fetched meanwhile: the
 * processor foresees no further than a page. */
DK_INLINE void pack_unit_square(uint32_t *panel, const size_t width, const void *rows, const size_t count, dk_precision precision,
                                dk_float_type type, size_t stride, size_t at) {
    vf square[DK_LANES];
    size_t size = type == DK_F32 ? 4 : 2;
    for (size_t i = 0; i < DK_LANES; i++) {
        if (i >= count) {
            square[i] = (vf){0};
            continue;
        }
        const char *row = (const char *)rows + i * stride * size;
        __builtin_prefetch(row + DK_LANES * stride * size + at * 4, 0, 2);
        if (precision == DK_SINGLE) {
            square[i] = vf_load_weights(row, type, at);
        } else if (!DK_DOT_HALF) {
            vf weights = vf_load_weights(row, type, at);
            square[i] = type == DK_BF16 ? weights : vf_rounded(weights);
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
    size_t deep = depth / unit_terms(precision) / DK_LANES * DK_LANES;
    for (size_t column = 0; column < width; column += DK_LANES) {
        const char *from = (const char *)rows + column * stride * size;
        size_t count = column < columns ? columns - column : 0;
        for (size_t i = 0; i < deep; i += DK_LANES) {
            uint32_t *to = panel + i * width + column;
            if (count >= DK_LANES) pack_unit_square(to, width, from, DK_LANES, precision, type, stride, i);
            else pack_unit_square(to, width, from, count, precision, type, stride, i);
        }
    }
    for (size_t column = 0; column < width; column++)
        for (size_t i = deep; i < units; i++)
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

typedef int8_t vb __attribute__((vector_size(DK_LANES)));
typedef int8_t vbb __attribute__((vector_size(DK_LANES * 2)));
typedef int16_t vss __attribute__((vector_size(DK_LANES * 4)));

/* DK_LANES units of a row of bytes. */
DK_INLINE vf byte_units(const int8_t *row) {
#if DK_DOT_BYTES
    return vf_load((const float *)row);
#else
    vbb bytes;
    memcpy(&bytes, row, sizeof bytes);
    return (vf)__builtin_convertvector(bytes, vss);
#endif
}

/* A unit of up to DK_BYTE_TERMS bytes. */
DK_INLINE uint32_t byte_unit(const int8_t *row, size_t terms) {
    uint32_t unit = 0;
#if DK_DOT_BYTES
    memcpy(&unit, row, terms < 4 ? terms : 4);
#else
    for (size_t i = 0; i < terms && i < 2; i++) unit |= (uint32_t)(uint16_t)(int16_t)row[i] << 16 * i;
#endif
    return unit;
}

static void pack_panel_int8(void *panel, int32_t *sums, const int8_t *rows, size_t row_stride, size_t columns,
                            size_t depth) {
    uint32_t *out = panel;
    size_t units = panel_units(DK_INT8, depth);
    size_t whole = columns / DK_LANES * DK_LANES, deep = depth / DK_BYTE_TERMS / DK_LANES * DK_LANES;
    for (size_t column = 0; column < whole; column += DK_LANES)
        for (size_t i = 0; i < deep; i += DK_LANES) {
            vf square[DK_LANES];
            for (size_t row = 0; row < DK_LANES; row++) {
                const int8_t *from = rows + (column + row) * row_stride + i * DK_BYTE_TERMS;
                __builtin_prefetch(from + DK_LANES * row_stride, 0, 2);
                square[row] = byte_units(from);
            }
            DK_TRANSPOSE(vf, square);
            for (size_t unit = 0; unit < DK_LANES; unit++)
                vf_store((float *)(out + (i + unit) * DK_PANEL_COLUMNS + column), square[unit]);
        }
    for (size_t column = 0; column < DK_PANEL_COLUMNS; column++)
        for (size_t i = column < whole ? deep : 0; i < units; i++) {
            size_t at = i * DK_BYTE_TERMS, left = column < columns && at < depth ? depth - at : 0;
            out[i * DK_PANEL_COLUMNS + column] = left ? byte_unit(rows + column * row_stride + at, left) : 0;
        }
    memset(sums, 0, DK_PANEL_COLUMNS * sizeof *sums);
#if DK_DOT_BYTES
    /* What the 128 that rows are moved by adds to a sum, in 128ths. */
    const uint32_t ones = 0x01010101u;
    for (size_t v = 0; v < DK_PANEL_COLUMNS; v += DK_LANES) {
        vi sum = {0};
        for (size_t i = 0; i < units; i++)
            sum = dot_i8(sum, vi_splat_unit(&ones), (vi)vf_load((const float *)(out + i * DK_PANEL_COLUMNS + v)));
        memcpy(sums + v, &sum, sizeof sum);
    }
#endif
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

/* The same as units of a product's left side: bytes and 128 more, or numbers of 16 bits. */
DK_INLINE void quantize_units(void *out, const float *x, size_t n, float inverse) {
#if DK_DOT_BYTES
    quantize_bytes(out, x, n, inverse, 128);
#else
    typedef int16_t vs __attribute__((vector_size(DK_LANES * 2)));
    for (size_t i = 0; i < n; i += DK_LANES) {
        size_t width = n - i < DK_LANES ? n - i : DK_LANES;
        vf v = (width == DK_LANES ? vf_load(x + i) : vf_load_part(x + i, width, 0)) * inverse + 12582912.0f;
        vs terms = __builtin_convertvector((vi)v - 0x4B400000, vs);
        memcpy((int16_t *)out + i, &terms, width * sizeof terms[0]);
    }
#endif
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

DK_INLINE void round_terms(void *out, const float *x, size_t n) {
    size_t i = 0;
    for (; i + DK_LANES <= n; i += DK_LANES) store_terms(out, i, vf_load(x + i), DK_LANES);
    if (i < n) store_terms(out, i, vf_load_part(x + i, n - i, 0), n - i);
}

/* A row of x in the units of its precision. Bytes are rotated first. */
DK_INLINE void pack_line(uint32_t *line, float *scale, dk_precision precision, const float *x, size_t depth,
                         size_t units, size_t rotation, float *turned) {
    memset(line + units - DK_UNIT_STEP, 0, DK_UNIT_STEP * 4);
    if (precision == DK_HALF) {
        round_terms(line, x, depth);
        return;
    }
    if (rotation > 1) {
        rotate_to(turned, x, rotation, depth);
        x = turned;
    }
    dk_byte_scale by = byte_scale(x, depth);
    *scale = by.scale;
    quantize_units(line, x, depth, by.inverse);
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
