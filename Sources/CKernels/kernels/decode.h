/* Weights stored in blocks, and floats of 8 and 4 bits, as singles.
 *
 * Layouts and formulas are ggml's (ggml-common.h, ggml-quants.c): a block has one or two f16 scales, factors of 4 or 6 bits for
 * groups of it where it is long, and whole numbers. A product of scale, factor and number is exact in singles, so that it does
 * not matter how it is formed; whether it is finite is not asked. Blocks may lie at any address. */

DK_INLINE float half_at(const uint8_t *p) {
    vh h = {0};
    memcpy(&h, p, 2);
    return vf_from_f16(h)[0];
}

/* What is added where a type has no offset: x + -0 is x for every x, -0 among them. */
#define DK_NOTHING (-0.0f)

/* out[n] = scale * ((q >> shift & mask) - less) + offset */
DK_INLINE void unpack_bits(float *restrict out, const uint8_t *restrict q, size_t n, int shift, int mask, int less,
                           float scale, float offset) {
    for (size_t i = 0; i < n; i++) out[i] = scale * (float)((q[i] >> shift & mask) - less) + offset;
}

/* The same with one more bit above, bit `bit` of high[n]. */
DK_INLINE void unpack_bits_above(float *restrict out, const uint8_t *restrict q, const uint8_t *restrict high, size_t n,
                                 int shift, int bit, float scale, float offset) {
    for (size_t i = 0; i < n; i++)
        out[i] = scale * (float)((q[i] >> shift & 15) | (high[i] >> bit & 1) << 4) + offset;
}

/* Halves of a block of 32 whose fifth bits are a word of their own. */
DK_INLINE void unpack_fives(float *restrict out, const uint8_t *restrict q, uint32_t high, int less, float scale,
                            float offset) {
    for (uint32_t i = 0; i < 16; i++) {
        out[i] = scale * (float)((int)((q[i] & 15u) | (high >> i & 1) << 4) - less) + offset;
        out[i + 16] = scale * (float)((int)((q[i] >> 4) | (high >> (i + 16) & 1) << 4) - less) + offset;
    }
}

DK_INLINE uint32_t word_at(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

DK_INLINE void decode_q4_0(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b);
    unpack_bits(out, b + 2, 16, 0, 15, 8, d, DK_NOTHING);
    unpack_bits(out + 16, b + 2, 16, 4, 15, 8, d, DK_NOTHING);
}

DK_INLINE void decode_q4_1(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b), m = half_at(b + 2);
    unpack_bits(out, b + 4, 16, 0, 15, 0, d, m);
    unpack_bits(out + 16, b + 4, 16, 4, 15, 0, d, m);
}

DK_INLINE void decode_q5_0(float *restrict out, const uint8_t *restrict b) {
    unpack_fives(out, b + 6, word_at(b + 2), 16, half_at(b), DK_NOTHING);
}

DK_INLINE void decode_q5_1(float *restrict out, const uint8_t *restrict b) {
    unpack_fives(out, b + 8, word_at(b + 4), 0, half_at(b), half_at(b + 2));
}

DK_INLINE void decode_q8_0(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b);
    for (size_t i = 0; i < 32; i++) out[i] = d * (float)(int8_t)b[2 + i];
}

/* 16 groups of 16 in the order half, shift, 16 of 32: scales[16], q[64], d, dmin. */
DK_INLINE void decode_q2_k(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b + 80), m = half_at(b + 82);
    for (int group = 0; group < 16; group++) {
        const uint8_t *q = b + 16 + group / 8 * 32 + group % 2 * 16;
        unpack_bits(out + group * 16, q, 16, group % 8 / 2 * 2, 3, 0, d * (float)(b[group] & 15),
                    -(m * (float)(b[group] >> 4)));
    }
}

/* As q2_k, with a third bit, whose absence takes 4 away, and signed factors: high[32], q[64], scales[12], d. */
DK_INLINE void decode_q3_k(float *restrict out, const uint8_t *restrict b) {
    const uint8_t *scales = b + 96;
    float d = half_at(b + 108);
    for (int group = 0; group < 16; group++) {
        int low = scales[group % 8] >> group / 8 * 4 & 15, above = scales[8 + group % 4] >> group / 4 * 2 & 3;
        float scale = d * (float)((low | above << 4) - 32);
        const uint8_t *restrict q = b + 32 + group / 8 * 32 + group % 2 * 16, *restrict high = b + group % 2 * 16;
        int shift = group % 8 / 2 * 2;
        for (size_t i = 0; i < 16; i++)
            out[group * 16 + i] = scale * (float)((q[i] >> shift & 3) - 4 + (high[i] >> group / 2 & 1) * 4);
    }
}

/* Factor and offset of one of 8 groups, 6 bits each, of which later groups have the upper 2 with earlier ones. */
DK_INLINE void factors_at(const uint8_t *s, int group, int *scale, int *offset) {
    if (group < 4) {
        *scale = s[group] & 63, *offset = s[group + 4] & 63;
    } else {
        *scale = (s[group + 4] & 15) | s[group - 4] >> 6 << 4;
        *offset = s[group + 4] >> 4 | s[group] >> 6 << 4;
    }
}

/* 8 groups of 32, pairs of them in the halves of 32 bytes: d, dmin, factors[12], q[128]. */
DK_INLINE void decode_q4_k(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b), m = half_at(b + 2);
    for (int group = 0; group < 8; group++) {
        int scale, offset;
        factors_at(b + 4, group, &scale, &offset);
        unpack_bits(out + group * 32, b + 16 + group / 2 * 32, 32, group % 2 * 4, 15, 0, d * (float)scale,
                    -(m * (float)offset));
    }
}

/* As q4_k, with a fifth bit: d, dmin, factors[12], high[32], q[128]. */
DK_INLINE void decode_q5_k(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b), m = half_at(b + 2);
    for (int group = 0; group < 8; group++) {
        int scale, offset;
        factors_at(b + 4, group, &scale, &offset);
        unpack_bits_above(out + group * 32, b + 48 + group / 2 * 32, b + 16, 32, group % 2 * 4, group,
                          d * (float)scale, -(m * (float)offset));
    }
}

/* 8 runs of 32, four in each half, factors for 16: low[128], high[64], factors[16] signed, d. */
DK_INLINE void decode_q6_k(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b + 208);
    for (int group = 0; group < 16; group++) {
        int run = group / 2 % 4, half = group / 8, side = group % 2 * 16;
        const uint8_t *restrict low = b + half * 64 + run % 2 * 32 + side;
        const uint8_t *restrict high = b + 128 + half * 32 + side;
        float scale = d * (float)(int8_t)b[192 + group];
        for (size_t i = 0; i < 16; i++)
            out[group * 16 + i] =
                scale * (float)(((low[i] >> run / 2 * 4 & 15) | (high[i] >> run * 2 & 3) << 4) - 32);
    }
}

/* What four bits stand for in the iq4 types. */
static const float iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

DK_INLINE void unpack_iq4(float *restrict out, const uint8_t *restrict q, float scale) {
    for (size_t i = 0; i < 16; i++) {
        out[i] = scale * iq4_values[q[i] & 15];
        out[i + 16] = scale * iq4_values[q[i] >> 4];
    }
}

DK_INLINE void decode_iq4_nl(float *restrict out, const uint8_t *restrict b) { unpack_iq4(out, b + 2, half_at(b)); }

/* 8 groups of 32 with signed factors of 6 bits: d, upper bits, lower bits[4], q[128]. */
DK_INLINE void decode_iq4_xs(float *restrict out, const uint8_t *restrict b) {
    float d = half_at(b);
    unsigned high = b[2] | (unsigned)b[3] << 8;
    for (int group = 0; group < 8; group++) {
        int scale = (b[4 + group / 2] >> group % 2 * 4 & 15) | (int)(high >> 2 * group & 3) << 4;
        unpack_iq4(out + group * 32, b + 8 + group * 16, d * (float)(scale - 32));
    }
}

typedef uint8_t vq __attribute__((vector_size(DK_LANES)));

/* 4 bits of exponent, 3 of fraction; all ones are not a number. Subnormals are read as if a one stood before their fraction, and lose it
 * again: no subnormal singles on the way, which are slow. */
DK_INLINE vf vf_from_e4m3(vq bytes) {
    vu b = __builtin_convertvector(bytes, vu), size = b & 0x7F;
    vu small = (vu)(size < 8);
    vf value = (vf)((size << 20) + (120u << 23) + (small & 1u << 23)) - (vf)(small & 0x3C800000u);
    return (vf)((vu)value | ((vu)(size == 0x7F) & 0x7FC00000u) | (b & 0x80) << 24);
}

/* The upper half of an f16. */
DK_INLINE vf vf_from_e5m2(vq bytes) { return vf_from_f16(__builtin_convertvector(bytes, vh) << 8); }

/* Signed floats of 2 bits of exponent and 1 of fraction (OCP Microscaling Formats, 5.3.3). */
static const float e2m1_values[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

/* Pairs of 4-bit floats, the first in the upper half. */
static void decode_f4_e2m1_blocks(float *restrict out, const uint8_t *restrict x, size_t pairs) {
    for (size_t i = 0; i < pairs; i++) {
        out[2 * i] = e2m1_values[x[i] >> 4];
        out[2 * i + 1] = e2m1_values[x[i] & 15];
    }
}

DK_INLINE float e4m3_at(const uint8_t *p) {
    vq bytes = {p[0]};
    return vf_from_e4m3(bytes)[0];
}

/* 2^(b - 127); all ones are not a number (OCP Microscaling Formats, 5.4.1). */
DK_INLINE float e8m0_at(const uint8_t *p) {
    uint32_t bits = *p == 255 ? 0x7FC00000u : *p == 0 ? 0x00400000u : (uint32_t)*p << 23;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void scale_groups(float *restrict out, dk_scale_type type, const uint8_t *restrict scales, size_t length,
                         size_t first, size_t count) {
    for (size_t group = first; group < first + count; group++, out += length) {
        const uint8_t *at = scales + group / 4 * 512 + group % 4;
        float scale = type == DK_SCALE_E4M3 ? e4m3_at(at) : e8m0_at(at);
        for (size_t i = 0; i < length; i++) out[i] *= scale;
    }
}

#define DK_DEFINE_DECODE(name, length, size)                                                    \
    static void name##_blocks(float *restrict out, const uint8_t *restrict x, size_t blocks) {  \
        for (size_t i = 0; i < blocks; i++) name(out + i * length, x + i * size);               \
    }

#define DK_DEFINE_DECODE_BYTES(name, convert)                                                   \
    static void name##_blocks(float *restrict out, const uint8_t *restrict x, size_t n) {       \
        size_t i = 0;                                                                           \
        vq bytes = {0};                                                                         \
        for (; i + DK_LANES <= n; i += DK_LANES) {                                              \
            memcpy(&bytes, x + i, sizeof bytes);                                                \
            vf_store(out + i, convert(bytes));                                                  \
        }                                                                                       \
        if (i == n) return;                                                                     \
        memcpy(&bytes, x + i, n - i);                                                           \
        vf_store_part(out + i, convert(bytes), n - i);                                          \
    }

DK_DEFINE_DECODE(decode_q4_0, 32, 18)
DK_DEFINE_DECODE(decode_q4_1, 32, 20)
DK_DEFINE_DECODE(decode_q5_0, 32, 22)
DK_DEFINE_DECODE(decode_q5_1, 32, 24)
DK_DEFINE_DECODE(decode_q8_0, 32, 34)
DK_DEFINE_DECODE(decode_q2_k, 256, 84)
DK_DEFINE_DECODE(decode_q3_k, 256, 110)
DK_DEFINE_DECODE(decode_q4_k, 256, 144)
DK_DEFINE_DECODE(decode_q5_k, 256, 176)
DK_DEFINE_DECODE(decode_q6_k, 256, 210)
DK_DEFINE_DECODE(decode_iq4_nl, 32, 18)
DK_DEFINE_DECODE(decode_iq4_xs, 256, 136)
DK_DEFINE_DECODE_BYTES(decode_f8_e4m3, vf_from_e4m3)
DK_DEFINE_DECODE_BYTES(decode_f8_e5m2, vf_from_e5m2)

static void decode(float *out, dk_encoding encoding, const void *blocks, size_t count) {
    static void (*const decoders[])(float *, const uint8_t *, size_t) = {
        [DK_Q4_0] = decode_q4_0_blocks,       [DK_Q4_1] = decode_q4_1_blocks,   [DK_Q5_0] = decode_q5_0_blocks,
        [DK_Q5_1] = decode_q5_1_blocks,       [DK_Q8_0] = decode_q8_0_blocks,   [DK_Q2_K] = decode_q2_k_blocks,
        [DK_Q3_K] = decode_q3_k_blocks,       [DK_Q4_K] = decode_q4_k_blocks,   [DK_Q5_K] = decode_q5_k_blocks,
        [DK_Q6_K] = decode_q6_k_blocks,       [DK_IQ4_NL] = decode_iq4_nl_blocks,
        [DK_IQ4_XS] = decode_iq4_xs_blocks,   [DK_F8_E4M3] = decode_f8_e4m3_blocks,
        [DK_F8_E5M2] = decode_f8_e5m2_blocks,  [DK_F4_E2M1] = decode_f4_e2m1_blocks,
    };
    decoders[encoding](out, blocks, count);
}
