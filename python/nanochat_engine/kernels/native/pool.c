// A team of threads for the forward pass: phases with dynamic shares, short spinning, then sleep.
#include "nanochat.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

// About 20 us of spinning: more than a phase's imbalance, far less than a time slice that another process could use.
#define SPINS 2000

struct nc_pool {
  int threads;
  pthread_t *handles;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  nc_job job;
  void *argument;
  _Atomic unsigned generation; // counts jobs
  _Atomic int sleeping;
  _Atomic int stopping;
  _Alignas(64) _Atomic long next;
  _Alignas(64) _Atomic int arrived;
  _Alignas(64) _Atomic unsigned phase;
};

typedef struct {
  nc_pool *pool;
  int thread;
} member;

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static unsigned await_job(nc_pool *pool, unsigned seen) {
  for (int spin = 0; spin < SPINS; spin++) {
    unsigned now = atomic_load_explicit(&pool->generation, memory_order_acquire);
    if (now != seen) return now;
    relax();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleeping, 1);
  while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->mutex);
  atomic_fetch_sub(&pool->sleeping, 1);
  pthread_mutex_unlock(&pool->mutex);
  return atomic_load(&pool->generation);
}

static void announce(nc_pool *pool) {
  atomic_fetch_add(&pool->generation, 1);
  if (atomic_load(&pool->sleeping) == 0) return;
  // The lock lies between a sleeper's last look and its wait, so that no wake-up is missed.
  pthread_mutex_lock(&pool->mutex);
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
}

static void *work(void *argument) {
  member self = *(member *)argument;
  free(argument);
  unsigned seen = 0;
  for (;;) {
    seen = await_job(self.pool, seen);
    if (atomic_load(&self.pool->stopping)) return NULL;
    self.pool->job(self.pool->argument, self.thread);
    nc_pool_barrier(self.pool);
  }
}

nc_pool *nc_pool_new(int threads) {
  nc_pool *pool = aligned_alloc(64, (sizeof(nc_pool) + 63) / 64 * 64);
  if (!pool) return NULL;
  *pool = (nc_pool){.threads = 1};
  pool->handles = calloc((size_t)threads, sizeof(pthread_t));
  if (!pool->handles) {
    free(pool);
    return NULL;
  }
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  for (; pool->threads < threads; pool->threads++) {
    member *self = malloc(sizeof(member));
    if (!self) break;
    *self = (member){pool, pool->threads};
    if (pthread_create(&pool->handles[pool->threads], NULL, work, self)) {
      free(self);
      break;
    }
  }
  if (pool->threads == threads) return pool;
  nc_pool_free(pool);
  return NULL;
}

void nc_pool_free(nc_pool *pool) {
  atomic_store(&pool->stopping, 1);
  announce(pool);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->handles[i], NULL);
  pthread_cond_destroy(&pool->wake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->handles);
  free(pool);
}

void nc_pool_run(nc_pool *pool, nc_job job, void *argument) {
  atomic_store(&pool->next, 0);
  pool->job = job;
  pool->argument = argument;
  if (pool->threads > 1) announce(pool);
  job(argument, 0);
  nc_pool_barrier(pool);
}

long nc_pool_claim(nc_pool *pool) {
  if (pool->threads > 1) return atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
  long next = atomic_load_explicit(&pool->next, memory_order_relaxed);
  atomic_store_explicit(&pool->next, next + 1, memory_order_relaxed);
  return next;
}

void nc_pool_barrier(nc_pool *pool) {
  if (pool->threads == 1) {
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    return;
  }
  unsigned phase = atomic_load_explicit(&pool->phase, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&pool->arrived, 1, memory_order_acq_rel) == pool->threads - 1) {
    atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->phase, phase + 1, memory_order_release);
    return;
  }
  for (int spin = 0; atomic_load_explicit(&pool->phase, memory_order_acquire) == phase; spin++) {
    if (spin < SPINS) relax();
    else sched_yield(); // the thread waited for may want this processor
  }
}
