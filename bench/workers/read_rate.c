/* Reads a buffer with every thread at once and prints bytes a second, best of the rounds: read_rate MIB THREADS ROUNDS.
   Four streams of 32 bytes a thread with prefetch ahead, as a decode kernel reads its weights. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef uint64_t lane __attribute__((vector_size(32)));

static char *buffer;
static size_t bytes;
static int threads, rounds;
static pthread_barrier_t barrier;
static volatile uint64_t sink;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static uint64_t read_part(const char *part, size_t size) {
  size_t quarter = size / 4 / 128 * 128;
  lane a[4] = {{0}, {0}, {0}, {0}};
  for (size_t at = 0; at < quarter; at += 128)
    for (int s = 0; s < 4; s++) {
      const lane *from = (const lane *)(part + s * quarter + at);
      __builtin_prefetch(part + s * quarter + at + 2048);
      __builtin_prefetch(part + s * quarter + at + 2048 + 64);
      a[s] ^= from[0] ^ from[1] ^ from[2] ^ from[3];
    }
  lane all = a[0] ^ a[1] ^ a[2] ^ a[3];
  return all[0] ^ all[1] ^ all[2] ^ all[3];
}

static void *work(void *argument) {
  size_t number = (size_t)argument, size = bytes / threads;
  double best = 1e9;
  memset(buffer + number * size, 1 + (int)number, size);
  for (int round = 0; round < rounds; round++) {
    pthread_barrier_wait(&barrier);
    double begun = now();
    sink ^= read_part(buffer + number * size, size);
    pthread_barrier_wait(&barrier);
    double taken = now() - begun;
    if (taken < best) best = taken;
  }
  if (number == 0) printf("%.0f\n", bytes / best);
  return NULL;
}

int main(int count, char **values) {
  if (count != 4) return 2;
  bytes = strtoull(values[1], NULL, 10) << 20;
  threads = atoi(values[2]);
  rounds = atoi(values[3]);
  if (bytes == 0 || threads < 1 || threads > 1024 || rounds < 1) return 2;
  bytes -= bytes % ((size_t)threads * 512);
  buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (buffer == MAP_FAILED) return 1;
#ifdef MADV_HUGEPAGE
  madvise(buffer, bytes, MADV_HUGEPAGE);
#endif
  pthread_barrier_init(&barrier, NULL, threads);
  pthread_t others[1024];
  for (size_t number = 1; number < (size_t)threads; number++) pthread_create(&others[number], NULL, work, (void *)number);
  work((void *)0);
  for (int number = 1; number < threads; number++) pthread_join(others[number], NULL);
  return 0;
}
