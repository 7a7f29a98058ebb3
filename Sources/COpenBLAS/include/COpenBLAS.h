/* The one function of OpenBLAS that is used, loaded when it is first needed: the library takes milliseconds to
 * start, which a command that multiplies nothing should not pay. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* c[m, n] = a[m, k] · b, where b is [k, n] or, transposed, [n, k]; rows are a_stride, b_stride and c_stride
 * elements apart. */
typedef void (*dob_sgemm)(float *c, size_t c_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                          bool transposed, size_t m, size_t n, size_t k, const void *library);

/* What was loaded. */
typedef struct {
    dob_sgemm sgemm;     /* NULL if the machine has no OpenBLAS */
    const void *library; /* to be passed on to sgemm */
} dob_library;

/* Loads OpenBLAS, held to one thread: callers divide the work themselves. Stays loaded. */
dob_library dob_load(void);
