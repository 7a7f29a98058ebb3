#define _POSIX_C_SOURCE 200112L /* setenv */
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <stdlib.h>

/* From cblas.h. */
enum { CBLAS_ROW_MAJOR = 101, CBLAS_NO_TRANSPOSE = 111, CBLAS_TRANSPOSE = 112 };

typedef void (*cblas_sgemm)(int order, int a_transposed, int b_transposed, int m, int n, int k, float alpha,
                            const float *a, int a_stride, const float *b, int b_stride, float beta, float *c,
                            int c_stride);

typedef void (*set_num_threads)(int count);

static void sgemm(float *c, size_t c_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                  bool transposed, size_t m, size_t n, size_t k, const void *library) {
    cblas_sgemm multiply = (cblas_sgemm)library;
    multiply(CBLAS_ROW_MAJOR, CBLAS_NO_TRANSPOSE, transposed ? CBLAS_TRANSPOSE : CBLAS_NO_TRANSPOSE, (int)m, (int)n,
             (int)k, 1, a, (int)a_stride, b, (int)b_stride, 0, c, (int)c_stride);
}

dob_library dob_load(void) {
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
    dob_library none = {NULL, NULL};
    /* Read as the library starts; without it a thread would start for each processor. */
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!handle) continue;
        void *multiply = dlsym(handle, "cblas_sgemm");
        set_num_threads set_threads = (set_num_threads)dlsym(handle, "openblas_set_num_threads");
        if (!multiply || !set_threads) {
            dlclose(handle);
            continue;
        }
        set_threads(1);
        return (dob_library){sgemm, multiply};
    }
    return none;
}
