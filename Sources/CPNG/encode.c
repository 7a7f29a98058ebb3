#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const size_t first_capacity = 1 << 16;

static void append(png_structp png, const uint8_t *data, size_t count) {
    struct cpng_session *session = png_get_io_ptr(png);
    if (count > session->capacity - session->size) {
        size_t capacity = session->capacity ? session->capacity : first_capacity;
        while (capacity - session->size < count) {
            if (capacity > SIZE_MAX / 2) png_error(png, "the file grows too large");
            capacity *= 2;
        }
        uint8_t *bytes = realloc(session->bytes, capacity);
        if (!bytes) {
            session->status = CPNG_MEMORY;
            png_error(png, "out of memory");
        }
        session->bytes = bytes;
        session->capacity = capacity;
    }
    memcpy(session->bytes + session->size, data, count);
    session->size += count;
}

static void write_bytes(png_structp png, png_bytep data, size_t count) { append(png, data, count); }

static void flush_nothing(png_structp png) { (void)png; }

static int color_type(int channels) {
    switch (channels) {
    case 1: return PNG_COLOR_TYPE_GRAY;
    case 2: return PNG_COLOR_TYPE_GRAY_ALPHA;
    case 3: return PNG_COLOR_TYPE_RGB;
    default: return PNG_COLOR_TYPE_RGB_ALPHA;
    }
}

/* The part of an encode that may jump. */
static enum cpng_status encode(png_structp png, png_infop info, struct cpng_session *session, const uint8_t *pixels,
                               struct cpng_layout layout, int level, const uint8_t *chunks,
                               size_t chunks_size) {
    if (setjmp(png_jmpbuf(png))) return session->status;

    png_set_write_fn(png, session, write_bytes, flush_nothing);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    if (level == CPNG_LEVEL_FAST) {
        png_set_compression_level(png, 1);
        png_set_compression_strategy(png, Z_RLE);
        png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_AVG | PNG_FILTER_PAETH);
    } else {
        png_set_compression_level(png, level);
    }
    png_set_IHDR(png, info, layout.width, layout.height, layout.bit_depth, color_type(layout.channels),
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    if (chunks_size) append(png, chunks, chunks_size);
    if (layout.bit_depth == 16 && cpng_host_is_little_endian()) png_set_swap(png);
    const size_t row_bytes = (size_t)layout.width * (size_t)layout.channels * (size_t)(layout.bit_depth / 8);
    for (png_uint_32 y = 0; y < layout.height; y++) png_write_row(png, pixels + y * row_bytes);
    png_write_end(png, NULL);
    return CPNG_OK;
}

enum cpng_status cpng_encode(uint8_t **out, size_t *size, const void *pixels, struct cpng_layout layout, int level,
                             const uint8_t *chunks, size_t chunks_size, char message[CPNG_MESSAGE_SIZE]) {
    struct cpng_session session = {.message = message};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &session, cpng_fail, cpng_warn);
    if (!png) return CPNG_MEMORY;
    png_infop info = png_create_info_struct(png);
    const enum cpng_status status =
        info ? encode(png, info, &session, pixels, layout, level, chunks, chunks_size) : CPNG_MEMORY;
    png_destroy_write_struct(&png, &info);
    if (status != CPNG_OK) {
        free(session.bytes);
        return status;
    }
    *out = session.bytes;
    *size = session.size;
    return CPNG_OK;
}

void cpng_free(uint8_t *png) { free(png); }
