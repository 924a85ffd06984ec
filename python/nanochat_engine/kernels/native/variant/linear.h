// Linear layers over packed weights: out[row][column] = sum over k of a[row][k] * w[column][k].
//
// Each output is accumulated over k in one fixed order, whatever tile it is computed in, so that a row's result has the
// same bits in every batch. A tile is R rows by P panels held in registers; every weight is read once a tile.
#pragma once
#include "vector.h"

enum epilogue { STORE, ADD, SQUARED_RELU, SOFTCAP };

// What a linear layer multiplies: rows in the form that the weights' format needs.
typedef struct {
  const void *data;    // float; bf16 where the processor multiplies it; int8 for quantized weights
  size_t stride;       // bytes from row to row
  const float *scales; // quantized: (rows, groups)
  const int32_t *sums; // quantized: (rows, groups), what the weights' offset adds
  int32_t groups;
} operand;

// Rows whose sums, weights and what is needed beside them fit the registers, by format.
#if VL == 16
#define MAX_ROWS 12
static const int tile_rows[] = {[NC_F32] = 12, [NC_BF16] = 12, [NC_INT8] = 12, [NC_INT4] = 12};
#elif VL == 8
#define MAX_ROWS 6
static const int tile_rows[] = {[NC_F32] = 6, [NC_BF16] = 5, [NC_INT8] = 4, [NC_INT4] = 4};
#else
#define MAX_ROWS 3
static const int tile_rows[] = {[NC_F32] = 3, [NC_BF16] = 3, [NC_INT8] = 3, [NC_INT4] = 3};
#endif

#define INT8_GROUP 64
#define INT4_GROUP 32

INLINE int format_group(int format) { return format == NC_INT4 ? INT4_GROUP : INT8_GROUP; }
INLINE int is_quantized(int format) { return format == NC_INT8 || format == NC_INT4; }

// Whether the processor multiplies bf16 pairs itself; elsewhere weights are widened and rows stay float.
#if defined(__AVX512BF16__)
#define MULTIPLIES_BF16 1
INLINE vf dot2_bf16(vf sum, vu weights, int32_t a) {
  return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(a), (__m512bh)weights);
}
#else
#define MULTIPLIES_BF16 0
#endif

INLINE int32_t four_bytes(const void *a) {
  int32_t bytes;
  memcpy(&bytes, a, 4);
  return bytes;
}

/** sum + the products of four unsigned weights, less their offset of 128, with four signed activations. */
INLINE vi dot4_int8(vi sum, vu weights, int32_t a) {
#if defined(__AVX512VNNI__)
  return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, _mm512_set1_epi32(a)); // the offset is in the sums
#elif defined(__AVX2__)
  __m256i w = (__m256i)(weights ^ 0x80808080u), x = _mm256_set1_epi32(a);
  // |w| <= 127, so a pair's sum stays within 16 bits.
  __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
  return (vi)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
#else
  vi w = (vi)(weights ^ 0x80808080u);
  UNROLL for (int i = 0; i < 4; i++) sum += ((w << (24 - 8 * i)) >> 24) * (int32_t)(int8_t)(a >> (8 * i));
  return sum;
#endif
}

/** As dot4_int8 for weights of 0 to 15 with an offset of 8. */
INLINE vi dot4_int4(vi sum, vu weights, int32_t a) {
#if defined(__AVX512VNNI__)
  return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights, _mm512_set1_epi32(a));
#elif defined(__AVX2__)
  __m256i pairs = _mm256_maddubs_epi16((__m256i)weights, _mm256_set1_epi32(a));
  return (vi)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
#else
  UNROLL for (int i = 0; i < 4; i++) {
    sum += (vi)(weights >> (8 * i) & 0xffu) * (int32_t)(int8_t)(a >> (8 * i));
  }
  return sum;
#endif
}

// Whether the sums start at what the weights' offset adds: AVX2 and the generic int8 take the offset off the weights instead.
#if defined(__AVX512VNNI__)
#define INT8_OFFSET 128
#else
#define INT8_OFFSET 0
#endif
#define INT4_OFFSET 8

/** What a layer does to one vector of sums, on the way from a tile to `out`. */
INLINE vf finished(vf value, const float *out, enum epilogue epilogue, float cap) {
  if (epilogue == ADD) return value + load(out);
  if (epilogue == SQUARED_RELU) return value = choose(value < 0.0f, splat(0.0f), value), value * value;
  return epilogue == SOFTCAP ? cap * vtanh(value / cap) : value;
}

/** The sums of a panel, row by row; of one that pads the layer only its own columns are written. */
static __attribute__((noinline)) void finish(const float *sums, int rows, int columns, float *out, size_t ld,
                                             enum epilogue epilogue, float cap) {
  for (int r = 0; r < rows; r++, sums += NC_PANEL, out += ld) {
    if (columns == NC_PANEL) {
      for (int v = 0; v < NC_PANEL; v += VL) store(out + v, finished(load(sums + v), out + v, epilogue, cap));
      continue;
    }
    float whole[NC_PANEL] = {0};
    memcpy(whole, out, (size_t)columns * sizeof(float));
    for (int v = 0; v < NC_PANEL; v += VL) store(whole + v, finished(load(sums + v), whole + v, epilogue, cap));
    memcpy(out, whole, (size_t)columns * sizeof(float));
  }
}

/** R rows from `row` on by P panels from `panel` on. ahead: fetch the panels that follow, while this tile computes. */
INLINE void tile(const int R, const int P, const int ahead, const nc_linear *w, int panel, const operand *o, int row,
                 float *out, size_t ld, enum epilogue epilogue, float cap) {
  enum { V = PANEL_VECTORS };
  const int format = w->format;
  const size_t k = (size_t)w->inputs, stride = o->stride;
  const char *a = (const char *)o->data + (size_t)row * stride;
  vf sum[MAX_ROWS][NC_CLAIM * V]; // of fixed size: what R and P leave unused costs nothing, a variable length would
  UNROLL for (int r = 0; r < R; r++) UNROLL for (int c = 0; c < P * V; c++) sum[r][c] = splat(0.0f);
  // Weights first, then row by row: one broadcast lives at a time, so that the sums stay in registers.
  if (format == NC_F32) {
    const float *data = (const float *)w->data + (size_t)panel * k * NC_PANEL;
    for (size_t i = 0; i < k; i++) {
      vf weights[NC_CLAIM * V];
      UNROLL for (int p = 0; p < P; p++) UNROLL for (int v = 0; v < V; v++)
        weights[p * V + v] = load(data + ((size_t)p * k + i) * NC_PANEL + v * VL);
      if (ahead) UNROLL for (int p = 0; p < P; p++) fetch(data + ((size_t)(P + p) * k + i) * NC_PANEL);
      UNROLL for (int r = 0; r < R; r++) {
        const float x = ((const float *)(a + r * stride))[i];
        UNROLL for (int c = 0; c < P * V; c++) sum[r][c] += weights[c] * x;
      }
    }
  } else if (format == NC_BF16) {
    const size_t pairs = k / 2;
    const uint32_t *data = (const uint32_t *)w->data + (size_t)panel * pairs * NC_PANEL;
    for (size_t i = 0; i < pairs; i++) {
      if (ahead) UNROLL for (int p = 0; p < P; p++) fetch(data + ((size_t)(P + p) * pairs + i) * NC_PANEL);
#if MULTIPLIES_BF16
      vu weights[NC_CLAIM * V];
      UNROLL for (int p = 0; p < P; p++) UNROLL for (int v = 0; v < V; v++)
        weights[p * V + v] = load_words(data + ((size_t)p * pairs + i) * NC_PANEL + v * VL);
      UNROLL for (int r = 0; r < R; r++) {
        const int32_t x = four_bytes(a + r * stride + 4 * i);
        UNROLL for (int c = 0; c < P * V; c++) sum[r][c] = dot2_bf16(sum[r][c], weights[c], x);
      }
#else
      UNROLL for (int odd = 0; odd < 2; odd++) {
        vf weights[NC_CLAIM * V];
        UNROLL for (int p = 0; p < P; p++) UNROLL for (int v = 0; v < V; v++) {
          const vu both = load_words(data + ((size_t)p * pairs + i) * NC_PANEL + v * VL);
          weights[p * V + v] = (vf)(odd ? both & 0xffff0000u : both << 16);
        }
        UNROLL for (int r = 0; r < R; r++) {
          const float x = ((const float *)(a + r * stride))[2 * i + odd];
          UNROLL for (int c = 0; c < P * V; c++) sum[r][c] += weights[c] * x;
        }
        if (R > 1) __asm__ volatile("" ::: "memory"); // loads them again, rather than keep both halves in registers
      }
#endif
    }
  } else {
    const int group = format_group(format), words = group / (format == NC_INT4 ? 8 : 4), groups = (int)(k / group);
    const int offset = format == NC_INT4 ? INT4_OFFSET : INT8_OFFSET, halves = format == NC_INT4 ? 2 : 1;
    const uint32_t *data = (const uint32_t *)w->data + (size_t)panel * groups * words * NC_PANEL;
    for (int g = 0; g < groups; g++) {
      vi dots[MAX_ROWS][NC_CLAIM * V];
      UNROLL for (int r = 0; r < R; r++) {
        int32_t start = offset ? -offset * o->sums[(size_t)(row + r) * o->groups + g] : 0;
        UNROLL for (int c = 0; c < P * V; c++) dots[r][c] = (vi){0} + start;
      }
      for (int i = 0; i < words; i++) {
        if (ahead) UNROLL for (int p = 0; p < P; p++) fetch(data + (((size_t)(P + p) * groups + g) * words + i) * NC_PANEL);
        // One broadcast at a time, as above; with 16 registers int4 is faster panel by panel, each word loaded once.
        if (format == NC_INT8 || VL == 16) {
          UNROLL for (int half = 0; half < halves; half++) {
            vu weights[NC_CLAIM * V];
            UNROLL for (int p = 0; p < P; p++) UNROLL for (int v = 0; v < V; v++) {
              const vu both = load_words(data + (((size_t)p * groups + g) * words + i) * NC_PANEL + v * VL);
              weights[p * V + v] = format == NC_INT8 ? both : both >> (4 * half) & 0x0f0f0f0fu;
            }
            UNROLL for (int r = 0; r < R; r++) {
              const char *x = a + r * stride + (size_t)g * group;
              const int32_t four = four_bytes(x + 4 * (halves * i + half));
              UNROLL for (int c = 0; c < P * V; c++)
                dots[r][c] = format == NC_INT8 ? dot4_int8(dots[r][c], weights[c], four) : dot4_int4(dots[r][c], weights[c], four);
            }
            if (format == NC_INT4 && R > 1) __asm__ volatile("" ::: "memory"); // as for bf16 above
          }
          continue;
        }
        UNROLL for (int p = 0; p < P; p++) UNROLL for (int v = 0; v < V; v++) {
          const vu both = load_words(data + (((size_t)p * groups + g) * words + i) * NC_PANEL + v * VL);
          UNROLL for (int r = 0; r < R; r++) {
            const char *x = a + r * stride + (size_t)g * group + 8 * i;
            const vi low = dot4_int4(dots[r][p * V + v], both & 0x0f0f0f0fu, four_bytes(x));
            dots[r][p * V + v] = dot4_int4(low, both >> 4 & 0x0f0f0f0fu, four_bytes(x + 4));
          }
        }
      }
      UNROLL for (int p = 0; p < P; p++) UNROLL for (int v = 0; v < V; v++) {
        vf scale = load_bf16(w->scales + ((size_t)(panel + p) * groups + g) * NC_PANEL + v * VL);
        UNROLL for (int r = 0; r < R; r++)
          sum[r][p * V + v] += __builtin_convertvector(dots[r][p * V + v], vf) *
                               (scale * o->scales[(size_t)(row + r) * o->groups + g]);
      }
    }
  }
  UNROLL for (int p = 0; p < P; p++) {
    float sums[MAX_ROWS][NC_PANEL];
    UNROLL for (int r = 0; r < R; r++) UNROLL for (int v = 0; v < V; v++) store(&sums[r][v * VL], sum[r][p * V + v]);
    const int left = w->outputs - (panel + p) * NC_PANEL, columns = left < NC_PANEL ? left : NC_PANEL;
    if (columns > 0)
      finish(&sums[0][0], R, columns, out + (size_t)row * ld + (size_t)(panel + p) * NC_PANEL, ld, epilogue, cap);
  }
}

// Rows and panels of a tile. One part of few rows takes panels side by side, to have enough sums under way; several parts
// take them one group after the other, so that a group stays in the cache from part to part.
#if VL == 16
#define TILES(F)                                                                                                       \
  TILE(1, 4, F) TILE(2, 4, F) TILE(3, 4, F) TILE(4, 4, F) TILE(5, 4, F) TILE(6, 4, F)                                  \
  TILE(6, 2, F) TILE(7, 2, F) TILE(8, 2, F) TILE(9, 2, F) TILE(10, 2, F) TILE(11, 2, F) TILE(12, 2, F)
INLINE int panels_of(int rows) { return rows <= 6 ? 4 : 2; }
#elif VL == 8
#define TILES(F)                                                                                                       \
  TILE(1, 4, F) TILE(2, 2, F) TILE(2, 1, F) TILE(3, 1, F) TILE(4, 1, F) TILE(5, 1, F) TILE(6, 1, F)
INLINE int panels_of(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }
#else
#define TILES(F) TILE(1, 1, F) TILE(2, 1, F) TILE(3, 1, F)
INLINE int panels_of(int rows) { return (void)rows, 1; }
#endif

// The format is made a constant of each copy of the tile, so that its branches fall away.
#define TILE(R, P, FORMAT)                                                                                             \
  case R * 8 + P: {                                                                                                    \
    nc_linear same = *w;                                                                                               \
    same.format = FORMAT;                                                                                              \
    if (ahead) tile(R, P, 1, &same, panel, o, row, out, ld, epilogue, cap);                                            \
    else tile(R, P, 0, &same, panel, o, row, out, ld, epilogue, cap);                                                  \
    break;                                                                                                             \
  }

#define DEFINE_TILE(NAME, FORMAT)                                                                                      \
  static __attribute__((noinline)) void tile_##NAME(int rows, int panels, int ahead, const nc_linear *w, int panel,    \
                                                    const operand *o, int row, float *out, size_t ld,                  \
                                                    enum epilogue epilogue, float cap) {                               \
    switch (rows * 8 + panels) {                                                                                       \
      TILES(FORMAT)                                                                                                    \
    default: __builtin_trap(); /* a row count that the parts never have */                                             \
    }                                                                       \
  }
DEFINE_TILE(f32, NC_F32)
DEFINE_TILE(bf16, NC_BF16)
DEFINE_TILE(int8, NC_INT8)
DEFINE_TILE(int4, NC_INT4)

INLINE void tile_of(int rows, int panels, int ahead, const nc_linear *w, int panel, const operand *o, int row, float *out,
                    size_t ld, enum epilogue epilogue, float cap) {
  switch (w->format) {
  case NC_F32: tile_f32(rows, panels, ahead, w, panel, o, row, out, ld, epilogue, cap); break;
  case NC_BF16: tile_bf16(rows, panels, ahead, w, panel, o, row, out, ld, epilogue, cap); break;
  case NC_INT8: tile_int8(rows, panels, ahead, w, panel, o, row, out, ld, epilogue, cap); break;
  default: tile_int4(rows, panels, ahead, w, panel, o, row, out, ld, epilogue, cap);
  }
}

/** The layer on `rows` rows, by all threads of the pool; the caller puts a barrier after it. */
static void linear(nc_pool *pool, const nc_linear *w, const operand *o, int rows, float *out, size_t ld,
                   enum epilogue epilogue, float cap) {
  static const size_t bits[] = {[NC_F32] = 32, [NC_BF16] = 16, [NC_INT8] = 8, [NC_INT4] = 4};
  const int claims = w->panels / NC_CLAIM, fit = tile_rows[w->format], parts = (rows + fit - 1) / fit;
  const int most = (rows + parts - 1) / parts, panels = panels_of(most);
  // Whichever is smaller stays in the cache while the other passes: the rows, or the panels of a claim.
  const int rows_stay = (size_t)rows * o->stride <= NC_CLAIM * NC_PANEL * (size_t)w->inputs * bits[w->format] / 8;
  for (long claim; (claim = nc_pool_claim(pool)) < claims;) {
    const int first = (int)claim * NC_CLAIM;
    for (int i = 0; i < parts * (NC_CLAIM / panels); i++) {
      const int part = rows_stay ? i % parts : i / (NC_CLAIM / panels);
      const int panel = first + panels * (rows_stay ? i / parts : i % (NC_CLAIM / panels));
      const int row = (int)((long)rows * part / parts), count = (int)((long)rows * (part + 1) / parts) - row;
      // With rows enough to compute on, the last part fetches the panels that come next.
      const int ahead = rows_stay && most > 1 && part == parts - 1 && panel + panels < w->panels;
      tile_of(count, panels, ahead, w, panel, o, row, out, ld, epilogue, cap);
    }
  }
}

/** Whether the format multiplies float rows as they are, or needs them in a form of its own. */
INLINE int converts(int format) {
  return is_quantized(format) || (format == NC_BF16 && MULTIPLIES_BF16);
}

/** Bytes of a converted row of `inputs` values. */
INLINE size_t operand_stride(int format, int inputs) {
  size_t bytes = is_quantized(format) ? (size_t)inputs : (size_t)inputs * 2;
  return (bytes + 63) / 64 * 64;
}

/** Round one group to 8 bits about its largest value; what is no number stays one, in the scale. */
INLINE void quantize_group(const float *x, int group, int8_t *out, float *scale, int32_t *sum) {
  vf most = splat(0.0f);
  vi broken = {0};
  for (int i = 0; i < group; i += VL) {
    const vf value = load(x + i);
    most = vmax((vf)((vi)value & 0x7fffffff), most);
    broken |= value != value;
  }
  const float largest = lanes_max(most);
  const vf inverse = splat(largest > 0.0f ? 127.0f / largest : 0.0f);
  vi total = {0};
  for (int i = 0; i < group; i += VL) {
    const vf value = load(x + i) * inverse;
    const vi rounded = ((vi)(value + 12582912.0f) - 0x4b400000) & (value == value); // a NaN's bits would overflow the sums
    *(vb_any *)(out + i) = __builtin_convertvector(rounded, vb);
    total += rounded;
  }
  *scale = largest / 127.0f;
  *sum = 0;
  for (int i = 0; i < VL; i++) *sum += total[i], *scale = broken[i] ? NAN : *scale;
}

/** Convert one row of `columns` floats; what the format pads is zero. scales and sums are at the row. */
static void convert_row(int format, const float *x, int columns, int inputs, void *to, float *scales, int32_t *sums) {
  if (format == NC_BF16) {
    uint16_t *out = to;
    for (int i = 0; i < columns; i++) out[i] = to_bf16(x[i]);
    return;
  }
  const int group = format_group(format);
  for (int g = 0; g * group < inputs; g++) {
    const int from = g * group, left = columns - from;
    float padded[INT8_GROUP] = {0};
    const float *values = x + from;
    if (left < group) {
      if (left > 0) memcpy(padded, values, (size_t)left * sizeof(float));
      values = padded;
    }
    quantize_group(values, group, (int8_t *)to + from, scales + g, sums + g);
  }
}
