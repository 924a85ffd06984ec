// Vectors of the instruction set that this file is compiled for, and the few functions over them.
#pragma once
#include "../nanochat.h"
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VL 16 // lanes of float
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif
#define PANEL_VECTORS (NC_PANEL / VL)

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")

typedef float vf __attribute__((vector_size(VL * 4)));
typedef float vf_any __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef uint32_t vu __attribute__((vector_size(VL * 4)));
typedef uint32_t vu_any __attribute__((vector_size(VL * 4), aligned(1), may_alias));
typedef uint16_t vh __attribute__((vector_size(VL * 2)));
typedef uint16_t vh_any __attribute__((vector_size(VL * 2), aligned(1), may_alias));
typedef int8_t vb __attribute__((vector_size(VL)));
typedef int8_t vb_any __attribute__((vector_size(VL), aligned(1), may_alias));

INLINE vf load(const float *at) { return *(const vf_any *)at; }
INLINE void store(float *at, vf value) { *(vf_any *)at = value; }
INLINE vu load_words(const void *at) { return *(const vu_any *)at; }
INLINE void fetch(const void *at) { __builtin_prefetch(at, 0, 2); }
INLINE vf splat(float value) { return (vf){0} + value; }
/** VL values of bf16, widened. */
INLINE vf load_bf16(const uint16_t *at) {
#if VL == 16 // of the generic form GCC makes two halves and an insertion
  return (vf)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)at)), 16);
#else
  return (vf)(__builtin_convertvector(*(const vh_any *)at, vu) << 16);
#endif
}
INLINE vf load_as(const void *base, size_t at, int dtype) {
  return dtype == NC_F32 ? load((const float *)base + at) : load_bf16((const uint16_t *)base + at);
}
/** Rounded to nearest, ties to even; a NaN stays one. */
INLINE uint16_t to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
INLINE void put_as(void *base, size_t at, int dtype, float value) {
  if (dtype == NC_F32) ((float *)base)[at] = value;
  else ((uint16_t *)base)[at] = to_bf16(value);
}
INLINE vf choose(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }
INLINE vf vmax(vf a, vf b) { return choose(a > b, a, b); }
INLINE float lanes_sum(vf v) {
  float sum = v[0];
  UNROLL for (int i = 1; i < VL; i++) sum += v[i];
  return sum;
}
INLINE float lanes_max(vf v) {
  float most = v[0];
  UNROLL for (int i = 1; i < VL; i++) most = v[i] > most ? v[i] : most;
  return most;
}
/** e^x to about 1e-7, for x <= 88; 0 below -87; NaN stays NaN. The polynomial is that of Cephes' expf (Moshier). */
INLINE vf vexp(vf x) {
  const vf low = splat(-87.0f), given = x;
  vi kept = x > low;
  x = choose(kept, x, low);
  x = choose(x < 88.0f, x, splat(88.0f));
  vf shifted = x * 1.44269504088896341f + 12582912.0f; // the nearest integer, in the low bits
  vf n = shifted - 12582912.0f;
  vf r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  vf p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  vi power = ((vi)shifted - 0x4b400000 + 127) << 23;
  return choose(given == given, choose(kept, p * (vf)power, splat(0.0f)), given);
}
INLINE vf vtanh(vf x) { return 1.0f - 2.0f / (vexp(2.0f * x) + 1.0f); }
