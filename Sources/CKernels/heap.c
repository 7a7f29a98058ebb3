#include "CKernels.h"

#ifdef __GLIBC__
#include <malloc.h>

void dk_use_one_heap(void) {
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
}
#else
void dk_use_one_heap(void) {}
#endif
