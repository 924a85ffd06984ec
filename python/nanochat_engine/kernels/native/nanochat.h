// The C interface of the native kernels, and what their parts share. Python's mirror of it is kernels/abi.py.
#pragma once
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define NC_ABI_VERSION 1
#define NC_PANEL 16        // columns of a packed panel
#define NC_CLAIM 4         // panels that a thread takes at once; packed layers have a multiple of them
#define NC_BLOCK_TOKENS 64 // positions of a cache block
#define NC_MAX_HEAD_DIM 256
#define NC_EXPORT __attribute__((visibility("default")))

// How weights are kept. Every format is panels of 16 output columns; within a panel the inner dimension k runs slowest.
enum nc_format {
  NC_F32 = 0,  // [panel][k][16]
  NC_BF16 = 1, // [panel][k / 2][16][2]
  NC_INT8 = 2, // [panel][k / 4][16][4], value + 128; a scale for each 64 of k
  NC_INT4 = 3, // [panel][k / 8][16][4], k and k + 4 in the low and high half of a byte, value + 8; a scale for each 32 of k
};

typedef struct {
  const void *data;
  const uint16_t *scales; // bf16 [panel][group][16], for the quantized formats
  int32_t format;
  int32_t inputs;  // k, padded as the format needs: 2 for bf16, 64 for int8 and int4
  int32_t outputs; // columns that are written
  int32_t panels;
} nc_linear;

typedef struct {
  nc_linear qkv, attention_out, mlp_in, mlp_out;
  const void *value_embedding; // (vocabulary, n_kv_head * head_dim) in `dtype`, or NULL
  const float *value_gate;     // (n_kv_head, gate_channels)
  void *keys;                  // [block][kv head][head_dim][64] in `dtype`
  void *values;                // [block][kv head][64][head_dim] in `dtype`
  float residual_lambda, embedding_lambda;
  int32_t window; // positions back that a query sees, or -1
  int32_t windowed; // 1: its blocks are in the windowed table
} nc_layer;

typedef struct {
  nc_layer *layers;
  nc_linear head;
  const void *embedding;   // (vocabulary, n_embd) in `dtype`
  const float *smear_gate; // (smear_channels), or NULL
  const float *cosines, *sines; // (sequence_len, head_dim / 2)
  int32_t n_layer, n_embd, n_head, n_kv_head, head_dim, vocab_size;
  int32_t dtype; // NC_F32 or NC_BF16: embeddings and cache
  int32_t mixes_residual;
  int32_t gate_channels, smear_channels;
  int32_t backout_layer; // or -1
  float eps, qk_eps, qk_scale, softcap, gate_scale, smear_lambda, backout_lambda;
} nc_model;

typedef struct {
  int32_t row, start, length;
  int32_t table; // where the segment's blocks begin in both block tables
} nc_segment;

typedef struct {
  const int64_t *token_ids, *previous_ids, *positions, *slots, *windowed_slots, *logit_rows;
  const nc_segment *segments;
  const int32_t *blocks, *windowed_blocks;
  float *logits; // (logit_count, vocab_size)
  int32_t rows, segment_count, logit_count;
} nc_batch;

// A team of threads that run one job together. The caller is thread 0.
typedef struct nc_pool nc_pool;
typedef void (*nc_job)(void *argument, int thread);
nc_pool *nc_pool_new(int threads);
void nc_pool_free(nc_pool *pool);
void nc_pool_run(nc_pool *pool, nc_job job, void *argument);
/** The next piece of the present phase, counted from 0; each is handed out once. */
long nc_pool_claim(nc_pool *pool);
/** Waits for the others, and begins the next phase at piece 0. */
void nc_pool_barrier(nc_pool *pool);
