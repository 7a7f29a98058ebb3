#include "session.h"

#include <stdbool.h>

struct scan_guard {
    struct jpeg_progress_mgr progress; /* first, so that libjpeg's pointer to it is a pointer to this */
    int scans_max;
};

/* Stops a file of very many scans, each of which costs a pass over the whole image. */
static void check_scans(j_common_ptr cinfo) {
    const struct scan_guard *guard = (const struct scan_guard *)cinfo->progress;
    if (((j_decompress_ptr)cinfo)->input_scan_number <= guard->scans_max) return;
    cjpeg_fail(cinfo, CJPEG_TOO_MANY_SCANS, "too many scans");
}

/* round(a * b / 255) for a, b in 0...255. */
static uint8_t scaled(unsigned a, unsigned b) {
    const unsigned product = a * b + 128;
    return (uint8_t)((product + (product >> 8)) >> 8);
}

/* rgb[width, 3] = cmyk[width, 4] without color management: each ink and black subtract light. */
static void rgb_from_cmyk(uint8_t *rgb, const uint8_t *cmyk, size_t width, bool inverted) {
    const uint8_t flip = inverted ? 0xff : 0;
    for (size_t x = 0; x < width; x++, rgb += 3, cmyk += 4) {
        const uint8_t light = (uint8_t)(255 - (cmyk[3] ^ flip));
        for (int i = 0; i < 3; i++) rgb[i] = (uint8_t)(light - scaled(cmyk[i] ^ flip, light));
    }
}

static void read_rows(j_decompress_ptr cinfo, uint8_t *pixels, size_t row_bytes) {
    const bool is_cmyk = cinfo->out_color_space == JCS_CMYK;
    JSAMPARRAY inks =
        is_cmyk ? cinfo->mem->alloc_sarray((j_common_ptr)cinfo, JPOOL_IMAGE, cinfo->output_width * 4, 1) : NULL;
    while (cinfo->output_scanline < cinfo->output_height) {
        JSAMPROW row = pixels + cinfo->output_scanline * row_bytes;
        jpeg_read_scanlines(cinfo, is_cmyk ? inks : &row, 1);
        if (is_cmyk) rgb_from_cmyk(row, inks[0], cinfo->output_width, cinfo->saw_Adobe_marker);
    }
}

/* The part of a decode that may jump. */
static enum cjpeg_status decode(j_decompress_ptr cinfo, struct cjpeg_session *session, struct scan_guard *guard,
                                uint8_t *pixels, const uint8_t *data, size_t size, struct cjpeg_layout layout) {
    if (setjmp(session->on_error)) return session->status;

    jpeg_create_decompress(cinfo);
    cinfo->progress = &guard->progress;
    jpeg_mem_src(cinfo, data, size);
    jpeg_read_header(cinfo, TRUE);
    const int channels = cinfo->num_components == 1 ? 1 : 3;
    if (cinfo->image_width != layout.width || cinfo->image_height != layout.height || channels != layout.channels) {
        cjpeg_fail((j_common_ptr)cinfo, CJPEG_CORRUPT, "two frame headers contradict each other");
    }
    if (cinfo->num_components == 4) {
        cinfo->out_color_space = JCS_CMYK;
    } else {
        cinfo->out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    }
    jpeg_start_decompress(cinfo);
    read_rows(cinfo, pixels, (size_t)layout.width * (size_t)channels);
    jpeg_finish_decompress(cinfo);
    return CJPEG_OK;
}

enum cjpeg_status cjpeg_decode(uint8_t *pixels, const uint8_t *data, size_t size, struct cjpeg_layout layout,
                               int scans_max, char message[CJPEG_MESSAGE_SIZE]) {
    struct cjpeg_session session;
    struct scan_guard guard = {.progress = {.progress_monitor = check_scans}, .scans_max = scans_max};
    struct jpeg_decompress_struct cinfo = {.err = cjpeg_begin(&session, message)};
    const enum cjpeg_status status = decode(&cinfo, &session, &guard, pixels, data, size, layout);
    jpeg_destroy_decompress(&cinfo);
    return status;
}
