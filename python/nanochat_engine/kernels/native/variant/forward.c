// nanochat's forward pass, every generation, for one step's rows. The formulas' source is nanochat's gpt.py of each date;
// model/transformer.py has them in PyTorch, and tests hold the two together.
#include "attention.h"
#include "linear.h"
#include "sample.h"
#include <stdlib.h>

#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)
#define VARIANT(name) JOIN(name, NC_VARIANT)

#define PLACED_TOGETHER 32

// Buffers of a model's steps, each (capacity, width) floats unless it says otherwise.
typedef struct {
  const nc_model *model;
  nc_pool *pool;
  int capacity;
  float *x, *first, *kept, *normed, *qkv, *attended, *hidden;
  char *converted; // rows in the form that a quantized or bf16 layer multiplies
  float *scales;
  int32_t *sums;
  int32_t *shares; // (segments + 1) shares of attention before each segment
} workspace;

typedef struct {
  workspace *w;
  const nc_batch *batch;
  int from, to; // layers
} step;

static int most_inputs(const nc_model *m) { return 4 * m->n_embd; }

static void release(workspace *w) {
  free(w->x), free(w->first), free(w->kept), free(w->normed), free(w->qkv), free(w->attended), free(w->hidden);
  free(w->converted), free(w->scales), free(w->sums), free(w->shares);
  w->capacity = 0;
}

static void *buffer(size_t rows, size_t bytes) { return aligned_alloc(64, (rows * bytes + 64 + 63) / 64 * 64); }

/** Buffers for `rows` rows; 0 where memory is lacking. */
static int reserve(workspace *w, int rows) {
  if (rows <= w->capacity) return 1;
  release(w);
  const nc_model *m = w->model;
  const size_t n = (size_t)rows, width = (size_t)m->n_embd * sizeof(float), groups = (size_t)most_inputs(m) / 32 + 2;
  w->x = buffer(n, width), w->first = buffer(n, width), w->normed = buffer(n, width), w->attended = buffer(n, width);
  w->kept = m->backout_layer >= 0 ? buffer(n, width) : NULL;
  w->qkv = buffer(n, (size_t)(m->n_head + 2 * m->n_kv_head) * (size_t)m->head_dim * sizeof(float));
  w->hidden = buffer(n, 4 * width);
  w->converted = buffer(n, (size_t)most_inputs(m) * 2 + 128);
  w->scales = buffer(n, groups * sizeof(float)), w->sums = buffer(n, groups * sizeof(int32_t));
  w->shares = buffer(n + 1, sizeof(int32_t));
  if (!w->x || !w->first || !w->normed || !w->attended || (m->backout_layer >= 0 && !w->kept) || !w->qkv || !w->hidden ||
      !w->converted || !w->scales || !w->sums || !w->shares) {
    release(w);
    *w = (workspace){.model = m, .pool = w->pool};
    return 0;
  }
  w->capacity = rows;
  return 1;
}

/** x / sqrt(mean(x^2) + eps), no weight (Zhang and Sennrich, arXiv 1910.07467). */
INLINE void rms_norm(const float *x, float *out, int width, float eps, float scale) {
  vf squares = splat(0.0f);
  for (int i = 0; i < width; i += VL) squares += load(x + i) * load(x + i);
  const float factor = scale / sqrtf(lanes_sum(squares) / (float)width + eps);
  for (int i = 0; i < width; i += VL) store(out + i, load(x + i) * factor);
}

static float dot(const float *a, const float *b, int n) {
  float sum = 0.0f;
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

static void normed_embedding(const nc_model *m, int64_t token, float *out) {
  for (int i = 0; i < m->n_embd; i += VL)
    store(out + i, load_as(m->embedding, (size_t)token * (size_t)m->n_embd + (size_t)i, m->dtype));
  rms_norm(out, out, m->n_embd, m->eps, 1.0f);
}

/** The normed embedding; with smear, a share of the token before: recomputed from its id, never cached. */
static void embed(const nc_model *m, const nc_batch *b, int row, float *x, float *scratch) {
  normed_embedding(m, b->token_ids[row], x);
  if (!m->smear_gate || b->positions[row] == 0) return;
  const float share = m->smear_lambda * sigmoid(dot(m->smear_gate, x, m->smear_channels));
  normed_embedding(m, b->previous_ids[row], scratch);
  for (int i = 0; i < m->n_embd; i += VL) store(x + i, load(x + i) + share * load(scratch + i));
}

/** What the layer `linear` multiplies: the float rows, or the converted ones that `convert` made of them. */
static operand operand_of(const workspace *w, const nc_linear *linear, const float *rows, int columns) {
  if (!converts(linear->format)) return (operand){.data = rows, .stride = (size_t)columns * sizeof(float)};
  return (operand){
      .data = w->converted,
      .stride = operand_stride(linear->format, linear->inputs),
      .scales = w->scales,
      .sums = w->sums,
      .groups = is_quantized(linear->format) ? linear->inputs / format_group(linear->format) : 0,
  };
}

static void convert(const workspace *w, const nc_linear *linear, const float *row, int columns, int number) {
  if (!converts(linear->format)) return;
  const size_t groups = is_quantized(linear->format) ? (size_t)linear->inputs / (size_t)format_group(linear->format) : 0;
  convert_row(linear->format, row, columns, linear->inputs,
              w->converted + (size_t)number * operand_stride(linear->format, linear->inputs),
              w->scales + (size_t)number * groups, w->sums + (size_t)number * groups);
}

static void convert_all(const workspace *w, const nc_linear *linear, const float *rows, int columns, int count) {
  if (!converts(linear->format)) return;
  for (long row; (row = nc_pool_claim(w->pool)) < count;)
    convert(w, linear, rows + (size_t)row * (size_t)columns, columns, (int)row);
  nc_pool_barrier(w->pool);
}

/** Turn a head by minus theta and norm it: left cos + right sin, right cos - left sin (Su et al., arXiv 2104.09864). */
INLINE void turn(const nc_model *m, float *head, int64_t position, float scale) {
  const int half = m->head_dim / 2;
  const float *cosines = m->cosines + position * half, *sines = m->sines + position * half;
  for (int i = 0; i < half; i++) {
    const float left = head[i], right = head[i + half];
    head[i] = left * cosines[i] + right * sines[i];
    head[i + half] = right * cosines[i] - left * sines[i];
  }
  rms_norm(head, head, m->head_dim, m->qk_eps, m->qk_scale * scale);
}

/** One row's heads: q and k turned and normed, the value embedding added, key and value put into the cache. */
static void place(const workspace *w, const nc_layer *layer, const nc_batch *b, int row) {
  const nc_model *m = w->model;
  const size_t dim = (size_t)m->head_dim, kv_width = (size_t)m->n_kv_head * dim;
  float *q = w->qkv + (size_t)row * (size_t)(m->n_head + 2 * m->n_kv_head) * dim;
  float *k = q + (size_t)m->n_head * dim, *v = k + kv_width;
  const int64_t position = b->positions[row], slot = (layer->windowed ? b->windowed_slots : b->slots)[row];
  const size_t block = (size_t)slot / TOKENS, token = (size_t)slot % TOKENS;
  for (int head = 0; head < m->n_head; head++) turn(m, q + (size_t)head * dim, position, 1.0f / sqrtf((float)dim));
  for (int head = 0; head < m->n_kv_head; head++) {
    float *key = k + (size_t)head * dim, *value = v + (size_t)head * dim;
    turn(m, key, position, 1.0f);
    if (layer->value_embedding) {
      const float *x = w->normed + (size_t)row * (size_t)m->n_embd;
      const float gate = m->gate_scale * sigmoid(dot(layer->value_gate + head * m->gate_channels, x, m->gate_channels));
      const size_t at = (size_t)b->token_ids[row] * kv_width + (size_t)head * dim;
      for (size_t i = 0; i < dim; i += VL)
        store(value + i, load(value + i) + gate * load_as(layer->value_embedding, at + i, m->dtype));
    }
    const size_t base = (block * (size_t)m->n_kv_head + (size_t)head) * dim * TOKENS;
    for (size_t i = 0; i < dim; i++) put_as(layer->keys, base + i * TOKENS + token, m->dtype, key[i]);
    for (size_t i = 0; i < dim; i++) put_as(layer->values, base + token * dim + i, m->dtype, value[i]);
  }
}

static void attend_all(const workspace *w, const nc_layer *layer, const nc_batch *b) {
  const nc_model *m = w->model;
  const size_t dim = (size_t)m->head_dim, stride = (size_t)(m->n_head + 2 * m->n_kv_head) * dim;
  const int32_t *blocks = layer->windowed ? b->windowed_blocks : b->blocks;
  int number = 0;
  for (long share; (share = nc_pool_claim(w->pool)) < w->shares[b->segment_count];) {
    while (w->shares[number + 1] <= share) number++;
    const nc_segment *s = &b->segments[number];
    const int local = (int)share - w->shares[number], head = local % m->n_head, from = local / m->n_head * QUERY_ROWS;
    const int rows = s->length - from < QUERY_ROWS ? s->length - from : QUERY_ROWS;
    const size_t row = (size_t)(s->row + from);
    const attention a = {
        .queries = w->qkv + row * stride + (size_t)head * dim,
        .stride = stride,
        .keys = layer->keys,
        .values = layer->values,
        .dtype = m->dtype,
        .head_dim = m->head_dim,
        .head = (size_t)(head / (m->n_head / m->n_kv_head)),
        .heads = (size_t)m->n_kv_head,
        .blocks = blocks + s->table,
        .first = s->start + from,
        .rows = rows,
        .window = layer->window,
    };
    attend(&a, w->attended + row * (size_t)m->n_embd + (size_t)head * dim, (size_t)m->n_embd);
  }
}

/** Before layer `number`: embed or mix the residual stream, keep x where backout wants it, norm. */
static void begin_layer(const workspace *w, const nc_batch *b, int number, int row) {
  const nc_model *m = w->model;
  const size_t at = (size_t)row * (size_t)m->n_embd;
  float *x = w->x + at, *first = w->first + at, *normed = w->normed + at;
  if (number == 0) {
    embed(m, b, row, x, normed);
    memcpy(first, x, (size_t)m->n_embd * sizeof(float));
  } else if (number - 1 == m->backout_layer) {
    memcpy(w->kept + at, x, (size_t)m->n_embd * sizeof(float));
  }
  const nc_layer *layer = &m->layers[number];
  if (m->mixes_residual)
    for (int i = 0; i < m->n_embd; i += VL)
      store(x + i, layer->residual_lambda * load(x + i) + layer->embedding_lambda * load(first + i));
  rms_norm(x, normed, m->n_embd, m->eps, 1.0f);
  convert(w, &layer->qkv, normed, m->n_embd, row);
}

static void run_layer(const workspace *w, const nc_batch *b, int number) {
  const nc_model *m = w->model;
  const nc_layer *layer = &m->layers[number];
  nc_pool *pool = w->pool;
  const size_t width = (size_t)m->n_embd, qkv_width = (size_t)(m->n_head + 2 * m->n_kv_head) * (size_t)m->head_dim;
  for (long row; (row = nc_pool_claim(pool)) < b->rows;) begin_layer(w, b, number, (int)row);
  nc_pool_barrier(pool);
  operand o = operand_of(w, &layer->qkv, w->normed, m->n_embd);
  linear(pool, &layer->qkv, &o, b->rows, w->qkv, qkv_width, STORE, 0.0f);
  nc_pool_barrier(pool);
  // Keys of neighbouring positions share cache lines, which two threads would take from each other.
  const int together = b->rows >= 2 * PLACED_TOGETHER ? PLACED_TOGETHER : 1;
  for (long claim; (claim = nc_pool_claim(pool)) * together < b->rows;)
    for (int row = (int)claim * together; row < b->rows && row < ((int)claim + 1) * together; row++)
      place(w, layer, b, row);
  nc_pool_barrier(pool);
  attend_all(w, layer, b);
  nc_pool_barrier(pool);
  convert_all(w, &layer->attention_out, w->attended, m->n_embd, b->rows);
  o = operand_of(w, &layer->attention_out, w->attended, m->n_embd);
  linear(pool, &layer->attention_out, &o, b->rows, w->x, width, ADD, 0.0f);
  nc_pool_barrier(pool);
  for (long row; (row = nc_pool_claim(pool)) < b->rows;) {
    const size_t at = (size_t)row * width;
    rms_norm(w->x + at, w->normed + at, m->n_embd, m->eps, 1.0f);
    convert(w, &layer->mlp_in, w->normed + at, m->n_embd, (int)row);
  }
  nc_pool_barrier(pool);
  o = operand_of(w, &layer->mlp_in, w->normed, m->n_embd);
  linear(pool, &layer->mlp_in, &o, b->rows, w->hidden, 4 * width, SQUARED_RELU, 0.0f);
  nc_pool_barrier(pool);
  convert_all(w, &layer->mlp_out, w->hidden, 4 * m->n_embd, b->rows);
  o = operand_of(w, &layer->mlp_out, w->hidden, 4 * m->n_embd);
  linear(pool, &layer->mlp_out, &o, b->rows, w->x, width, ADD, 0.0f);
  nc_pool_barrier(pool);
}

/** Logits of the rows that are wanted: backout, norm, head, softcap. */
static void finish_step(const workspace *w, const nc_batch *b) {
  const nc_model *m = w->model;
  for (long number; (number = nc_pool_claim(w->pool)) < b->logit_count;) {
    const size_t at = (size_t)b->logit_rows[number] * (size_t)m->n_embd, to = (size_t)number * (size_t)m->n_embd;
    const float *x = w->x + at;
    float *out = w->hidden + to; // free by now
    for (int i = 0; i < m->n_embd; i += VL) {
      vf value = load(x + i);
      if (m->backout_layer >= 0) {
        vf kept = m->backout_layer == m->n_layer - 1 ? value : load(w->kept + at + i);
        value = value - m->backout_lambda * kept;
      }
      store(out + i, value);
    }
    rms_norm(out, out, m->n_embd, m->eps, 1.0f);
    convert(w, &m->head, out, m->n_embd, (int)number);
  }
  nc_pool_barrier(w->pool);
  operand o = operand_of(w, &m->head, w->hidden, m->n_embd);
  linear(w->pool, &m->head, &o, b->logit_count, b->logits, (size_t)m->vocab_size, SOFTCAP, m->softcap);
}

static void run_step(void *argument, int thread) {
  (void)thread;
  const step *s = argument;
  for (int number = s->from; number < s->to; number++) run_layer(s->w, s->batch, number);
  if (s->to == s->w->model->n_layer && s->batch->logit_count > 0) finish_step(s->w, s->batch);
}

/** A workspace for steps of `model`, which must outlive it; NULL where memory or threads are lacking. */
NC_EXPORT void *VARIANT(nc_workspace_new)(const nc_model *model, int threads, int rows) {
  workspace *w = calloc(1, sizeof(workspace));
  if (!w) return NULL;
  w->model = model;
  w->pool = nc_pool_new(threads);
  if (w->pool && reserve(w, rows)) return w;
  if (w->pool) nc_pool_free(w->pool);
  free(w);
  return NULL;
}

NC_EXPORT void VARIANT(nc_workspace_free)(void *argument) {
  workspace *w = argument;
  nc_pool_free(w->pool);
  release(w);
  free(w);
}

/** Layers [from, to) of a step; the last also gives logits. 0, or -1 where memory for the rows is lacking. */
NC_EXPORT int VARIANT(nc_forward)(void *argument, const nc_batch *batch, int from, int to) {
  workspace *w = argument;
  if (from == 0 && !reserve(w, batch->rows > batch->segment_count ? batch->rows : batch->segment_count)) return -1;
  if (from == 0) {
    w->shares[0] = 0;
    for (int i = 0; i < batch->segment_count; i++) {
      const int chunks = (batch->segments[i].length + QUERY_ROWS - 1) / QUERY_ROWS;
      w->shares[i + 1] = w->shares[i] + chunks * w->model->n_head;
    }
  }
  step s = {w, batch, from, to};
  nc_pool_run(w->pool, run_step, &s);
  return 0;
}

typedef struct {
  workspace *w;
  const float *logits;
  const draw *draws;
  int32_t *tokens;
  int rows, count;
} sampling;

static void run_sampling(void *argument, int thread) {
  (void)thread;
  const sampling *s = argument;
  for (long row; (row = nc_pool_claim(s->w->pool)) < s->rows;)
    s->tokens[row] = sample_row(s->logits + (size_t)row * (size_t)s->count, s->count, &s->draws[row]);
}

/** tokens (rows): one drawn from each of logits (rows, count); NO_NUMBER for a row that holds no number, NO_MEMORY. */
NC_EXPORT void VARIANT(nc_sample)(void *argument, const float *logits, int rows, int count, const draw *draws,
                                  int32_t *tokens) {
  sampling s = {argument, logits, draws, tokens, rows, count};
  nc_pool_run(s.w->pool, run_sampling, &s);
}

// One layer alone, for tests and the bench.
typedef struct {
  nc_pool *pool;
  const nc_linear *linear;
  const float *x;
  float *out;
  char *converted;
  float *scales;
  int32_t *sums;
  int rows, columns, repeats;
} lone;

static void run_lone(void *argument, int thread) {
  (void)thread;
  const lone *l = argument;
  workspace w = {.pool = l->pool, .converted = l->converted, .scales = l->scales, .sums = l->sums};
  for (int i = 0; i < l->repeats; i++) {
    convert_all(&w, l->linear, l->x, l->columns, l->rows);
    operand o = operand_of(&w, l->linear, l->x, l->columns);
    linear(l->pool, l->linear, &o, l->rows, l->out, (size_t)l->linear->outputs, STORE, 0.0f);
    nc_pool_barrier(l->pool);
  }
}

/** out (rows, outputs) = x (rows, columns) times the layer, `repeats` times over; -1 where memory is lacking. */
NC_EXPORT int VARIANT(nc_linear)(const nc_linear *layer, const float *x, int rows, int columns, float *out, int threads,
                                 int repeats) {
  lone l = {.pool = nc_pool_new(threads), .linear = layer, .x = x, .out = out, .rows = rows, .columns = columns,
            .repeats = repeats};
  l.converted = buffer((size_t)rows, (size_t)layer->inputs * 2 + 128);
  l.scales = buffer((size_t)rows, (size_t)layer->inputs / 32 * 4 + 8);
  l.sums = buffer((size_t)rows, (size_t)layer->inputs / 32 * 4 + 8);
  const int ready = l.pool && l.converted && l.scales && l.sums;
  if (ready) nc_pool_run(l.pool, run_lone, &l);
  if (l.pool) nc_pool_free(l.pool);
  free(l.converted), free(l.scales), free(l.sums);
  return ready ? 0 : -1;
}
