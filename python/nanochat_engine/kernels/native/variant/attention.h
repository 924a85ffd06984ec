// Causal attention over the cache's blocks, in place: no key or value is copied.
//
// Keys lie transposed within a block, [head_dim][64], so that a score is accumulated over head_dim in one order whether one
// query reads the block or many do. Blocks are taken in order with a running maximum and sum (Milakov and Gimelshein, arXiv
// 1805.02867; Dao et al., arXiv 2205.14135). A row's result therefore depends on its own sequence alone.
#pragma once
#include "vector.h"

#define QUERY_ROWS 16 // query rows that one share of work holds
#define TOKENS NC_BLOCK_TOKENS

typedef struct {
  const float *queries; // the first row's, scaled by 1 / sqrt(head_dim)
  size_t stride;        // floats from query row to query row
  const void *keys, *values;
  int dtype, head_dim;
  size_t head, heads;      // key-value head, and how many a block has
  const int32_t *blocks;   // of the sequence, from position 0
  int first, rows, window; // position of the first row; window -1: all
} attention;

typedef struct {
  float most, sum;
  float out[NC_MAX_HEAD_DIM] __attribute__((aligned(64)));
} running;

#define MOST_QUERIES 4
#define SCORE_VECTORS (TOKENS / VL < 8 ? TOKENS / VL : 8)

/** Scores of Q queries with the 64 keys of a block. */
INLINE void score(const int Q, const int C, const float *q, size_t stride, const void *keys, size_t at, int dim, int dtype,
                  float scores[][TOKENS]) {
  for (int from = 0; from < TOKENS; from += C * VL) {
    vf sum[MOST_QUERIES][SCORE_VECTORS];
    UNROLL for (int r = 0; r < Q; r++) UNROLL for (int c = 0; c < C; c++) sum[r][c] = splat(0.0f);
    for (int d = 0; d < dim; d++) {
      UNROLL for (int c = 0; c < C; c++) {
        vf key = load_as(keys, at + (size_t)d * TOKENS + (size_t)(from + c * VL), dtype);
        UNROLL for (int r = 0; r < Q; r++) sum[r][c] += key * q[(size_t)r * stride + (size_t)d];
      }
    }
    UNROLL for (int r = 0; r < Q; r++) UNROLL for (int c = 0; c < C; c++) store(&scores[r][from + c * VL], sum[r][c]);
  }
}

/** out = out * factor + sum over [low, high) of weights * value, for Q queries. */
INLINE void weigh(const int Q, const int C, running *state, const float *factors, const void *values, size_t at, int dim,
                  int dtype, float weights[][TOKENS], int low, int high) {
  for (int from = 0; from < dim; from += C * VL) {
    vf sum[MOST_QUERIES][SCORE_VECTORS];
    UNROLL for (int r = 0; r < Q; r++) UNROLL for (int c = 0; c < C; c++)
      sum[r][c] = load(state[r].out + from + c * VL) * factors[r];
    for (int t = low; t < high; t++) {
      UNROLL for (int c = 0; c < C; c++) {
        vf value = load_as(values, at + (size_t)t * (size_t)dim + (size_t)(from + c * VL), dtype);
        UNROLL for (int r = 0; r < Q; r++) sum[r][c] += value * weights[r][t];
      }
    }
    UNROLL for (int r = 0; r < Q; r++) UNROLL for (int c = 0; c < C; c++) store(state[r].out + from + c * VL, sum[r][c]);
  }
}

/** Turn scores into weights for keys [low, high) of the block; what a row does not see weighs 0. Returns the factor for what was. */
INLINE float soften(running *state, float *scores, int low, int high) {
  for (int t = 0; t < low; t++) scores[t] = -INFINITY;
  for (int t = high; t < TOKENS; t++) scores[t] = -INFINITY;
  vf most = load(scores);
  UNROLL for (int c = 1; c < TOKENS / VL; c++) most = vmax(load(scores + c * VL), most);
  const float block_most = lanes_max(most), next = block_most > state->most ? block_most : state->most;
  const float factor = state->sum > 0.0f ? vexp(splat(state->most - next))[0] : 0.0f;
  vf sum = splat(0.0f);
  UNROLL for (int c = 0; c < TOKENS / VL; c++) {
    vf weight = vexp(load(scores + c * VL) - next);
    store(scores + c * VL, weight);
    sum += weight;
  }
  state->most = next;
  state->sum = state->sum * factor + lanes_sum(sum);
  return factor;
}

INLINE void attend_rows(const int Q, const attention *a, int row, size_t at, int base, running *state) {
  float scores[MOST_QUERIES][TOKENS] __attribute__((aligned(64)));
  float factors[MOST_QUERIES];
  enum { MANY = VL == 16 ? SCORE_VECTORS : SCORE_VECTORS / 4 }; // as many sums under way as there are registers
  const float *q = a->queries + (size_t)row * a->stride;
  if (Q == 1) score(Q, SCORE_VECTORS, q, a->stride, a->keys, at, a->head_dim, a->dtype, scores);
  else score(Q, MANY, q, a->stride, a->keys, at, a->head_dim, a->dtype, scores);
  int least = TOKENS, last = 0;
  UNROLL for (int r = 0; r < Q; r++) {
    const int position = a->first + row + r;
    int high = position + 1 - base, low = a->window < 0 ? 0 : position - a->window - base;
    high = high > TOKENS ? TOKENS : high;
    low = low < 0 ? 0 : low;
    if (low >= high) { // sees nothing of this block
      memset(scores[r], 0, sizeof scores[r]);
      factors[r] = 1.0f;
      continue;
    }
    factors[r] = soften(&state[r], scores[r], low, high);
    least = low < least ? low : least;
    last = high > last ? high : last;
  }
  if (least >= last) return;
  if ((Q == 1 || VL == 16) && a->head_dim % (4 * VL) == 0)
    weigh(Q, 4, state, factors, a->values, at, a->head_dim, a->dtype, scores, least, last);
  else weigh(Q, PANEL_VECTORS, state, factors, a->values, at, a->head_dim, a->dtype, scores, least, last);
}

/** Up to QUERY_ROWS rows of one head; out has the queries' stride of its own, `out_stride` floats. */
INLINE void attend_dtype(const attention *a, float *out, size_t out_stride) {
  running state[QUERY_ROWS];
  for (int r = 0; r < a->rows; r++) {
    state[r].most = -INFINITY;
    state[r].sum = 0.0f;
    memset(state[r].out, 0, (size_t)a->head_dim * sizeof(float));
  }
  const int end = a->first + a->rows; // positions that the last row sees
  const int begin = a->window < 0 || a->first < a->window ? 0 : a->first - a->window;
  for (int block = begin / TOKENS; block * TOKENS < end; block++) {
    const size_t at = ((size_t)a->blocks[block] * a->heads + a->head) * (size_t)a->head_dim * TOKENS;
    int row = 0;
    for (; row + 4 <= a->rows; row += 4) attend_rows(4, a, row, at, block * TOKENS, state + row);
    for (; row < a->rows; row++) attend_rows(1, a, row, at, block * TOKENS, state + row);
  }
  for (int r = 0; r < a->rows; r++) {
    const float inverse = 1.0f / state[r].sum;
    for (int d = 0; d < a->head_dim; d += VL) store(out + (size_t)r * out_stride + d, load(state[r].out + d) * inverse);
  }
}

static __attribute__((noinline)) void attend(const attention *a, float *out, size_t out_stride) {
  attention same = *a;
  if (a->dtype == NC_F32) {
    same.dtype = NC_F32;
    attend_dtype(&same, out, out_stride);
  } else {
    same.dtype = NC_BF16;
    attend_dtype(&same, out, out_stride);
  }
}
