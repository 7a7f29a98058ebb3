#include "session.h"

#include <string.h>

/* Every chunk but IDAT is read whole; the largest one that pixels need is a palette of 768 bytes. */
static const png_alloc_size_t chunk_bytes_max = 1 << 16;
static const png_uint_32 side_max = 0x7fffffff;

static void read_bytes(png_structp png, png_bytep out, size_t count) {
    struct cpng_session *session = png_get_io_ptr(png);
    if (count > session->left) {
        session->status = CPNG_TRUNCATED;
        png_error(png, "the data ends too soon");
    }
    if (count > session->allowance) png_error(png, "the image data goes on behind the last row");
    session->allowance -= count;
    memcpy(out, session->next, count);
    session->next += count;
    session->left -= count;
}

/* What the last row may still take from the file, beyond twice its size: libpng's buffer, and slack for the end of
 * the stream. Without it, image data that goes on for gigabytes would all be inflated in search of its end. */
static const size_t last_row_slack = 1 << 16;

/* Asks libpng to give 8- or 16-bit samples with the layout's number of channels. */
static void request_layout(png_structp png, png_infop info, struct cpng_layout layout) {
    const png_byte color = png_get_color_type(png, info);
    const bool wants_alpha = layout.channels == 2 || layout.channels == 4;

    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    if (png_get_valid(png, info, PNG_INFO_tRNS)) {
        png_set_tRNS_to_alpha(png);
    } else if (wants_alpha && !(color & PNG_COLOR_MASK_ALPHA)) {
        png_set_add_alpha(png, 0xffff, PNG_FILLER_AFTER); /* libpng threw a malformed tRNS away: opaque */
    }
    if (layout.bit_depth == 16 && cpng_host_is_little_endian()) png_set_swap(png);
}

/* The part of a decode that may jump. */
static enum cpng_status decode(png_structp png, png_infop info, struct cpng_session *session, uint8_t *pixels,
                               struct cpng_layout layout) {
    if (setjmp(png_jmpbuf(png))) return session->status;

    png_set_read_fn(png, session, read_bytes);
    png_set_user_limits(png, side_max, side_max); /* the caller has checked the sides against its own limits */
    png_set_chunk_malloc_max(png, chunk_bytes_max);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1); /* all but IHDR, PLTE, tRNS, IDAT, IEND */

    png_read_info(png, info);
    request_layout(png, info, layout);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);

    const size_t row_bytes = (size_t)layout.width * (size_t)layout.channels * (size_t)(layout.bit_depth / 8);
    if (png_get_image_width(png, info) != layout.width || png_get_image_height(png, info) != layout.height ||
        png_get_rowbytes(png, info) != row_bytes) {
        png_error(png, "the chunks before the image data contradict each other");
    }
    for (int pass = 0; pass < passes; pass++) {
        for (png_uint_32 y = 0; y < layout.height; y++) {
            if (pass == passes - 1 && y == layout.height - 1) session->allowance = 2 * row_bytes + last_row_slack;
            png_read_row(png, pixels + y * row_bytes, NULL);
        }
    }
    session->allowance = SIZE_MAX;
    png_read_end(png, NULL);
    return CPNG_OK;
}

enum cpng_status cpng_decode(void *pixels, const uint8_t *data, size_t size, struct cpng_layout layout,
                             char message[CPNG_MESSAGE_SIZE]) {
    struct cpng_session session = {.next = data, .left = size, .allowance = SIZE_MAX, .message = message};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, cpng_fail, cpng_warn);
    if (!png) return CPNG_MEMORY;
    png_infop info = png_create_info_struct(png);
    const enum cpng_status status = info ? decode(png, info, &session, pixels, layout) : CPNG_MEMORY;
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}
