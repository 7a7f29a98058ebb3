/*
 * The door to libjpeg (libjpeg-turbo).
 *
 * Every function contains its own setjmp, so no longjmp ever crosses a caller's frame. Segments, EXIF and limits
 * are the caller's work (DioramaImage reads them in Swift); pixels are libjpeg's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Room for a message, its final NUL included. */
#define CJPEG_MESSAGE_SIZE 200

enum cjpeg_status {
    CJPEG_OK = 0,
    CJPEG_TRUNCATED = 1,      /* the bytes end before the image does */
    CJPEG_CORRUPT = 2,        /* the bytes contradict the format */
    CJPEG_MEMORY = 3,         /* an allocation failed */
    CJPEG_TOO_MANY_SCANS = 4, /* more scans than the caller allows */
};

/* How the pixels lie in memory: rows from the top, no padding, 8-bit samples interleaved. */
struct cjpeg_layout {
    uint32_t width, height;
    int channels; /* 1 gray, 3 RGB */
};

/* Decodes a JPEG of exactly `layout` into pixels[height * width * channels]. YCbCr, CMYK and YCCK become RGB; CMYK
 * is taken as inverted when an Adobe segment is there, as all its writers do. Damaged image data is an error. */
enum cjpeg_status cjpeg_decode(uint8_t *pixels, const uint8_t *data, size_t size, struct cjpeg_layout layout,
                               int scans_max, char message[CJPEG_MESSAGE_SIZE]);

struct cjpeg_options {
    int quality;                              /* 1...100, libjpeg's scale */
    int horizontal_factor, vertical_factor;   /* luma samples a chroma sample: 1x1, 2x1, 2x2 */
    const uint8_t *app1;                      /* contents of an APP1 segment, or NULL */
    size_t app1_size;                         /* at most 65,533 */
};

/* Encodes pixels as baseline JPEG with optimized Huffman tables; *jpeg is freed with cjpeg_free. */
enum cjpeg_status cjpeg_encode(uint8_t **jpeg, size_t *size, const uint8_t *pixels, struct cjpeg_layout layout,
                               struct cjpeg_options options, char message[CJPEG_MESSAGE_SIZE]);

void cjpeg_free(uint8_t *jpeg);
