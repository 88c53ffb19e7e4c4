#if defined(__linux__)
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#endif
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include "CKernels.h"

// A job's tasks are claimed through one word, [generation:32][tasks:16][next:16]. A claim succeeds only while the word
// still belongs to the same job, and a job whose task is claimed can't end before that task does; so a worker reads the
// job's fields after its claim, and one that comes late finds nothing to do and is never waited for.
struct ck_pool {
  _Atomic uint64_t claims __attribute__((aligned(64)));
  _Atomic int unfinished __attribute__((aligned(64)));
  _Atomic int asleep __attribute__((aligned(64)));
  _Atomic uint32_t bell;  // futex: rung for each job that finds sleepers
  _Atomic int closing;
  void (*_Atomic body)(void *, int, int);
  void *_Atomic context;
  pthread_mutex_t callers;
  int threads;
  pthread_t *handles;
#if !defined(__linux__)
  pthread_mutex_t sleep_lock;
  pthread_cond_t sleep_signal;
#endif
};

typedef struct {
  ck_pool *pool;
  int worker;
} seat;

// About 50 us of waiting before a worker goes to sleep, so that it is awake for the next layer and idle after the last.
enum { SPINS = 20000, CALLER_SPINS = 4000 };

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void sleep_on(ck_pool *p, uint32_t seen) {
#if defined(__linux__)
  syscall(SYS_futex, &p->bell, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
#else
  pthread_mutex_lock(&p->sleep_lock);
  while (atomic_load(&p->bell) == seen) pthread_cond_wait(&p->sleep_signal, &p->sleep_lock);
  pthread_mutex_unlock(&p->sleep_lock);
#endif
}

static void ring(ck_pool *p) {
#if defined(__linux__)
  atomic_fetch_add(&p->bell, 1);
  syscall(SYS_futex, &p->bell, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
#else
  pthread_mutex_lock(&p->sleep_lock);
  atomic_fetch_add(&p->bell, 1);
  pthread_cond_broadcast(&p->sleep_signal);
  pthread_mutex_unlock(&p->sleep_lock);
#endif
}

static int has_tasks(uint64_t word) { return (uint16_t)word < (uint16_t)(word >> 16); }

// Runs tasks until none is left to claim.
static void work(ck_pool *p, int worker) {
  uint64_t word = atomic_load_explicit(&p->claims, memory_order_acquire);
  while (has_tasks(word)) {
    if (!atomic_compare_exchange_weak_explicit(&p->claims, &word, word + 1, memory_order_acq_rel, memory_order_acquire))
      continue;
    void (*body)(void *, int, int) = atomic_load_explicit(&p->body, memory_order_relaxed);
    body(atomic_load_explicit(&p->context, memory_order_relaxed), (int)(uint16_t)word, worker);
    atomic_fetch_sub_explicit(&p->unfinished, 1, memory_order_acq_rel);
    word = atomic_load_explicit(&p->claims, memory_order_acquire);
  }
}

static void *worker_main(void *argument) {
  seat *s = argument;
  ck_pool *p = s->pool;
  const int worker = s->worker;
  free(s);
  for (;;) {
    int spins = 0;
    while (!has_tasks(atomic_load_explicit(&p->claims, memory_order_acquire))) {
      if (atomic_load_explicit(&p->closing, memory_order_relaxed)) return NULL;
      if (++spins < SPINS) {
        pause_cpu();
        continue;
      }
      // Announce the sleep, then look once more: a caller that missed the announcement has already put its tasks there.
      const uint32_t seen = atomic_load(&p->bell);
      atomic_fetch_add(&p->asleep, 1);
      if (!has_tasks(atomic_load(&p->claims)) && !atomic_load(&p->closing)) sleep_on(p, seen);
      atomic_fetch_sub(&p->asleep, 1);
      spins = 0;
    }
    work(p, worker);
  }
}

ck_pool *ck_pool_create(int threads) {
  ck_pool *p = aligned_alloc(64, (sizeof(ck_pool) + 63) / 64 * 64);
  if (!p) return NULL;
  *p = (ck_pool){.threads = 1};
  pthread_mutex_init(&p->callers, NULL);
#if !defined(__linux__)
  pthread_mutex_init(&p->sleep_lock, NULL);
  pthread_cond_init(&p->sleep_signal, NULL);
#endif
  p->handles = calloc((size_t)(threads > 1 ? threads : 1), sizeof(pthread_t));
  // A machine that grants fewer threads gets a smaller pool, not an error.
  for (int i = 1; p->handles && i < threads; i++) {
    seat *s = malloc(sizeof *s);
    if (!s) break;
    *s = (seat){p, i};
    if (pthread_create(&p->handles[i], NULL, worker_main, s) != 0) {
      free(s);
      break;
    }
    p->threads = i + 1;
  }
  return p;
}

void ck_pool_destroy(ck_pool *p) {
  if (!p) return;
  atomic_store(&p->closing, 1);
  ring(p);
  for (int i = 1; i < p->threads; i++) pthread_join(p->handles[i], NULL);
  free(p->handles);
  pthread_mutex_destroy(&p->callers);
  free(p);
}

int ck_pool_threads(const ck_pool *p) { return p->threads; }

void ck_pool_run(ck_pool *p, int tasks, void (*body)(void *, int, int), void *context) {
  if (tasks > 1 && p->threads > 1 && pthread_mutex_trylock(&p->callers) == 0) {
    const uint64_t generation = (atomic_load_explicit(&p->claims, memory_order_relaxed) >> 32) + 1;
    atomic_store_explicit(&p->body, body, memory_order_relaxed);
    atomic_store_explicit(&p->context, context, memory_order_relaxed);
    atomic_store_explicit(&p->unfinished, tasks, memory_order_relaxed);
    atomic_store(&p->claims, generation << 32 | (uint64_t)(uint16_t)tasks << 16);
    if (atomic_load(&p->asleep)) ring(p);
    work(p, 0);
    for (int spins = 0; atomic_load_explicit(&p->unfinished, memory_order_acquire) > 0; spins++) {
      if (spins < CALLER_SPINS) pause_cpu();
      else sched_yield();
    }
    pthread_mutex_unlock(&p->callers);
    return;
  }
  for (int task = 0; task < tasks; task++) body(context, task, 0);
}
