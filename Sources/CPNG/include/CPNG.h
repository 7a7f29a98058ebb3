/*
 * The door to libpng's low-level interface and to zlib.
 *
 * Every function contains its own setjmp, so no longjmp ever crosses a caller's frame. Chunk layout, text and
 * limits are the caller's work (DioramaImage reads them in Swift); pixels are libpng's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Room for a message, its final NUL included. */
#define CPNG_MESSAGE_SIZE 160

enum cpng_status {
    CPNG_OK = 0,
    CPNG_TRUNCATED = 1, /* the bytes end before the image does */
    CPNG_CORRUPT = 2,   /* the bytes contradict the format */
    CPNG_MEMORY = 3,    /* an allocation failed */
};

/* How the pixels lie in memory: rows from the top, no padding, samples interleaved, 16-bit ones in host order. */
struct cpng_layout {
    uint32_t width, height;
    int channels;  /* 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA */
    int bit_depth; /* 8 or 16 */
};

/* Decodes a PNG of exactly `layout` into pixels[height * width * channels * bit_depth / 8]. Smaller gray samples are
 * widened, palettes looked up, tRNS becomes alpha, interlaced passes are merged; no gamma or color management. */
enum cpng_status cpng_decode(void *pixels, const uint8_t *data, size_t size, struct cpng_layout layout,
                             char message[CPNG_MESSAGE_SIZE]);

/* As `level`: filters and a strategy of zlib that suit pictures without repetition. */
#define CPNG_LEVEL_FAST (-1)

/* Encodes pixels at a zlib level of 0...9 or CPNG_LEVEL_FAST; chunks[chunks_size] are whole chunks that go
 * between IHDR and IDAT. *png is freed with cpng_free. */
enum cpng_status cpng_encode(uint8_t **png, size_t *size, const void *pixels, struct cpng_layout layout, int level,
                             const uint8_t *chunks, size_t chunks_size, char message[CPNG_MESSAGE_SIZE]);

void cpng_free(uint8_t *png);

/* CRC-32 as PNG chunks carry it, of data[size]. */
uint32_t cpng_crc(const uint8_t *data, size_t size);

/* Inflates a whole zlib stream into out[capacity]; *count is what it gave. CPNG_MEMORY: it holds more than capacity. */
enum cpng_status cpng_inflate(uint8_t *out, size_t capacity, size_t *count, const uint8_t *data, size_t size);
