/* Products in units of four bytes: one single, two bf16 or four bytes of a sum's consecutive terms.
 *
 * A unit holds what one lane of an instruction multiplies and adds at once, so that one tile serves all three:
 * vdpbf16ps and vpdpbusd where a level has them (DK_DOT_INSTRUCTIONS), the same sums in plain vectors elsewhere. */

/* The four bytes at p in every lane. */
DK_INLINE vi vi_splat_unit(const uint32_t *p) { return (vi)(*p - (vu){0}); }

/* sum + a · b, a single a lane. */
DK_INLINE vf dot_f32(vf sum, vi a, vi b) { return sum + (vf)a * (vf)b; }

#if DK_DOT_INSTRUCTIONS

/* Terms of dot_bf16; subnormals may become zero, as they count as zero in the product. */
DK_INLINE vh vh_term(vf x) { return (vh)_mm512_cvtneps_pbh((__m512)x); }

/* sum + a0 · b0 + a1 · b1, two bf16 a lane, summed in f32. */
DK_INLINE vf dot_bf16(vf sum, vi a, vi b) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}

/* sum + Σ a · b, four bytes a lane: a unsigned, b signed. */
DK_INLINE vi dot_i8(vi sum, vi a, vi b) {
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}

#else

DK_INLINE vh vh_term(vf x) { return vf_to_bf16(x); }

DK_INLINE vf dot_bf16(vf sum, vi a, vi b) {
    sum += (vf)(a << 16) * (vf)(b << 16);
    return sum + (vf)((vu)a & 0xFFFF0000u) * (vf)((vu)b & 0xFFFF0000u);
}

DK_INLINE vi dot_i8(vi sum, vi a, vi b) {
    vu u = (vu)a;
    sum += (vi)(u & 0xFF) * (b << 24 >> 24);
    sum += (vi)(u >> 8 & 0xFF) * (b << 16 >> 24);
    sum += (vi)(u >> 16 & 0xFF) * (b << 8 >> 24);
    return sum + (vi)(u >> 24) * (b >> 24);
}

#endif
