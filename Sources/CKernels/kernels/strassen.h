/* Products in singles by one or two steps of Strassen's scheme: a step halves both operands along every extent, and seven products
 * of halves make what takes eight. Strassen, Gaussian Elimination is not Optimal, 1969.
 *
 * Two or four neighbouring tiles are a group that has the parts of the rows, as many neighbouring panels those of the columns; the
 * summed extent is cut into as many parts of whole vectors. Both are packed as the operands of the products, sums of two quarters or
 * a quarter alone, and after two steps of two such operands.
 *
 * Sums of terms that cancel: an error is as large as rounding makes it for the largest of a group's rows and of its columns,
 * and what is not finite in one would be in the others. So both ways of packing tell groups that are of one size and finite from
 * others, and multiply_strassen writes nothing unless all sums are finite: the others want plain products. */

enum { DK_PRODUCTS = 7, DK_MOST_PARTS = 4, DK_TILE_VECTORS = DK_REGISTER_ROWS * DK_PANEL_VECTORS };

/* Units of a product's piece: more than of others, whose sums go to one place each. */
enum { DK_GROUP_DEPTH = 1024 };

/* How many times as large as another of its group a row or column may be. */
#define DK_GROUP_RATIO 16.0f

/* Whether numbers, the greatest of rows or columns, are of one size; none is infinity or not-a-number then. */
DK_INLINE bool are_alike(const float *greatest, size_t count, size_t stride) {
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++) {
            float a = greatest[i * stride], b = greatest[j * stride];
            if (!(a <= DK_GROUP_RATIO * b && b <= DK_GROUP_RATIO * a && a - b == a - b)) return false;
        }
    return true;
}

/* Where a block lies that has this number: quarters are numbered 11, 12, 21, 22, after two steps those of each quarter. */
DK_INLINE size_t block_row(size_t steps, size_t block) { return steps == 1 ? block / 2 : block / 8 * 2 + block / 2 % 2; }
DK_INLINE size_t block_column(size_t steps, size_t block) { return steps == 1 ? block % 2 : block / 4 % 2 * 2 + block % 2; }

/* The left operand of a product, of the quarters a b over c d. */
DK_INLINE vf left_operand(const size_t number, vf a, vf b, vf c, vf d) {
    switch (number) {
    case 0: return a + d;
    case 1: return c + d;
    case 2: return a;
    case 3: return d;
    case 4: return a + b;
    case 5: return c - a;
    default: return b - d;
    }
}

DK_INLINE vf right_operand(const size_t number, vf a, vf b, vf c, vf d) {
    switch (number) {
    case 0: return a + d;
    case 1: return a;
    case 2: return b - d;
    case 3: return c - a;
    case 4: return d;
    case 5: return a + b;
    default: return c + d;
    }
}

/* DK_LANES units of a tile's rows, which are turned about where there are eight. */
typedef struct {
    vf lines[8];
} dk_lines;

#define DK_UNROLLED _Pragma("clang loop unroll(full)")

/* out[DK_LANES units, DK_REGISTER_ROWS] = lines */
DK_INLINE void store_lines(float *out, const dk_lines *x) {
    if (DK_REGISTER_ROWS == 8) {
        for (size_t i = 0; i < DK_REGISTER_ROWS; i++) vf_store(out + i * DK_LANES, x->lines[i]);
        return;
    }
    for (size_t lane = 0; lane < DK_LANES; lane++)
        for (size_t row = 0; row < DK_REGISTER_ROWS; row++) out[lane * DK_REGISTER_ROWS + row] = x->lines[row][lane];
}

/* The operand of four quarters that are `apart`. */
DK_INLINE void left_lines(dk_lines *out, const size_t number, const dk_lines *quarters, const size_t apart) {
    const dk_lines *a = quarters, *b = a + apart, *c = b + apart, *d = c + apart;
    DK_UNROLLED for (size_t row = 0; row < DK_REGISTER_ROWS; row++)
        out->lines[row] = left_operand(number, a->lines[row], b->lines[row], c->lines[row], d->lines[row]);
}

DK_INLINE void store_left(float *tiles, size_t step, const dk_lines *quarters) {
    DK_UNROLLED for (size_t number = 0; number < DK_PRODUCTS; number++) {
        dk_lines operand;
        left_lines(&operand, number, quarters, 1);
        store_lines(tiles + number * step, &operand);
    }
}

DK_INLINE bool pack_group(const size_t steps, float *tiles, size_t step, const float *x, size_t row_stride, size_t rows,
                          size_t depth, float *scratch) {
    const size_t parts = (size_t)1 << steps, height = parts * DK_REGISTER_ROWS;
    size_t length = depth / parts;
    if (rows < height) {
        for (size_t row = 0; row < rows; row++) memcpy(scratch + row * depth, x + row * row_stride, depth * sizeof *x);
        memset(scratch + rows * depth, 0, (height - rows) * depth * sizeof *x);
        x = scratch, row_stride = depth;
    }
    vi best[DK_MOST_PARTS * DK_REGISTER_ROWS];
    memset(best, 0, sizeof best);
    for (size_t i = 0; i < length; i += DK_LANES) {
        dk_lines blocks[DK_MOST_PARTS * DK_MOST_PARTS];
        DK_UNROLLED for (size_t block = 0; block < parts * parts; block++) {
            const size_t first = block_row(steps, block) * DK_REGISTER_ROWS;
            const float *from = x + first * row_stride + block_column(steps, block) * length + i;
            vf *lines = blocks[block].lines;
            DK_UNROLLED for (size_t row = 0; row < DK_REGISTER_ROWS; row++) {
                lines[row] = vf_load(from + row * row_stride);
                best[first + row] = larger_bits(best[first + row], lines[row]);
            }
            if (DK_REGISTER_ROWS == 8) zip_eight(lines);
        }
        float *to = tiles + i * DK_REGISTER_ROWS;
        if (steps == 1) {
            store_left(to, step, blocks);
            continue;
        }
        DK_UNROLLED for (size_t number = 0; number < DK_PRODUCTS; number++) {
            dk_lines quarters[4];
            DK_UNROLLED for (size_t quarter = 0; quarter < 4; quarter++)
                left_lines(quarters + quarter, number, blocks + quarter, 4);
            store_left(to + number * DK_PRODUCTS * step, step, quarters);
        }
    }
    float greatest[DK_MOST_PARTS * DK_REGISTER_ROWS];
    for (size_t row = 0; row < rows; row++) greatest[row] = vf_greatest((vf)best[row]);
    for (size_t row = 0; row < rows && row < DK_REGISTER_ROWS; row++)
        if (!are_alike(greatest + row, (rows - row + DK_REGISTER_ROWS - 1) / DK_REGISTER_ROWS, DK_REGISTER_ROWS)) return false;
    return true;
}

static bool pack_strassen_rows(float *tiles, size_t step, size_t steps, const float *x, size_t row_stride, size_t rows,
                               size_t depth, float *scratch) {
    return steps == 1 ? pack_group(1, tiles, step, x, row_stride, rows, depth, scratch)
                      : pack_group(2, tiles, step, x, row_stride, rows, depth, scratch);
}

/* A square of units and columns, of which some may be missing. */
DK_INLINE void load_square(vf *square, const char *rows, dk_float_type type, size_t stride, size_t columns, size_t at) {
    for (size_t i = 0; i < DK_LANES; i++) {
        const char *row = rows + i * stride;
        if (i < columns) __builtin_prefetch(row + (at + 4 * DK_LANES) * (type == DK_F32 ? 4 : 2), 0, 2);
        square[i] = i < columns ? vf_load_weights(row, type, at) : (vf){0};
    }
    DK_TRANSPOSE(vf, square);
}

/* Stores a unit of the right operands, whose panels are `step` apart. */
DK_INLINE void store_right(float *out, size_t step, vf a, vf b, vf c, vf d) {
    DK_UNROLLED for (size_t number = 0; number < DK_PRODUCTS; number++)
        vf_store(out + number * step, right_operand(number, a, b, c, d));
}

/* Returns whether each column of a group is as are_alike says. */
DK_INLINE bool pack_panels_of(const size_t steps, float *panels, const char *rows, dk_float_type type, size_t stride,
                              size_t columns, size_t depth) {
    const size_t parts = (size_t)1 << steps;
    size_t length = depth / parts, step = length * DK_PANEL_COLUMNS;
    bool alike = true;
    for (size_t column = 0; column < DK_PANEL_COLUMNS; column += DK_LANES) {
        vi best[DK_MOST_PARTS];
        memset(best, 0, sizeof best);
        for (size_t i = 0; i < length; i += DK_LANES) {
            vf x[DK_MOST_PARTS * DK_MOST_PARTS][DK_LANES];
            for (size_t block = 0; block < parts * parts; block++) {
                size_t panel = block_column(steps, block), first = panel * DK_PANEL_COLUMNS + column;
                load_square(x[block], rows + first * stride, type, stride, first < columns ? columns - first : 0,
                            block_row(steps, block) * length + i);
                for (size_t unit = 0; unit < DK_LANES; unit++) best[panel] = larger_bits(best[panel], x[block][unit]);
            }
            float *to = panels + i * DK_PANEL_COLUMNS + column;
            for (size_t unit = 0; unit < DK_LANES; unit++, to += DK_PANEL_COLUMNS) {
                if (steps == 1) {
                    store_right(to, step, x[0][unit], x[1][unit], x[2][unit], x[3][unit]);
                    continue;
                }
                DK_UNROLLED for (size_t number = 0; number < DK_PRODUCTS; number++) {
                    vf quarters[4];
                    DK_UNROLLED for (size_t i = 0; i < 4; i++)
                        quarters[i] = right_operand(number, x[i][unit], x[4 + i][unit], x[8 + i][unit], x[12 + i][unit]);
                    store_right(to + number * DK_PRODUCTS * step, step, quarters[0], quarters[1], quarters[2], quarters[3]);
                }
            }
        }
        for (size_t lane = 0; lane < DK_LANES && column + lane < columns; lane++) {
            float greatest[DK_MOST_PARTS];
            for (size_t part = 0; part < parts; part++) greatest[part] = ((vf)best[part])[lane];
            size_t present = (columns - column - lane + DK_PANEL_COLUMNS - 1) / DK_PANEL_COLUMNS;
            alike &= are_alike(greatest, present, 1);
        }
    }
    return alike;
}

static bool pack_strassen_panels(float *panels, size_t steps, const void *rows, dk_float_type type, size_t row_stride,
                                 size_t columns, size_t depth) {
#define DK_PACK(type, bytes)                                                                       \
    return steps == 1 ? pack_panels_of(1, panels, rows, type, row_stride * bytes, columns, depth) \
                      : pack_panels_of(2, panels, rows, type, row_stride * bytes, columns, depth)
    switch (type) {
    case DK_F32: DK_PACK(DK_F32, 4);
    case DK_F16: DK_PACK(DK_F16, 2);
    case DK_BF16: DK_PACK(DK_BF16, 2);
    }
#undef DK_PACK
    return false;
}

/* Adds a product of so many vectors to the quarters of the result that have it: 11 = 1 + 4 - 5 + 7, 12 = 3 + 5, 21 = 2 + 4,
 * 22 = 1 - 2 + 3 + 6. */
DK_INLINE void place_product(vf *quarters, const vf *product, const size_t vectors, size_t number) {
    vf *q11 = quarters, *q12 = q11 + vectors, *q21 = q12 + vectors, *q22 = q21 + vectors;
#define DK_SUMS for (size_t i = 0; i < vectors; i++)
    switch (number) {
    case 0: DK_SUMS q11[i] = q22[i] = product[i]; break;
    case 1: DK_SUMS q21[i] = product[i], q22[i] -= product[i]; break;
    case 2: DK_SUMS q12[i] = product[i], q22[i] += product[i]; break;
    case 3: DK_SUMS q11[i] += product[i], q21[i] += product[i]; break;
    case 4: DK_SUMS q11[i] -= product[i], q12[i] += product[i]; break;
    case 5: DK_SUMS q22[i] += product[i]; break;
    case 6: DK_SUMS q11[i] += product[i]; break;
    }
#undef DK_SUMS
}

static bool multiply_strassen(const dk_panel_product *p, size_t steps, void *scratch) {
    const float *left = p->left, *panel = p->panel;
    const size_t parts = (size_t)1 << steps, height = parts * DK_REGISTER_ROWS, tiles = parts * parts;
    const size_t products = steps == 1 ? DK_PRODUCTS : DK_PRODUCTS * DK_PRODUCTS;
    size_t depth = p->units / parts, pieces = (depth + DK_GROUP_DEPTH - 1) / DK_GROUP_DEPTH;
    size_t length = (depth + pieces - 1) / pieces, groups = (p->rows + height - 1) / height;
    /* The results of all groups; after two steps also those of the quarters' products; and sums. */
    vf *results = scratch, *quarters = results + groups * tiles * DK_TILE_VECTORS;
    vf *sums = quarters + (steps == 1 ? 0 : groups * 4 * DK_TILE_VECTORS);
    dk_panel_product sides[DK_MOST_PARTS];
    for (size_t side = 0; side < parts; side++) {
        size_t column = side * DK_PANEL_COLUMNS, columns = column < p->columns ? p->columns - column : 0;
        dk_panel_product *own = sides + side;
        *own = *p, own->out += column, own->columns = columns < DK_PANEL_COLUMNS ? columns : DK_PANEL_COLUMNS;
        if (p->bias) own->bias += column;
        if (p->gate) own->gate += column;
        if (p->residual) own->residual += column;
    }
    for (size_t i = 0; i < products; i++, left += groups * depth * DK_REGISTER_ROWS, panel += depth * DK_PANEL_COLUMNS)
        for (size_t from = 0; from < depth; from += length) {
            size_t piece = depth - from < length ? depth - from : length;
            for (size_t group = 0; group < groups; group++) {
                const float *tile = left + group * depth * DK_REGISTER_ROWS;
                vf *sum = sums + group * DK_TILE_VECTORS, *result = results + group * tiles * DK_TILE_VECTORS;
                size_t row = group * height, rows = p->rows - row < height ? p->rows - row : height;
                for (size_t side = 0; side < parts && i + 1 == products && from == 0; side++)
                    fetch_results(&sides[side], row, rows);
                panel_tiles[DK_SINGLE][0][from > 0](sum, (const uint32_t *)tile + from * DK_REGISTER_ROWS,
                                                    (const uint32_t *)panel + from * DK_PANEL_COLUMNS, piece,
                                                    (const uint32_t *)tile + (depth + from) * DK_REGISTER_ROWS, (const uint32_t *)panel);
                if (from + piece < depth) continue;
                if (steps == 1) {
                    place_product(result, sum, DK_TILE_VECTORS, i);
                    continue;
                }
                vf *quarter = quarters + group * 4 * DK_TILE_VECTORS;
                place_product(quarter, sum, DK_TILE_VECTORS, i % DK_PRODUCTS);
                if (i % DK_PRODUCTS + 1 == DK_PRODUCTS)
                    place_product(result, quarter, 4 * DK_TILE_VECTORS, i / DK_PRODUCTS);
            }
        }
    if (!all_finite((const float *)results, groups * tiles * DK_TILE_VECTORS * DK_LANES)) return false;
    for (size_t group = 0; group < groups; group++)
        for (size_t tile = 0; tile < tiles; tile++) {
            size_t row = group * height + block_row(steps, tile) * DK_REGISTER_ROWS;
            if (row >= p->rows) continue;
            finish_tile(&sides[block_column(steps, tile)], results + (group * tiles + tile) * DK_TILE_VECTORS, row,
                        p->rows - row < DK_REGISTER_ROWS ? p->rows - row : DK_REGISTER_ROWS);
        }
    return true;
}
