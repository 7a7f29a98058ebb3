/* Products of bf16 and bytes by the processor's matrix instructions (AMX).
 *
 * A matrix register holds 16 rows of 16 units. Six of the eight hold sums of 32 rows by 48 columns, one a step of units
 * of 16 rows, one a step of 16 columns; loads hide behind the multiplications. The registers are configured for a call
 * and given back after it, so that a thread without work in them costs nothing to switch. */

enum { DK_MATRIX_DEPTH = 256 };

/* How a thread's matrix registers are cut; laid out by the processor. */
typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} dk_matrix_shape;

DK_INLINE void begin_matrix(void) {
    dk_matrix_shape shape = {.palette = 1};
    for (size_t i = 0; i < 8; i++) shape.row_bytes[i] = 64, shape.rows[i] = 16;
    _tile_loadconfig(&shape);
}

DK_INLINE void end_matrix(void) { _tile_release(); }

/* Where the rows of a product's left side are: of tiles, or as they lie. */
typedef struct {
    const uint32_t *start;
    size_t row_bytes, lower, step; /* from row to row; units to the 16 rows after the first, and from a step of units to the next */
} dk_matrix_rows;

/* sums[32 or 16, DK_PANEL_COLUMNS] (+)= left · panel over `units`, for as many vectors of columns as there are. */
#define DK_DEFINE_MATRIX(name, multiply)                                                                          \
    static __attribute__((noinline)) void name(float *sums, bool two, size_t vectors, bool begins,                \
                                               const dk_matrix_rows *rows, const uint32_t *panel, size_t units) { \
        enum { stride = DK_PANEL_COLUMNS * 4 };                                                                   \
        const uint32_t *left = rows->start;                                                                       \
        float *lower = sums + 16 * DK_PANEL_COLUMNS;                                                              \
        if (begins) {                                                                                             \
            _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3), _tile_zero(4), _tile_zero(5);             \
        } else {                                                                                                  \
            _tile_loadd(0, sums, stride), _tile_loadd(1, sums + 16, stride), _tile_loadd(2, sums + 32, stride);   \
            if (two)                                                                                              \
                _tile_loadd(3, lower, stride), _tile_loadd(4, lower + 16, stride), _tile_loadd(5, lower + 32, stride); \
        }                                                                                                         \
        for (size_t i = 0; i < units; i += DK_UNIT_STEP) {                                                        \
            _tile_loadd(6, left, rows->row_bytes), _tile_loadd(7, panel, stride), multiply(0, 6, 7);              \
            if (vectors > 1) _tile_loadd(7, panel + 16, stride), multiply(1, 6, 7);                               \
            if (vectors > 2) _tile_loadd(7, panel + 32, stride), multiply(2, 6, 7);                               \
            if (two) {                                                                                            \
                _tile_loadd(6, left + rows->lower, rows->row_bytes);                                              \
                if (vectors > 2) multiply(5, 6, 7);                                                               \
                if (vectors > 2) _tile_loadd(7, panel + 16, stride);                                              \
                if (vectors > 1) multiply(4, 6, 7), _tile_loadd(7, panel, stride);                                \
                multiply(3, 6, 7);                                                                                \
            }                                                                                                     \
            left += rows->step, panel += DK_UNIT_STEP * DK_PANEL_COLUMNS;                                         \
        }                                                                                                         \
        _tile_stored(0, sums, stride), _tile_stored(1, sums + 16, stride), _tile_stored(2, sums + 32, stride);    \
        if (two)                                                                                                  \
            _tile_stored(3, lower, stride), _tile_stored(4, lower + 16, stride), _tile_stored(5, lower + 32, stride); \
    }
DK_DEFINE_MATRIX(matrix_half, _tile_dpbf16ps)
DK_DEFINE_MATRIX(matrix_int8, _tile_dpbusd)

static void multiply_matrix(const dk_panel_product *p, void *scratch) {
    size_t pieces = (p->units + DK_MATRIX_DEPTH - 1) / DK_MATRIX_DEPTH;
    size_t length = pieces ? whole_units(p->precision, (p->units + pieces - 1) / pieces) : 0;
    size_t vectors = (p->columns + DK_LANES - 1) / DK_LANES;
    const uint32_t *left = p->left, *panel = p->panel;
    size_t from = 0;
    begin_matrix();
    do {
        size_t piece = p->units - from < length ? p->units - from : length;
        bool last = from + piece == p->units;
        for (size_t row = 0; row < p->rows; row += DK_PANEL_ROWS) {
            size_t rows = p->rows - row < DK_PANEL_ROWS ? p->rows - row : DK_PANEL_ROWS;
            float *sums = (float *)scratch + (pieces > 1 ? row * DK_PANEL_COLUMNS : 0);
            dk_matrix_rows of = {left + row * p->units + from * DK_PANEL_ROWS, 64, 16 * DK_UNIT_STEP,
                                 DK_PANEL_ROWS * DK_UNIT_STEP};
            if (p->left_stride)
                of = (dk_matrix_rows){left + row * p->left_stride + from, p->left_stride * 4, 16 * p->left_stride, DK_UNIT_STEP};
            (p->precision == DK_HALF ? matrix_half : matrix_int8)(sums, rows > 16, vectors, from == 0, &of,
                                                                  panel + from * DK_PANEL_COLUMNS, piece);
            if (last) finish_tile(p, (const vf *)sums, row, rows);
        }
        from += piece;
    } while (from < p->units);
    end_matrix();
}
