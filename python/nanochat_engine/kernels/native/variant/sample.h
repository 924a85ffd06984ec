// One token a row: the top_k largest logits, softmax at a temperature, the nucleus of top_p, and the inverse of the
// cumulative distribution at a given number. sampling/sampler.py has the same in numpy.
#pragma once
#include "vector.h"
#include <stdlib.h>

#define NO_NUMBER -1
#define NO_MEMORY -2

typedef struct {
  double temperature, top_p, number;
  int32_t top_k; // 0: all
  int32_t unused;
} draw;

typedef struct {
  float value;
  int32_t id;
} candidate;

/** The place of the largest logit, the first of equals; NO_NUMBER where one is NaN or the largest is not finite. */
static int32_t largest(const float *logits, int count) {
  vf most = splat(-INFINITY);
  vi broken = {0};
  int i = 0;
  for (; i + VL <= count; i += VL) {
    const vf value = load(logits + i);
    most = vmax(value, most);
    broken |= value != value;
  }
  float best = lanes_max(most);
  int bad = 0;
  for (int lane = 0; lane < VL; lane++) bad |= broken[lane];
  for (; i < count; i++) {
    bad |= logits[i] != logits[i];
    best = logits[i] > best ? logits[i] : best;
  }
  if (bad || !isfinite(best)) return NO_NUMBER;
  for (i = 0; i < count && logits[i] != best; i++) {}
  return i;
}

/** Put a logit into the sorted `kept` of at most k, behind its equals: those have the smaller ids. */
INLINE int keep(candidate *kept, int held, int k, float value, int32_t id) {
  int place = held < k ? held : k - 1;
  while (place > 0 && kept[place - 1].value < value) {
    kept[place] = kept[place - 1];
    place--;
  }
  kept[place] = (candidate){value, id};
  return held < k ? held + 1 : k;
}

/** The k largest, largest first and equal ones by id. */
static int select_top(const float *logits, int count, int k, candidate *kept) {
  int held = 0, i = 0;
  for (; i < count && held < k; i++) held = keep(kept, held, k, logits[i], i);
  for (; i + VL <= count; i += VL) {
    const vi above = load(logits + i) > kept[k - 1].value;
    int any = 0;
    UNROLL for (int lane = 0; lane < VL; lane++) any |= above[lane];
    if (!any) continue;
    for (int lane = 0; lane < VL; lane++)
      if (logits[i + lane] > kept[k - 1].value) keep(kept, held, k, logits[i + lane], i + lane);
  }
  for (; i < count; i++)
    if (logits[i] > kept[k - 1].value) keep(kept, held, k, logits[i], i);
  return held;
}

/** All of them in the same order: a radix sort of the bits, which keeps equal ones in place. */
static void sort_all(const float *logits, int count, candidate *kept, candidate *spare) {
  for (int i = 0; i < count; i++) kept[i] = (candidate){logits[i] + 0.0f, i}; // + 0: zeros of both signs are equal
  for (int shift = 0; shift < 32; shift += 8) {
    int places[257] = {0};
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &kept[i].value, 4);
        bits = bits >> 31 ? bits : ~bits & 0x7fffffff; // larger floats first
        const int digit = bits >> shift & 255;
        if (pass == 0) places[digit + 1]++;
        else spare[places[digit]++] = kept[i];
      }
      for (int d = 0; pass == 0 && d < 256; d++) places[d + 1] += places[d];
    }
    candidate *swap = kept;
    kept = spare, spare = swap;
  }
}

/** A token id, NO_NUMBER or NO_MEMORY. */
static int32_t sample_row(const float *logits, int count, const draw *d) {
  const int32_t best = largest(logits, count);
  if (best < 0 || d->temperature <= 0.0 || d->top_k == 1) return best;
  const int k = d->top_k <= 0 || d->top_k > count ? count : d->top_k;
  candidate *kept = malloc(2 * (size_t)k * sizeof(candidate));
  double *sums = malloc((size_t)k * sizeof(double));
  int32_t token = NO_MEMORY;
  if (kept && sums) {
    if (k < count) select_top(logits, count, k, kept);
    else sort_all(logits, count, kept, kept + k);
    double total = 0.0;
    for (int i = 0; i < k; i++) sums[i] = total += exp(((double)kept[i].value - (double)kept[0].value) / d->temperature);
    int last = k - 1;
    if (d->top_p < 1.0)
      for (last = 0; last < k - 1 && sums[last] < d->top_p * total;) last++;
    int index = 0;
    while (index < last && sums[index] <= d->number * sums[last]) index++;
    token = kept[index].id;
  }
  free(kept), free(sums);
  return token;
}
