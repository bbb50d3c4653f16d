// Sixteen floats or integers at a time, in the compiler's vector extensions: one to four hardware vectors, whatever the instruction set.
// Included by the kernel translation units only, each compiled for its own instruction set; everything has internal linkage, so that no
// code of one instruction set is ever linked into another's place.
#pragma once

#include <cstdint>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#define JUICE_INLINE static inline __attribute__((always_inline))

namespace juice {
namespace {

#if defined(__AVX512F__)
constexpr int hardware_width = 16;
#elif defined(__AVX2__)
constexpr int hardware_width = 8;
#else
constexpr int hardware_width = 4;
#endif
constexpr int parts = 16 / hardware_width;

typedef float HardwareFloats __attribute__((vector_size(hardware_width * 4), may_alias));
typedef std::int32_t HardwareInts __attribute__((vector_size(hardware_width * 4), may_alias));

struct Ints {
    HardwareInts part[parts];
};
struct Floats {
    HardwareFloats part[parts];
};

#define JUICE_EACH for (int i_ = 0; i_ < parts; ++i_)

// x − 0 is x for every x, so that only the broadcast is left; x + 0 would stay an addition, for the sake of −0.
JUICE_INLINE Floats splat(float x) {
    Floats r;
    JUICE_EACH r.part[i_] = x - HardwareFloats{};
    return r;
}
JUICE_INLINE Ints splat(std::int32_t x) {
    Ints r;
    JUICE_EACH r.part[i_] = HardwareInts{} + x;
    return r;
}
JUICE_INLINE Floats load(const float* p) {
    Floats r;
    JUICE_EACH r.part[i_] = *reinterpret_cast<const HardwareFloats*>(p + i_ * hardware_width);
    return r;
}
JUICE_INLINE Ints load(const std::int32_t* p) {
    Ints r;
    JUICE_EACH r.part[i_] = *reinterpret_cast<const HardwareInts*>(p + i_ * hardware_width);
    return r;
}
JUICE_INLINE Floats load_unaligned(const float* p) {
    Floats r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
}
JUICE_INLINE Ints load_unaligned(const std::int32_t* p) {
    Ints r;
    __builtin_memcpy(&r, p, sizeof r);
    return r;
}
JUICE_INLINE void store(float* p, Floats a) { JUICE_EACH *reinterpret_cast<HardwareFloats*>(p + i_ * hardware_width) = a.part[i_]; }
JUICE_INLINE void store(std::int32_t* p, Ints a) { JUICE_EACH *reinterpret_cast<HardwareInts*>(p + i_ * hardware_width) = a.part[i_]; }

#define JUICE_BINARY(Type, op)                            \
    JUICE_INLINE Type operator op(Type a, Type b) {       \
        JUICE_EACH a.part[i_] = a.part[i_] op b.part[i_]; \
        return a;                                         \
    }
JUICE_BINARY(Floats, +)
JUICE_BINARY(Floats, -)
JUICE_BINARY(Floats, *)
JUICE_BINARY(Floats, /)
JUICE_BINARY(Ints, +)
JUICE_BINARY(Ints, -)
JUICE_BINARY(Ints, &)
JUICE_BINARY(Ints, |)
#undef JUICE_BINARY

// a + b·c; fused where the instruction set has it.
JUICE_INLINE Floats add_product(Floats a, Floats b, Floats c) {
    JUICE_EACH a.part[i_] = b.part[i_] * c.part[i_] + a.part[i_];
    return a;
}

JUICE_INLINE HardwareFloats hardware_max(HardwareFloats a, HardwareFloats b) {
#if defined(__AVX512F__)
    return reinterpret_cast<HardwareFloats>(_mm512_max_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<HardwareFloats>(_mm256_max_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b)));
#else
    return a > b ? a : b;
#endif
}
JUICE_INLINE HardwareFloats hardware_min(HardwareFloats a, HardwareFloats b) {
#if defined(__AVX512F__)
    return reinterpret_cast<HardwareFloats>(_mm512_min_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<HardwareFloats>(_mm256_min_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b)));
#else
    return a < b ? a : b;
#endif
}
JUICE_INLINE Floats maximum(Floats a, Floats b) {
    JUICE_EACH a.part[i_] = hardware_max(a.part[i_], b.part[i_]);
    return a;
}
JUICE_INLINE Floats minimum(Floats a, Floats b) {
    JUICE_EACH a.part[i_] = hardware_min(a.part[i_], b.part[i_]);
    return a;
}

// 1 / a for normal a, to about 1e-7.
JUICE_INLINE Floats reciprocal(Floats a) {
#if defined(__AVX512F__)
    const __m512 x = reinterpret_cast<__m512>(a.part[0]), r = _mm512_rcp14_ps(x);
    a.part[0] = reinterpret_cast<HardwareFloats>(_mm512_mul_ps(r, _mm512_fnmadd_ps(x, r, _mm512_set1_ps(2.0f))));
#else
    JUICE_EACH a.part[i_] = 1.0f / a.part[i_];
#endif
    return a;
}

JUICE_INLINE Floats square_root(Floats a) {
#if defined(__AVX512F__)
    a.part[0] = reinterpret_cast<HardwareFloats>(_mm512_sqrt_ps(reinterpret_cast<__m512>(a.part[0])));
#elif defined(__AVX2__)
    JUICE_EACH a.part[i_] = reinterpret_cast<HardwareFloats>(_mm256_sqrt_ps(reinterpret_cast<__m256>(a.part[i_])));
#else
    JUICE_EACH
        for (int k = 0; k < hardware_width; ++k) a.part[i_][k] = __builtin_sqrtf(a.part[i_][k]);
#endif
    return a;
}

// Masks are Ints of 0 and -1.
JUICE_INLINE Ints less(Floats a, Floats b) {
    Ints r;
    JUICE_EACH r.part[i_] = a.part[i_] < b.part[i_];
    return r;
}
JUICE_INLINE Ints differs(Floats a, Floats b) {
    Ints r;
    JUICE_EACH r.part[i_] = a.part[i_] != b.part[i_];
    return r;
}
// a where the mask is set, 0 elsewhere.
JUICE_INLINE Floats only(Ints mask, Floats a) {
    JUICE_EACH a.part[i_] = reinterpret_cast<HardwareFloats>(reinterpret_cast<HardwareInts>(a.part[i_]) & mask.part[i_]);
    return a;
}
JUICE_INLINE Floats choose(Ints mask, Floats a, Floats b) {
    JUICE_EACH a.part[i_] = reinterpret_cast<HardwareFloats>((reinterpret_cast<HardwareInts>(a.part[i_]) & mask.part[i_]) |
                                                             (reinterpret_cast<HardwareInts>(b.part[i_]) & ~mask.part[i_]));
    return a;
}
JUICE_INLINE bool any(Ints mask) {
    HardwareInts all = mask.part[0];
    for (int i = 1; i < parts; ++i) all |= mask.part[i];
#if defined(__AVX512F__)
    return _mm512_test_epi32_mask(reinterpret_cast<__m512i>(all), reinterpret_cast<__m512i>(all)) != 0;
#elif defined(__AVX2__)
    return !_mm256_testz_si256(reinterpret_cast<__m256i>(all), reinterpret_cast<__m256i>(all));
#else
    return (all[0] | all[1] | all[2] | all[3]) != 0;
#endif
}
JUICE_INLINE Ints bits(Floats a) {
    Ints r;
    JUICE_EACH r.part[i_] = reinterpret_cast<HardwareInts>(a.part[i_]);
    return r;
}
JUICE_INLINE Floats floats_of_bits(Ints a) {
    Floats r;
    JUICE_EACH r.part[i_] = reinterpret_cast<HardwareFloats>(a.part[i_]);
    return r;
}
template <int count>
JUICE_INLINE Ints shift_right(Ints a) {
    JUICE_EACH a.part[i_] = a.part[i_] >> count;
    return a;
}
template <int count>
JUICE_INLINE Ints shift_left(Ints a) {
    JUICE_EACH a.part[i_] = a.part[i_] << count;
    return a;
}
JUICE_INLINE Floats to_floats(Ints a) {
    Floats r;
    JUICE_EACH r.part[i_] = __builtin_convertvector(a.part[i_], HardwareFloats);
    return r;
}

JUICE_INLINE float first_lane(Floats a) { return a.part[0][0]; }
JUICE_INLINE float lane_sum(Floats a) {
    alignas(64) float x[16];
    store(x, a);
    for (int width = 8; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) x[i] += x[i + width];
    return x[0];
}
JUICE_INLINE float lane_max(Floats a) {
    alignas(64) float x[16];
    store(x, a);
    for (int width = 8; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) x[i] = x[i] > x[i + width] ? x[i] : x[i + width];
    return x[0];
}

// The largest lane in every lane.
JUICE_INLINE Floats spread_max(Floats a) {
#if defined(__AVX512F__)
    __m512 m = reinterpret_cast<__m512>(a.part[0]);
    m = _mm512_max_ps(m, _mm512_shuffle_f32x4(m, m, 0x4e));
    m = _mm512_max_ps(m, _mm512_shuffle_f32x4(m, m, 0xb1));
    m = _mm512_max_ps(m, _mm512_permute_ps(m, 0x4e));
    m = _mm512_max_ps(m, _mm512_permute_ps(m, 0xb1));
    a.part[0] = reinterpret_cast<HardwareFloats>(m);
    return a;
#else
    return splat(lane_max(a));
#endif
}

// 2^x for x <= 127: relative error 1.2e-7; below -126 (and for -inf) 0.
JUICE_INLINE Floats exp2(Floats x) {
    const Ints dead = less(x, splat(-126.0f));
    x = maximum(x, splat(-126.0f));
    const Floats magic = splat(12582912.0f);    // 1.5 · 2^23: adding it rounds to an integer in the low bits
    Floats t = x + magic;
#if defined(__AVX512F__)
    JUICE_EACH asm("" : "+v"(t.part[i_]));      // keeps the compiler from cancelling the rounding
#elif defined(__x86_64__)
    JUICE_EACH asm("" : "+x"(t.part[i_]));
#elif defined(__aarch64__)
    JUICE_EACH asm("" : "+w"(t.part[i_]));
#endif
    const Floats f = x - (t - magic);           // -0.5 … 0.5
    Floats p = splat(1.535336188319500e-4f);
    p = add_product(splat(1.339887440266574e-3f), p, f);
    p = add_product(splat(9.618437357674640e-3f), p, f);
    p = add_product(splat(5.550332471162809e-2f), p, f);
    p = add_product(splat(2.402264791363012e-1f), p, f);
    p = add_product(splat(6.931472028550421e-1f), p, f);
    p = add_product(splat(1.0f), p, f);
    const Ints r = bits(p) + shift_left<23>(bits(t));
    JUICE_EACH p.part[i_] = reinterpret_cast<HardwareFloats>(r.part[i_] & ~dead.part[i_]);
    return p;
}

// log2 of a normal x > 0: absolute error 1e-7; 0 (and anything below the normal range) gives -inf.
JUICE_INLINE Floats log2(Floats x) {
    const Ints zero = less(x, splat(1.17549435e-38f));
    const Ints i = bits(x);
    const Ints e = shift_right<23>(i - splat(0x3f3504f3));
    const Floats f = floats_of_bits(i - shift_left<23>(e)) - splat(1.0f);   // mantissa in 0.707 … 1.414, less 1
    const Floats z = f * f;
    Floats p = splat(7.0376836292e-2f);         // Cephes' logf
    p = add_product(splat(-1.1514610310e-1f), p, f);
    p = add_product(splat(1.1676998740e-1f), p, f);
    p = add_product(splat(-1.2420140846e-1f), p, f);
    p = add_product(splat(1.4249322787e-1f), p, f);
    p = add_product(splat(-1.6668057665e-1f), p, f);
    p = add_product(splat(2.0000714765e-1f), p, f);
    p = add_product(splat(-2.4999993993e-1f), p, f);
    p = add_product(splat(3.3333331174e-1f), p, f);
    const Floats y = f * z * p - splat(0.5f) * z;
    const Floats r = add_product(to_floats(e), f + y, splat(1.44269504f));
    return choose(zero, splat(-__builtin_inff()), r);
}

// Transposes 16 × 16 floats: lane j of rows[i · from] becomes lane i of columns[j · to].
JUICE_INLINE void transpose16(const float* rows, std::int64_t from, float* columns, std::int64_t to) {
#if defined(__AVX512F__)
    __m512 r[16], t[16];
    for (int i = 0; i < 16; ++i) r[i] = _mm512_load_ps(rows + i * from);
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    const auto pair = [](__m512 a, __m512 b, bool high) {
        return high ? _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)))
                    : _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    };
    for (int i = 0; i < 16; i += 4) {
        r[i] = pair(t[i], t[i + 2], false);
        r[i + 1] = pair(t[i], t[i + 2], true);
        r[i + 2] = pair(t[i + 1], t[i + 3], false);
        r[i + 3] = pair(t[i + 1], t[i + 3], true);
    }
    for (int i = 0; i < 4; ++i) {
        t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; ++i) {
        _mm512_store_ps(columns + i * to, _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));
        _mm512_store_ps(columns + (i + 8) * to, _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd));
        _mm512_store_ps(columns + (i + 4) * to, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88));
        _mm512_store_ps(columns + (i + 12) * to, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd));
    }
#else
    for (int j = 0; j < 16; ++j)
        for (int i = 0; i < 16; ++i) columns[j * to + i] = rows[i * from + j];
#endif
}

// Lane i of the answer: the largest lane of rows[i].
JUICE_INLINE Floats row_maxima(const Floats (&rows)[16]) {
#if defined(__AVX512F__)
    __m512 x[16], a[8], q[4];
    for (int i = 0; i < 16; ++i) x[i] = reinterpret_cast<__m512>(rows[i].part[0]);
    for (int i = 0; i < 8; ++i) a[i] = _mm512_max_ps(_mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]), _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]));
    const auto pair = [](__m512 u, __m512 v) {
        return _mm512_max_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(u), _mm512_castps_pd(v))),
                             _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(u), _mm512_castps_pd(v))));
    };
    const auto halve = [](__m512 u, __m512 v) { return _mm512_max_ps(_mm512_shuffle_f32x4(u, v, 0x88), _mm512_shuffle_f32x4(u, v, 0xdd)); };
    for (int i = 0; i < 4; ++i) q[i] = pair(a[2 * i], a[2 * i + 1]);
    Floats r;
    r.part[0] = reinterpret_cast<HardwareFloats>(halve(halve(q[0], q[1]), halve(q[2], q[3])));
    return r;
#else
    alignas(64) float maxima[16];
    for (int i = 0; i < 16; ++i) maxima[i] = lane_max(rows[i]);
    return load(maxima);
#endif
}

// The sum of each row's lanes.
JUICE_INLINE Floats row_sums(const Floats (&rows)[16]) {
#if defined(__AVX512F__)
    __m512 x[16], a[8], q[4];
    for (int i = 0; i < 16; ++i) x[i] = reinterpret_cast<__m512>(rows[i].part[0]);
    for (int i = 0; i < 8; ++i) a[i] = _mm512_add_ps(_mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]), _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]));
    const auto pair = [](__m512 u, __m512 v) {
        return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(u), _mm512_castps_pd(v))),
                             _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(u), _mm512_castps_pd(v))));
    };
    const auto halve = [](__m512 u, __m512 v) { return _mm512_add_ps(_mm512_shuffle_f32x4(u, v, 0x88), _mm512_shuffle_f32x4(u, v, 0xdd)); };
    for (int i = 0; i < 4; ++i) q[i] = pair(a[2 * i], a[2 * i + 1]);
    Floats r;
    r.part[0] = reinterpret_cast<HardwareFloats>(halve(halve(q[0], q[1]), halve(q[2], q[3])));
    return r;
#else
    alignas(64) float sums[16];
    for (int i = 0; i < 16; ++i) sums[i] = lane_sum(rows[i]);
    return load(sums);
#endif
}

}  // namespace
}  // namespace juice
