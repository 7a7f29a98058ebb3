/* Products in units of four bytes: one single, two bf16 or two or four bytes of a sum's consecutive terms.
 *
 * A unit holds what one lane of an instruction multiplies and adds at once, so that one tile serves all three. A level that has dot
 * products of bf16 defines DK_DOT_HALF, and one with those of bytes DK_DOT_BYTES: vdpbf16ps and vpdpbusd, or bfdot and usdot. Elsewhere
 * a unit is one bf16 in a single's place, and bytes are widened to 16 bits, two a unit, whose products most processors add in pairs
 * (vpmaddwd): faster than taking units apart while they are multiplied. */

#ifndef DK_DOT_HALF
#define DK_DOT_HALF 0
#endif
#ifndef DK_DOT_BYTES
#define DK_DOT_BYTES 0
#endif

/* Numbers in bf16, and bytes, that a unit holds. */
enum { DK_HALF_TERMS = DK_DOT_HALF ? 2 : 1, DK_BYTE_TERMS = DK_DOT_BYTES ? 4 : 2 };

/* The four bytes at p in every lane. */
DK_INLINE vi vi_splat_unit(const uint32_t *p) { return (vi)(*p - (vu){0}); }

/* sum + a · b, a single a lane. */
DK_INLINE vf dot_f32(vf sum, vi a, vi b) { return sum + (vf)a * (vf)b; }

#if DK_DOT_HALF && defined(__x86_64__)
/* Terms of dot_bf16; subnormals may become zero, as they count as zero in the product. */
DK_INLINE vh vh_term(vf x) { return (vh)_mm512_cvtneps_pbh((__m512)x); }

/* sum + Σ a · b, the bf16 of a lane, summed in f32. */
DK_INLINE vf dot_bf16(vf sum, vi a, vi b) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#elif DK_DOT_HALF
DK_INLINE vh vh_term(vf x) { return vf_to_bf16(x); }

DK_INLINE vf dot_bf16(vf sum, vi a, vi b) {
    return (vf)vbfdotq_f32((float32x4_t)sum, (bfloat16x8_t)a, (bfloat16x8_t)b);
}
#else
DK_INLINE vh vh_term(vf x) { return vf_to_bf16(x); }

DK_INLINE vf dot_bf16(vf sum, vi a, vi b) { return dot_f32(sum, a, b); }
#endif

/* The nearest bf16 of singles. */
DK_INLINE vf vf_rounded(vf x) { return vf_from_bf16(vh_term(x)); }

/* The first n of DK_LANES terms of dot_bf16, at the term `at` of a row of units. */
DK_INLINE void store_terms(void *row, size_t at, vf x, size_t n) {
    vh half = vh_term(x);
    vf single = vf_from_bf16(half);
    if (DK_DOT_HALF) memcpy((uint16_t *)row + at, &half, n * sizeof half[0]);
    else memcpy((float *)row + at, &single, n * sizeof single[0]);
}

/* sum + Σ a · b: four bytes a lane, those of a unsigned; or two numbers of 16 bits. */
DK_INLINE vi dot_i8(vi sum, vi a, vi b) {
#if DK_DOT_BYTES && defined(__x86_64__) && DK_LANES == 16
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif DK_DOT_BYTES && defined(__x86_64__)
    return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#elif DK_DOT_BYTES
    return (vi)vusdotq_s32((int32x4_t)sum, (uint8x16_t)a, (int8x16_t)b);
#elif defined(__x86_64__) && DK_LANES == 16
    return sum + (vi)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif defined(__x86_64__) && DK_LANES == 8
    return sum + (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
    return sum + (vi)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    sum += (a << 16 >> 16) * (b << 16 >> 16);
    return sum + (a >> 16) * (b >> 16);
#endif
}
