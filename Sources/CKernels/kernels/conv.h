/* What output pixels see of an image, as a panel for multiply_panel.
 *
 * Terms are ordered by place in the kernel first and by channel within it, so that the two terms of a bf16 unit are
 * neighbouring channels of one pixel. */

/* What output pixels see of one channel at one place of the kernel. */
typedef struct {
    bool whole;                    /* pixels offset ..< offset + DK_PANEL_COLUMNS of a channel, without gaps */
    ptrdiff_t offset;
    ptrdiff_t at[DK_PANEL_COLUMNS]; /* otherwise one by one; -1 outside the image */
} dk_view;

static dk_view view_pixels(const dk_conv *conv, size_t first, size_t columns, size_t ky, size_t kx) {
    dk_view view = {columns == DK_PANEL_COLUMNS, 0, {0}};
    for (size_t i = 0; i < DK_PANEL_COLUMNS; i++) {
        ptrdiff_t y = (ptrdiff_t)((first + i) / conv->out_width * conv->stride + ky) - (ptrdiff_t)conv->padding;
        ptrdiff_t x = (ptrdiff_t)((first + i) % conv->out_width * conv->stride + kx) - (ptrdiff_t)conv->padding;
        bool inside = i < columns && y >= 0 && x >= 0 && y < (ptrdiff_t)conv->height && x < (ptrdiff_t)conv->width;
        view.at[i] = inside ? y * (ptrdiff_t)conv->width + x : -1;
        view.whole = view.whole && inside && view.at[i] == view.at[0] + (ptrdiff_t)i;
    }
    view.offset = view.at[0];
    return view;
}

/* The channel's pixels of a view: in place, or gathered to `room`. */
DK_INLINE const float *seen(const dk_view *view, const float *channel, float *room) {
    if (view->whole) return channel + view->offset;
    for (size_t i = 0; i < DK_PANEL_COLUMNS; i++) room[i] = view->at[i] < 0 ? 0 : channel[view->at[i]];
    return room;
}

/* Units of what a pixel sees, without those that fill a step. */
DK_INLINE size_t seen_units(dk_precision precision, const dk_conv *conv) {
    size_t terms = unit_terms(precision);
    return conv->kernel_height * conv->kernel_width * ((conv->channels + terms - 1) / terms);
}

static size_t conv_units(dk_precision precision, const dk_conv *conv) {
    return whole_units(precision, seen_units(precision, conv));
}

static void pack_pixels(void *panel, dk_precision precision, const float *x, const dk_conv *conv, size_t first,
                        size_t columns) {
    uint32_t *out = panel;
    size_t area = conv->height * conv->width;
    float rooms[2][DK_PANEL_COLUMNS];
    for (size_t ky = 0; ky < conv->kernel_height; ky++)
        for (size_t kx = 0; kx < conv->kernel_width; kx++) {
            dk_view view = view_pixels(conv, first, columns, ky, kx);
            for (size_t c = 0; c < conv->channels; c += unit_terms(precision), out += DK_PANEL_COLUMNS) {
                const float *low = seen(&view, x + c * area, rooms[0]);
                if (unit_terms(precision) == 1) {
                    for (size_t v = 0; v < DK_PANEL_COLUMNS; v += DK_LANES) {
                        vf terms = vf_load(low + v);
                        vf_store((float *)out + v, precision == DK_HALF ? vf_rounded(terms) : terms);
                    }
                    continue;
                }
                const float *high = c + 1 < conv->channels ? seen(&view, x + (c + 1) * area, rooms[1]) : NULL;
                for (size_t v = 0; v < DK_PANEL_COLUMNS; v += DK_LANES) {
                    vu pair = vu_pair_bf16(vf_load(low + v), high ? vf_load(high + v) : (vf){0});
                    memcpy(out + v, &pair, sizeof pair);
                }
            }
        }
    size_t missing = conv_units(precision, conv) - seen_units(precision, conv);
    memset(out, 0, missing * DK_PANEL_COLUMNS * 4);
}

/* The weights [rows, channels, kernel] of up to DK_PANEL_ROWS outputs as a tile, in the order of pack_pixels. */
static void pack_filters(void *tile, dk_precision precision, const void *weights, dk_float_type type,
                         const dk_conv *conv, size_t rows) {
    uint32_t *out = tile;
    size_t places = conv->kernel_height * conv->kernel_width, terms = unit_terms(precision);
    size_t units = conv_units(precision, conv), unit = 0;
    memset(out, 0, units * DK_PANEL_ROWS * 4);
    for (size_t place = 0; place < places; place++)
        for (size_t c = 0; c < conv->channels; c += terms, unit++)
            for (size_t row = 0; row < rows; row++) {
                vf value = {0};
                for (size_t t = 0; t < terms && c + t < conv->channels; t++)
                    value[t] = vf_load_weights_part(weights, type, (row * conv->channels + c + t) * places + place, 1)[0];
                vh half = vh_term(value);
                out[tile_place(precision, units, row, unit)] =
                    precision == DK_SINGLE ? ((vu)value)[0]
                    : DK_DOT_HALF          ? (uint32_t)half[0] | (uint32_t)half[1] << 16
                                           : ((vu)vf_rounded(value))[0];
            }
}
