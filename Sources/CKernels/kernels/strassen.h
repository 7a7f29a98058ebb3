/* Products in singles by one step of Strassen's scheme: both operands are halved along every extent, and seven products of
 * halves make what takes eight. Strassen, Gaussian Elimination is not Optimal, 1969.
 *
 * A pair of neighbouring tiles has the halves of the rows, a pair of neighbouring panels those of the columns; the summed
 * extent is cut in the middle, so depth is a multiple of 2 DK_LANES. Both are packed as the seven operands of the products, sums
 * of two quarters or a quarter alone.
 *
 * Sums of terms that cancel: an error is as large as rounding makes it for the larger of a pair's two rows and of its two columns,
 * and what is not finite in one would be in the other. So both ways of packing tell pairs that are of one size and finite from
 * others, and multiply_pair writes nothing unless all sums are finite: the others want plain products. */

enum { DK_PRODUCTS = 7, DK_PAIR_ROWS = 2 * DK_REGISTER_ROWS, DK_TILE_VECTORS = DK_REGISTER_ROWS * DK_PANEL_VECTORS };

/* Units of a product's piece: more than of others, whose sums go to one place each. */
enum { DK_PAIR_DEPTH = 1024 };

/* How many times as large as its partner a row or column may be. */
#define DK_PAIR_RATIO 16.0f

/* Whether two numbers, the greatest of two rows or columns, are of one size; neither is infinity or not-a-number then. */
DK_INLINE bool are_alike(float a, float b) { return a <= DK_PAIR_RATIO * b && b <= DK_PAIR_RATIO * a && a - b == a - b; }

/* out[DK_LANES units, DK_REGISTER_ROWS] = lines, which are turned about already where there are eight. */
DK_INLINE void store_lines(float *out, const vf *lines) {
    if (DK_REGISTER_ROWS == 8) {
        for (size_t i = 0; i < DK_REGISTER_ROWS; i++) vf_store(out + i * DK_LANES, lines[i]);
        return;
    }
    for (size_t lane = 0; lane < DK_LANES; lane++)
        for (size_t row = 0; row < DK_REGISTER_ROWS; row++) out[lane * DK_REGISTER_ROWS + row] = lines[row][lane];
}

static bool pack_pair_rows(float *tiles, size_t step, const float *x, size_t row_stride, size_t rows, size_t depth,
                           float *scratch) {
    size_t half = depth / 2;
    if (rows < DK_PAIR_ROWS) {
        for (size_t row = 0; row < rows; row++) memcpy(scratch + row * depth, x + row * row_stride, depth * sizeof *x);
        memset(scratch + rows * depth, 0, (DK_PAIR_ROWS - rows) * depth * sizeof *x);
        x = scratch, row_stride = depth;
    }
    vi greatest[DK_PAIR_ROWS];
    memset(greatest, 0, sizeof greatest);
    for (size_t i = 0; i < half; i += DK_LANES) {
        vf quarters[4][8];
#pragma clang loop unroll(full)
        for (size_t quarter = 0; quarter < 4; quarter++) {
            const float *from = x + quarter / 2 * DK_REGISTER_ROWS * row_stride + quarter % 2 * half + i;
            vi *best = greatest + quarter / 2 * DK_REGISTER_ROWS;
#pragma clang loop unroll(full)
            for (size_t row = 0; row < DK_REGISTER_ROWS; row++) {
                quarters[quarter][row] = vf_load(from + row * row_stride);
                best[row] = larger_bits(best[row], quarters[quarter][row]);
            }
            if (DK_REGISTER_ROWS == 8) zip_eight(quarters[quarter]);
        }
        vf sums[DK_PRODUCTS][8];
#pragma clang loop unroll(full)
        for (size_t row = 0; row < DK_REGISTER_ROWS; row++) {
            vf a = quarters[0][row], b = quarters[1][row], c = quarters[2][row], d = quarters[3][row];
            sums[0][row] = a + d, sums[1][row] = c + d, sums[2][row] = a, sums[3][row] = d;
            sums[4][row] = a + b, sums[5][row] = c - a, sums[6][row] = b - d;
        }
#pragma clang loop unroll(full)
        for (size_t number = 0; number < DK_PRODUCTS; number++)
            store_lines(tiles + number * step + i * DK_REGISTER_ROWS, sums[number]);
    }
    for (size_t row = 0; row + DK_REGISTER_ROWS < rows; row++)
        if (!are_alike(vf_greatest((vf)greatest[row]), vf_greatest((vf)greatest[DK_REGISTER_ROWS + row]))) return false;
    return true;
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

/* Returns whether each column of a pair is as are_alike says. */
DK_INLINE bool pack_pair_of(float *panels, const char *rows, dk_float_type type, size_t stride, size_t columns, size_t depth) {
    size_t half = depth / 2, step = half * DK_PANEL_COLUMNS;
    bool alike = true;
    for (size_t column = 0; column < DK_PANEL_COLUMNS; column += DK_LANES) {
        size_t left = column < columns ? columns - column : 0;
        size_t right = column + DK_PANEL_COLUMNS < columns ? columns - column - DK_PANEL_COLUMNS : 0;
        const char *first = rows + column * stride, *second = first + DK_PANEL_COLUMNS * stride;
        vi greatest[2] = {{0}, {0}};
        for (size_t i = 0; i < half; i += DK_LANES) {
            vf q11[DK_LANES], q12[DK_LANES], q21[DK_LANES], q22[DK_LANES];
            load_square(q11, first, type, stride, left, i);
            load_square(q21, first, type, stride, left, half + i);
            load_square(q12, second, type, stride, right, i);
            load_square(q22, second, type, stride, right, half + i);
            float *to = panels + i * DK_PANEL_COLUMNS + column;
            for (size_t unit = 0; unit < DK_LANES; unit++, to += DK_PANEL_COLUMNS) {
                vf a = q11[unit], b = q12[unit], c = q21[unit], d = q22[unit];
                greatest[0] = larger_bits(larger_bits(greatest[0], a), c);
                greatest[1] = larger_bits(larger_bits(greatest[1], b), d);
                vf_store(to, a + d), vf_store(to + step, a), vf_store(to + 2 * step, b - d), vf_store(to + 3 * step, c - a);
                vf_store(to + 4 * step, d), vf_store(to + 5 * step, a + b), vf_store(to + 6 * step, c + d);
            }
        }
        for (size_t lane = 0; lane < DK_LANES && lane < right; lane++)
            alike &= are_alike(((vf)greatest[0])[lane], ((vf)greatest[1])[lane]);
    }
    return alike;
}

static bool pack_pair_panels(float *panels, const void *rows, dk_float_type type, size_t row_stride, size_t columns,
                             size_t depth) {
    switch (type) {
    case DK_F32: return pack_pair_of(panels, rows, DK_F32, row_stride * 4, columns, depth);
    case DK_F16: return pack_pair_of(panels, rows, DK_F16, row_stride * 2, columns, depth);
    case DK_BF16: return pack_pair_of(panels, rows, DK_BF16, row_stride * 2, columns, depth);
    }
    return false;
}

/* Adds a product to the quarters of the result that have it: 11 = 1 + 4 - 5 + 7, 12 = 3 + 5, 21 = 2 + 4, 22 = 1 - 2 + 3 + 6. */
DK_INLINE void place_product(vf *quarters, const vf *product, size_t number) {
    vf *q11 = quarters, *q12 = q11 + DK_TILE_VECTORS, *q21 = q12 + DK_TILE_VECTORS, *q22 = q21 + DK_TILE_VECTORS;
#define DK_SUMS for (size_t i = 0; i < DK_TILE_VECTORS; i++)
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

static bool multiply_pair(const dk_panel_product *p, void *scratch) {
    const float *left = p->left, *panel = p->panel;
    size_t half = p->units / 2, pieces = (half + DK_PAIR_DEPTH - 1) / DK_PAIR_DEPTH;
    size_t length = (half + pieces - 1) / pieces, pairs = (p->rows + DK_PAIR_ROWS - 1) / DK_PAIR_ROWS;
    vf *quarters = scratch, *sums = quarters + pairs * 4 * DK_TILE_VECTORS;
    dk_panel_product sides[2] = {*p, *p};
    sides[0].columns = p->columns < DK_PANEL_COLUMNS ? p->columns : DK_PANEL_COLUMNS;
    sides[1].columns = p->columns - sides[0].columns;
    if (p->bias) sides[1].bias += DK_PANEL_COLUMNS;
    if (p->gate) sides[1].gate += DK_PANEL_COLUMNS;
    if (p->residual) sides[1].residual += DK_PANEL_COLUMNS;
    sides[1].out += DK_PANEL_COLUMNS;
    for (size_t i = 0; i < DK_PRODUCTS; i++, left += pairs * half * DK_REGISTER_ROWS, panel += half * DK_PANEL_COLUMNS)
        for (size_t from = 0; from < half; from += length) {
            size_t piece = half - from < length ? half - from : length;
            for (size_t pair = 0; pair < pairs; pair++) {
                const float *tile = left + pair * half * DK_REGISTER_ROWS;
                vf *sum = sums + pair * DK_TILE_VECTORS;
                size_t row = pair * DK_PAIR_ROWS, rows = p->rows - row < DK_PAIR_ROWS ? p->rows - row : DK_PAIR_ROWS;
                for (size_t side = 0; side < 2 && i + 1 == DK_PRODUCTS && from == 0; side++)
                    fetch_results(&sides[side], row, rows);
                panel_tiles[DK_SINGLE][0][from > 0](sum, (const uint32_t *)tile + from * DK_REGISTER_ROWS,
                                                    (const uint32_t *)panel + from * DK_PANEL_COLUMNS, piece,
                                                    (const uint32_t *)tile + (half + from) * DK_REGISTER_ROWS);
                if (from + piece == half) place_product(quarters + pair * 4 * DK_TILE_VECTORS, sum, i);
            }
        }
    if (!all_finite((const float *)quarters, pairs * 4 * DK_TILE_VECTORS * DK_LANES)) return false;
    for (size_t tile = 0; tile * DK_REGISTER_ROWS < p->rows; tile++)
        for (size_t side = 0; side < 2; side++) {
            size_t row = tile * DK_REGISTER_ROWS, rows = p->rows - row;
            finish_tile(&sides[side], quarters + (tile * 2 + side) * DK_TILE_VECTORS, row,
                        rows < DK_REGISTER_ROWS ? rows : DK_REGISTER_ROWS);
        }
    return true;
}
