/* What one call to libpng keeps: where it stands in memory, and how it ended. */
#pragma once

#include "CPNG.h"

#include <png.h>
#include <stdbool.h>

struct cpng_session {
    const uint8_t *next; /* reading: the next byte, and how many are left */
    size_t left;
    size_t allowance; /* reading: how much more libpng may take */
    uint8_t *bytes; /* writing: what was written so far, and how much fits */
    size_t size, capacity;
    enum cpng_status status;
    char *message;
};

/* libpng's error handler: keeps the message and jumps to the setjmp of the call under way. */
_Noreturn void cpng_fail(png_structp png, png_const_charp message);

/* libpng's warning handler: what libpng can live with is not reported. */
void cpng_warn(png_structp png, png_const_charp message);

/* True where 16-bit samples in memory are not in PNG's byte order. */
bool cpng_host_is_little_endian(void);
