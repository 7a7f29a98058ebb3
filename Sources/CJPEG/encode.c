#include "session.h"

#include <stdlib.h>

static const size_t first_capacity = 1 << 16;

/* A file growing in memory. libjpeg's own jpeg_mem_dest leaves a dangling pointer behind when an encode fails. */
struct growing_file {
    struct jpeg_destination_mgr destination; /* first, so that libjpeg's pointer to it is a pointer to this */
    uint8_t *bytes;
    size_t capacity;
};

/* Makes the file `capacity` bytes large and has libjpeg go on writing at `used`. */
static void grow(j_compress_ptr cinfo, size_t used, size_t capacity) {
    struct growing_file *file = (struct growing_file *)cinfo->dest;
    uint8_t *bytes = realloc(file->bytes, capacity);
    if (!bytes) cjpeg_fail((j_common_ptr)cinfo, CJPEG_MEMORY, "out of memory");
    file->bytes = bytes;
    file->capacity = capacity;
    file->destination.next_output_byte = bytes + used;
    file->destination.free_in_buffer = capacity - used;
}

static void begin_file(j_compress_ptr cinfo) { grow(cinfo, 0, first_capacity); }

static boolean continue_file(j_compress_ptr cinfo) {
    const size_t used = ((struct growing_file *)cinfo->dest)->capacity; /* libjpeg calls when the buffer is full */
    grow(cinfo, used, used * 2);
    return TRUE;
}

static void end_file(j_compress_ptr cinfo) { (void)cinfo; }

/* The part of an encode that may jump. */
static enum cjpeg_status encode(j_compress_ptr cinfo, struct cjpeg_session *session, struct growing_file *file,
                                const uint8_t *pixels, struct cjpeg_layout layout, struct cjpeg_options options) {
    if (setjmp(session->on_error)) return session->status;

    jpeg_create_compress(cinfo);
    cinfo->dest = &file->destination;
    cinfo->image_width = layout.width;
    cinfo->image_height = layout.height;
    cinfo->input_components = layout.channels;
    cinfo->in_color_space = layout.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(cinfo);
    jpeg_set_quality(cinfo, options.quality, TRUE);
    cinfo->optimize_coding = TRUE;
    if (layout.channels == 3) {
        cinfo->comp_info[0].h_samp_factor = options.horizontal_factor;
        cinfo->comp_info[0].v_samp_factor = options.vertical_factor;
    }

    jpeg_start_compress(cinfo, TRUE);
    if (options.app1) jpeg_write_marker(cinfo, JPEG_APP0 + 1, options.app1, (unsigned int)options.app1_size);
    const size_t row_bytes = (size_t)layout.width * (size_t)layout.channels;
    while (cinfo->next_scanline < cinfo->image_height) {
        JSAMPROW row = (JSAMPROW)(pixels + cinfo->next_scanline * row_bytes);
        jpeg_write_scanlines(cinfo, &row, 1);
    }
    jpeg_finish_compress(cinfo);
    return CJPEG_OK;
}

enum cjpeg_status cjpeg_encode(uint8_t **jpeg, size_t *size, const uint8_t *pixels, struct cjpeg_layout layout,
                               struct cjpeg_options options, char message[CJPEG_MESSAGE_SIZE]) {
    struct cjpeg_session session;
    struct jpeg_compress_struct cinfo = {.err = cjpeg_begin(&session, message)};
    struct growing_file file = {.destination = {.init_destination = begin_file,
                                                .empty_output_buffer = continue_file,
                                                .term_destination = end_file}};
    const enum cjpeg_status status = encode(&cinfo, &session, &file, pixels, layout, options);
    jpeg_destroy_compress(&cinfo);
    if (status != CJPEG_OK) {
        free(file.bytes);
        return status;
    }
    *jpeg = file.bytes;
    *size = file.capacity - file.destination.free_in_buffer;
    return CJPEG_OK;
}

void cjpeg_free(uint8_t *jpeg) { free(jpeg); }
