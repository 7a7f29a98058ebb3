/* Between singles and the two 16-bit types. */

#if DK_HALF_CONVERT
typedef _Float16 v16 __attribute__((vector_size(DK_LANES * 2)));

DK_INLINE vf vf_from_f16(vh h) { return __builtin_convertvector((v16)h, vf); }

DK_INLINE vh vf_to_f16(vf x) { return (vh)__builtin_convertvector(x, v16); }
#else
/* Without an instruction for it: exponent and fraction move into place, and a multiplication by 2^112 mends the
 * exponent's bias, for subnormals too. */
DK_INLINE vf vf_from_f16(vh h) {
    vu bits = __builtin_convertvector(h, vu);
    vu size = bits & 0x7FFF;
    vu value = (vu)((vf)(size << 13) * 0x1p112f);
    value |= (vu)(size >= 0x7C00) & 0x7F800000;
    value |= (vu)(size > 0x7C00) & 0x00400000;
    return (vf)(value | (bits & 0x8000) << 16);
}

DK_INLINE vh vf_to_f16(vf x) {
    vu bits = (vu)x;
    vu size = bits & 0x7FFFFFFF;
    /* Normal: change the bias and round at bit 13; the carry runs into the exponent, up to infinity. */
    vu normal = (size - (112u << 23) + 0xFFF + (size >> 13 & 1)) >> 13;
    /* Subnormal: the sum with 0.5 has units of 2^-24 and rounds by itself. */
    vu small = (vu)((vf)size + 0.5f) - 0x3F000000;
    /* Infinite, or not a number: quiet, with the upper bits of its fraction. */
    vu large = 0x7C00 | ((vu)(size > 0x7F800000) & (0x200 | (size >> 13 & 0x3FF)));
    vu half = normal;
    half = (vu)((vi)small & (size < 0x38800000)) | (half & (vu)(size >= 0x38800000));
    half = (large & (vu)(size >= 0x47800000)) | (half & (vu)(size < 0x47800000));
    return __builtin_convertvector(half | (bits >> 16 & 0x8000), vh);
}
#endif

DK_INLINE vf vf_from_bf16(vh h) { return (vf)(__builtin_convertvector(h, vu) << 16); }

DK_INLINE vh vf_to_bf16(vf x) {
    vu bits = (vu)x;
    vu rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    vu quiet = bits >> 16 | 0x40;
    vu nan = (vu)(x != x);
    return __builtin_convertvector((quiet & nan) | (rounded & ~nan), vh);
}

/* DK_LANES weights of a type, known when compiling. */
DK_INLINE vf vf_load_weights(const void *w, dk_float_type type, size_t at) {
    switch (type) {
    case DK_F16: return vf_from_f16(vh_load((const uint16_t *)w + at));
    case DK_BF16: return vf_from_bf16(vh_load((const uint16_t *)w + at));
    default: return vf_load((const float *)w + at);
    }
}

/* The first n of DK_LANES weights, zeros in the other lanes. */
DK_INLINE vf vf_load_weights_part(const void *w, dk_float_type type, size_t at, size_t n) {
    vh h = {0};
    if (type == DK_F32) return vf_load_part((const float *)w + at, n, 0);
    memcpy(&h, (const uint16_t *)w + at, n * sizeof(uint16_t));
    return type == DK_F16 ? vf_from_f16(h) : vf_from_bf16(h);
}

#define DK_DEFINE_WIDEN(name, type)                                                     \
    static void name(float *out, const uint16_t *x, size_t n) {                         \
        size_t i = 0;                                                                   \
        for (; i + DK_LANES <= n; i += DK_LANES)                                        \
            vf_store(out + i, vf_load_weights(x, type, i));                             \
        if (i < n) vf_store_part(out + i, vf_load_weights_part(x, type, i, n - i), n - i); \
    }

#define DK_DEFINE_NARROW(name, convert)                                 \
    static void name(uint16_t *out, const float *x, size_t n) {         \
        size_t i = 0;                                                   \
        for (; i + DK_LANES <= n; i += DK_LANES)                        \
            vh_store(out + i, convert(vf_load(x + i)));                 \
        if (i == n) return;                                             \
        vh last = convert(vf_load_part(x + i, n - i, 0));               \
        memcpy(out + i, &last, (n - i) * sizeof *out);                  \
    }

DK_DEFINE_WIDEN(f16_to_f32, DK_F16)
DK_DEFINE_WIDEN(bf16_to_f32, DK_BF16)
DK_DEFINE_NARROW(f32_to_f16, vf_to_f16)
DK_DEFINE_NARROW(f32_to_bf16, vf_to_bf16)
