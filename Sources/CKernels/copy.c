/* Copies between arrangements of an array. */
#include <string.h>

#include "CKernels.h"

#define DK_COPY_ROW(type)                                                                       \
    do {                                                                                        \
        type *to = (type *)out;                                                                 \
        const type *from = (const type *)x;                                                     \
        for (ptrdiff_t i = 0; i < n; i++) to[i * out_stride] = from[i * stride];                \
    } while (0)

/* One axis. */
static void copy_row(char *out, const char *x, ptrdiff_t n, ptrdiff_t out_stride, ptrdiff_t stride, size_t size) {
    if (out_stride == 1 && stride == 1) {
        memcpy(out, x, (size_t)n * size);
        return;
    }
    switch (size) {
    case 1: DK_COPY_ROW(uint8_t); break;
    case 2: DK_COPY_ROW(uint16_t); break;
    case 4: DK_COPY_ROW(uint32_t); break;
    case 8: DK_COPY_ROW(uint64_t); break;
    }
}

void dk_copy(void *out, const void *x, const ptrdiff_t *dims, const ptrdiff_t *out_strides, const ptrdiff_t *strides,
             size_t rank, size_t size) {
    if (rank == 0) {
        memcpy(out, x, size);
    } else if (rank == 1) {
        copy_row(out, x, dims[0], out_strides[0], strides[0], size);
    } else {
        for (ptrdiff_t i = 0; i < dims[0]; i++)
            dk_copy((char *)out + i * out_strides[0] * (ptrdiff_t)size, (const char *)x + i * strides[0] * (ptrdiff_t)size,
                    dims + 1, out_strides + 1, strides + 1, rank - 1, size);
    }
}
