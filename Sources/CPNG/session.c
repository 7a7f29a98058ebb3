#include "session.h"

#include <stdio.h>

void cpng_fail(png_structp png, png_const_charp message) {
    struct cpng_session *session = png_get_error_ptr(png);
    if (session->status == CPNG_OK) session->status = CPNG_CORRUPT;
    snprintf(session->message, CPNG_MESSAGE_SIZE, "%s", message);
    png_longjmp(png, 1);
}

void cpng_warn(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

bool cpng_host_is_little_endian(void) {
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 1;
}
