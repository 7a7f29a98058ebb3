/* Functions of real numbers, a few units in the last place from the truth. The polynomials are minimax fits of
 * our own; NaN stays NaN and the limits at infinity are right. */

/* x[0] + x[1] t + ... by Horner's rule. */
#define DK_HORNER3(t, a, b, c) (((c) * (t) + (b)) * (t) + (a))
#define DK_HORNER5(t, a, b, c, d, e) DK_HORNER3(t, a, b, DK_HORNER3(t, c, d, e))

/* e^x = 2^n · e^r with r in -ln 2 / 2 ... ln 2 / 2: returns e^r, and leaves n in the lowest bits of `shifted`, to which
 * adding 1.5 · 2^23 brings the rounded quotient. */
DK_INLINE vf vf_exp_rest(vf x, vf *shifted) {
    *shifted = x * 1.44269504f + 12582912.0f;
    vf n = *shifted - 12582912.0f;
    vf r = x - n * 0.693145752f;
    r = r - n * 1.42860677e-6f;
    vf tail = DK_HORNER5(r, 0.499999995251392f, 0.1666657369451685f, 0.04166686107978224f, 0.00836373983109862f,
                         0.0013901521813732868f);
    return r * r * tail + r + 1.0f;
}

DK_INLINE vf vf_exp(vf x) {
    x = vf_select(x > 90.0f, vf_splat(90.0f), x);
    x = vf_select(x < -110.0f, vf_splat(-110.0f), x);
    vf shifted, y = vf_exp_rest(x, &shifted);
    /* 2^n in two factors, so that results may be subnormal or infinite. */
    vi exponent = (vi)shifted - 0x4B400000;
    vi half = exponent >> 1;
    vf low = (vf)((half + 127) << 23);
    vf high = (vf)((exponent - half + 127) << 23);
    return y * low * high;
}

DK_INLINE vf vf_sigmoid(vf x) { return 1.0f / (1.0f + vf_exp(-x)); }

/* tanh(x): an odd polynomial near zero, 1 - 2 / (e^2x + 1) elsewhere. */
DK_INLINE vf vf_tanh(vf x) {
    vf size = vf_abs(x);
    vf square = x * x;
    vf tail = DK_HORNER5(square, -0.3333333317227128f, 0.13333303575466066f, -0.053959263421977474f,
                         0.021768946272352128f, square * 0.0022928274934619903f - 0.008344026319542676f);
    vf near = x + x * square * tail;
    vf far = vf_copysign(1.0f - 2.0f / (vf_exp(size + size) + 1.0f), x);
    return vf_select(size < 0.625f, near, far);
}

/* erf(x): an odd polynomial up to 1, 1 - exp(ln erfc) beyond. */
DK_INLINE vf vf_erf(vf x) {
    vf size = vf_abs(x);
    vf square = x * x;
    vf near = x * DK_HORNER5(square, 1.128379165726673f, -0.3761262582397401f, 0.11283585145684286f,
                             -0.02685381181292215f,
                             DK_HORNER3(square, 0.005188327453442984f, -0.0008010191585852977f, 7.85385462301752e-05f));
    vf z = vf_select(size > 4.0f, vf_splat(4.0f), size);
    vf ln = DK_HORNER5(z, 0.0002910226522171062f, -1.1301197048239575f, -0.6320134607126882f, -0.1099097117196983f,
                       DK_HORNER5(z, 0.026327513849003094f, -0.0047276852676875454f, 0.0005902026228727654f,
                                  -4.529802877114401e-05f, 1.5998160789618936e-06f));
    vf far = vf_copysign(1.0f - vf_exp(ln), x);
    return vf_select(size <= 1.0f, near, far);
}

DK_INLINE vf vf_sqrt(vf x) { return __builtin_elementwise_sqrt(x); }
