#include "CPNG.h"

#include <limits.h>
#include <zlib.h>

uint32_t cpng_crc(const uint8_t *data, size_t size) {
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, size);
}

enum cpng_status cpng_inflate(uint8_t *out, size_t capacity, size_t *count, const uint8_t *data, size_t size) {
    if (capacity > UINT_MAX || size > UINT_MAX) return CPNG_MEMORY;
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)capacity};
    if (inflateInit(&stream) != Z_OK) return CPNG_MEMORY;
    const int result = inflate(&stream, Z_FINISH);
    *count = capacity - stream.avail_out;
    const uInt room_left = stream.avail_out, input_left = stream.avail_in;
    inflateEnd(&stream);
    if (result == Z_STREAM_END) return CPNG_OK;
    if (result == Z_MEM_ERROR) return CPNG_MEMORY;
    if (result != Z_BUF_ERROR && result != Z_OK) return CPNG_CORRUPT;
    if (room_left == 0) return CPNG_MEMORY;
    return input_left == 0 ? CPNG_TRUNCATED : CPNG_CORRUPT;
}
