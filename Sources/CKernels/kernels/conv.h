/* What output pixels see of an image, as a panel for gemm. */

/* panel[.., columns] of one output row: pixels column ..< column + width, one channel, one kernel row. */
DK_INLINE void pack_taps(float *panel, const float *row, const dk_conv *conv, size_t column, size_t width) {
    for (size_t tap = 0; tap < conv->kernel_width; tap++, panel += DK_COLUMNS) {
        ptrdiff_t start = (ptrdiff_t)(column * conv->stride + tap) - (ptrdiff_t)conv->padding;
        ptrdiff_t last = start + (ptrdiff_t)((width - 1) * conv->stride);
        if (row && conv->stride == 1 && start >= 0 && last < (ptrdiff_t)conv->width) {
            if (width == DK_COLUMNS)
                for (size_t v = 0; v < DK_COLUMNS; v += DK_LANES) vf_store(panel + v, vf_load(row + start + v));
            else
                memcpy(panel, row + start, width * sizeof *panel);
            continue;
        }
        for (size_t i = 0; i < width; i++) {
            ptrdiff_t at = start + (ptrdiff_t)(i * conv->stride);
            panel[i] = row && at >= 0 && at < (ptrdiff_t)conv->width ? row[at] : 0;
        }
    }
}

static void pack_pixels(float *panel, const float *x, const dk_conv *conv, size_t first, size_t columns) {
    size_t taps = conv->kernel_width * DK_COLUMNS;
    size_t depth = conv->channels * conv->kernel_height * conv->kernel_width;
    if (columns < DK_COLUMNS) memset(panel, 0, depth * DK_COLUMNS * sizeof *panel);
    /* A panel may run over several output rows. */
    for (size_t done = 0; done < columns;) {
        size_t row = (first + done) / conv->out_width, column = (first + done) % conv->out_width;
        size_t width = conv->out_width - column;
        if (width > columns - done) width = columns - done;
        float *to = panel + done;
        for (size_t channel = 0; channel < conv->channels; channel++)
            for (size_t tap = 0; tap < conv->kernel_height; tap++, to += taps) {
                ptrdiff_t y = (ptrdiff_t)(row * conv->stride + tap) - (ptrdiff_t)conv->padding;
                bool inside = y >= 0 && y < (ptrdiff_t)conv->height;
                const float *from = inside ? x + (channel * conv->height + (size_t)y) * conv->width : NULL;
                pack_taps(to, from, conv, column, width);
            }
        done += width;
    }
}
