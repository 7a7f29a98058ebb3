/* Packed products of each set of instructions that the processor has, beside plain sums in double precision: for processors that tests do
 * not run on (tools/check-arm64.sh). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "levels.h"

static uint32_t state = 1;
static float noise(void) {
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (1 << 23) - 1;
}
static float rounded(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u;
    memcpy(&x, &bits, 4);
    return x;
}

/* A product of `rows` by `outputs` terms of `depth`, rows packed as tiles or as they lie; 1 where it is wrong. */
static int check(const dk_kernels *k, dk_precision precision, size_t rows, size_t outputs, size_t depth, bool strided) {
    size_t units = k->panel_units(precision, depth), width = k->panel_columns, height = k->panel_rows;
    size_t tiles = (rows + height - 1) / height, stride = (units + 63) / 64 * 64 + 64;
    float *x = malloc(rows * depth * 4), *w = malloc(outputs * depth * 4), *scales = malloc(outputs * 4 + 4096);
    int8_t *q = malloc(outputs * depth + 4096);
    for (size_t i = 0; i < rows * depth; i++) x[i] = noise();
    for (size_t i = 0; i < outputs * depth; i++) w[i] = noise();
    for (size_t o = 0; o < outputs; o++) scales[o] = k->quantize_row(q + o * depth, w + o * depth, depth);
    uint32_t *left = aligned_alloc(64, (tiles * height * stride + 1024) * 4), *panel = aligned_alloc(64, (units + 2) * width * 4);
    memset(left, 0, (tiles * height * stride + 1024) * 4);
    float *row_scales = calloc(tiles * height, 4), *scratch = aligned_alloc(64, 1 << 22), *out = calloc(rows * outputs, 4);
    for (size_t t = 0; t < tiles && !strided; t++) {
        size_t n = rows - t * height < height ? rows - t * height : height;
        k->pack_tile(left + t * height * units, row_scales + t * height, precision, x + t * height * depth, depth, n, depth, 1, scratch);
    }
    for (size_t r = 0; r < rows && strided; r++)
        for (size_t i = 0; i < depth; i++) {
            float term = precision == DK_HALF ? rounded(x[r * depth + i]) : x[r * depth + i];
            if (precision == DK_HALF && k->half_terms == 2)
                k->f32_to_bf16((uint16_t *)(left + r * stride) + i, &term, 1);
            else memcpy(left + r * stride + i, &term, 4);
        }
    for (size_t first = 0; first < outputs; first += width) {
        dk_panel_product p = {.precision = precision, .rows = rows, .units = units, .left = left, .left_stride = strided ? stride : 0,
                              .panel = panel, .rows_per_gate = 1, .out = out + first, .out_stride = outputs};
        p.columns = outputs - first < width ? outputs - first : width;
        float column_scales[64] = {0};
        int32_t sums[64] = {0};
        memcpy(column_scales, scales + first, p.columns * 4);
        if (precision == DK_INT8) k->pack_panel_int8(panel, sums, q + first * depth, depth, p.columns, depth);
        else k->pack_panel(panel, precision, w + first * depth, DK_F32, depth, p.columns, depth);
        p.row_scales = row_scales, p.column_scales = column_scales, p.column_sums = sums;
        k->multiply_panel(&p, scratch);
    }
    double worst = 0, size = 0;
    for (size_t r = 0; r < rows; r++) {
        float greatest = 0;
        for (size_t i = 0; i < depth; i++) greatest = fmaxf(greatest, fabsf(x[r * depth + i]));
        float scale = greatest / 127.0f, inverse = 1.0f / scale;
        for (size_t o = 0; o < outputs; o++) {
            double sum = 0;
            for (size_t i = 0; i < depth; i++) {
                float a = x[r * depth + i], b = w[o * depth + i];
                if (precision == DK_HALF) a = rounded(a), b = rounded(b);
                if (precision == DK_INT8) a = nearbyintf(a * inverse) * scale, b = (float)q[o * depth + i] * scales[o];
                sum += (double)a * b;
            }
            worst = fmax(worst, fabs(sum - out[r * outputs + o])), size = fmax(size, fabs(sum));
        }
    }
    bool good = worst < 2e-5 * size;
    if (!good) printf("level %d precision %d strided %d: %zu x %zu to %zu: %g of %g\n", k->level, precision, strided, rows, depth, outputs, worst, size);
    free(x), free(w), free(scales), free(q), free(left), free(panel), free(row_scales), free(scratch), free(out);
    return good ? 0 : 1;
}

int main(void) {
    int failures = 0, count = 0;
    for (int level = 0; level <= DK_NEON_DOT; level++) {
        if (dk_level(level) != level) continue;
        const dk_kernels *k = dk_kernels_at(level);
        /* Rows, outputs and terms: on both sides of tiles, panels, vectors and pieces. */
        size_t extents[][3] = {{1, 1, 1}, {2, 3, 5}, {7, 13, 31}, {9, 17, 64}, {33, 49, 127}, {40, 50, 700}, {17, 12, 1030}};
        for (size_t i = 0; i < sizeof extents / sizeof *extents; i++)
            for (int precision = 0; precision < 3; precision++)
                for (int strided = 0; strided < (precision == DK_INT8 ? 1 : 2); strided++, count++)
                    failures += check(k, precision, extents[i][0], extents[i][1], extents[i][2], strided);
        printf("level %d: checked\n", level);
    }
    printf("%d products, %d wrong\n", count, failures);
    return failures != 0;
}
