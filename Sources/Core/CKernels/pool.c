#if defined(__linux__)
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "CKernels.h"

// A job's tasks are divided into ranges, one for each seat. Tasks of a range are claimed through one word,
// [job:32][end:16][next:16], by its owner first and then by idle threads. A claim succeeds only while the word still
// belongs to the job, and a job can't end before its claimed tasks do. So body and context are read after the claim,
// and a late worker finds nothing and is never waited for.
typedef struct {
  _Atomic uint64_t claims __attribute__((aligned(128)));  // two lines: processors fetch them in pairs
  void (*_Atomic body)(void *, int, int);
  void *_Atomic context;
  _Atomic uint32_t asleep;  // futex
  _Atomic uint32_t ended;   // the last job in which this worker found nothing more to do
  ck_pool *pool;
  int number;
  pthread_t thread;
#if defined(__linux__) && !defined(__ANDROID__)
#define CK_PLACES 1
  int placed;      // whether this pool decides where the worker may run
  cpu_set_t mask;  // where it put it last
#endif
} seat;

struct ck_pool {
  _Atomic uint32_t unfinished __attribute__((aligned(128)));  // futex; tasks, and whether the caller sleeps
  _Atomic int busy __attribute__((aligned(128)));             // a caller has the pool; it owns the four below
  int threads;
  uint32_t job;
  int apart;       // the processor that workers keep off, the caller's; -1: not yet known
  int64_t placed;  // when that was decided
#if defined(CK_PLACES)
  cpu_set_t allowed;
#endif
  _Atomic int awake __attribute__((aligned(128)));  // calls between ck_pool_begin and ck_pool_end
  _Atomic int closing;
  int crowded;  // more threads than processors: spinning would take their time
  seat *seats;
};

enum {
  CALLER_SLEEPS = 1 << 30,
  // Nanoseconds. A worker spins for LINGER after its last job, about as long as it takes to wake one, and for RECESS
  // while a call runs; a caller waits PATIENCE longer than its own tasks took before it sleeps.
  LINGER = 100 * 1000,
  RECESS = 5 * 1000 * 1000,
  PATIENCE = 100 * 1000,
  // The least time between two placements, for a caller that the scheduler moves often.
  SETTLING = 1000 * 1000,
};

// MARK: Waiting

static inline void pause_cpu(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#if defined(__linux__)
static void nap(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void wake(_Atomic uint32_t *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }
#else
static pthread_mutex_t nap_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t nap_signal = PTHREAD_COND_INITIALIZER;
static void nap(_Atomic uint32_t *word, uint32_t value) {
  pthread_mutex_lock(&nap_lock);
  while (atomic_load(word) == value) pthread_cond_wait(&nap_signal, &nap_lock);
  pthread_mutex_unlock(&nap_lock);
}
static void wake(_Atomic uint32_t *word) {
  (void)word;
  pthread_mutex_lock(&nap_lock);
  pthread_cond_broadcast(&nap_signal);
  pthread_mutex_unlock(&nap_lock);
}
#endif

static void rouse(seat *s) {
  if (atomic_load_explicit(&s->asleep, memory_order_relaxed) && atomic_exchange(&s->asleep, 0)) wake(&s->asleep);
}

// MARK: Placing

// A scheduler may put a woken worker on its waker's processor and leave it there for milliseconds: the two then take
// turns on one processor while another idles, and each join costs a time slice. So workers keep off the processor that
// their caller runs on, wherever else they may run.
#if defined(CK_PLACES)
static int processor(void) { return sched_getcpu(); }

static void put(seat *s, const cpu_set_t *mask) {
  if (!s->placed || CPU_EQUAL(mask, &s->mask)) return;
  cpu_set_t found;
  // The affinity was set from outside, or can't be set: leave this thread alone from now on.
  s->placed = pthread_getaffinity_np(s->thread, sizeof found, &found) == 0 && CPU_EQUAL(&found, &s->mask) &&
              pthread_setaffinity_np(s->thread, sizeof *mask, mask) == 0;
  s->mask = *mask;
}

static void keep_apart(ck_pool *p, int cpu) {
  const int64_t time = now();
  if (p->apart >= 0 && time - p->placed < SETTLING) return;
  p->apart = cpu;
  p->placed = time;
  cpu_set_t rest = p->allowed;
  if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_CLR(cpu, &rest);
  for (int i = 1; i < p->threads; i++) put(&p->seats[i], &rest);
}

// Workers that have not ended by now were most likely preempted in the middle of a task. The idle caller lends them its
// own processor, instead of waiting for a time slice to end on theirs.
static void fetch_preempted(ck_pool *p) {
  cpu_set_t here;
  CPU_ZERO(&here);
  const int cpu = processor();
  if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &p->allowed)) return;
  CPU_SET(cpu, &here);
  for (int i = 1; i < p->threads; i++) {
    seat *s = &p->seats[i];
    if (atomic_load_explicit(&s->ended, memory_order_relaxed) != p->job && !atomic_load(&s->asleep)) put(s, &here);
  }
  p->apart = -1;
}

static void prepare_places(ck_pool *p) {
  p->apart = -1;
  // With more threads than processors some share one in any case, so placement is left to the scheduler.
  const int places = sched_getaffinity(0, sizeof p->allowed, &p->allowed) == 0 && CPU_COUNT(&p->allowed) >= p->threads;
  for (int i = 1; i < p->threads; i++) {
    p->seats[i].placed = places;
    p->seats[i].mask = p->allowed;
  }
}
#else
static int processor(void) { return 0; }
static void keep_apart(ck_pool *p, int cpu) { p->apart = cpu; }
static void fetch_preempted(ck_pool *p) { (void)p; }
static void prepare_places(ck_pool *p) { p->apart = 0; }
#endif

// MARK: Working

// Runs tasks of a seat's range until none is left to claim; returns their number.
static uint32_t work(seat *s, int worker) {
  uint32_t done = 0;
  uint64_t word = atomic_load_explicit(&s->claims, memory_order_acquire);
  while ((uint16_t)word < (uint16_t)(word >> 16)) {
    if (!atomic_compare_exchange_weak_explicit(&s->claims, &word, word + 1, memory_order_acq_rel, memory_order_acquire))
      continue;
    void (*body)(void *, int, int) = atomic_load_explicit(&s->body, memory_order_relaxed);
    body(atomic_load_explicit(&s->context, memory_order_relaxed), (int)(uint16_t)word, worker);
    done++;
    word = atomic_load_explicit(&s->claims, memory_order_acquire);
  }
  return done;
}

static uint32_t job_of(const seat *s, memory_order order) {
  return (uint32_t)(atomic_load_explicit(&s->claims, order) >> 32);
}

// Waits for a job after the last one, spinning for a while first; returns 0 when the pool closes.
static uint32_t next_job(seat *s, uint32_t last) {
  ck_pool *p = s->pool;
  int64_t since = 0;
  for (unsigned spins = 1;; spins++) {
    const uint32_t job = job_of(s, memory_order_acquire);
    if (job != last) return job;
    if (atomic_load_explicit(&p->closing, memory_order_relaxed)) return 0;
    pause_cpu();
    if (spins % 64) continue;
    const int64_t time = now();
    if (!since) since = time;
    const int64_t limit = atomic_load_explicit(&p->awake, memory_order_relaxed) > 0 ? RECESS : LINGER;
    if (!p->crowded && time - since < limit) continue;
    // Announce the sleep, then look once more: a caller that missed the announcement has already put its tasks there.
    atomic_store(&s->asleep, 1);
    if (job_of(s, memory_order_seq_cst) == last && !atomic_load(&p->closing))
      while (atomic_load(&s->asleep)) nap(&s->asleep, 1);
    else
      atomic_store(&s->asleep, 0);
    since = 0;
  }
}

static void *worker_main(void *argument) {
  seat *s = argument;
  ck_pool *p = s->pool;
  for (uint32_t job = 0; (job = next_job(s, job));) {
    for (int i = 0; i < p->threads; i++) {
      const uint32_t done = work(&p->seats[(s->number + i) % p->threads], s->number);
      if (!done) continue;
      if (atomic_fetch_sub_explicit(&p->unfinished, done, memory_order_acq_rel) != (done | CALLER_SLEEPS)) continue;
      wake(&p->unfinished);
      sched_yield();  // this worker may be on the caller's processor
    }
    atomic_store_explicit(&s->ended, job, memory_order_relaxed);
  }
  return NULL;
}

static void deal_out(ck_pool *p, uint32_t tasks, void (*body)(void *, int, int), void *context) {
  const uint32_t each = tasks / (uint32_t)p->threads, more = tasks % (uint32_t)p->threads;
  if (++p->job == 0) p->job = 1;
  atomic_store_explicit(&p->unfinished, tasks, memory_order_relaxed);
  uint32_t end = tasks;
  for (int i = p->threads - 1; i >= 0; i--) {
    seat *s = &p->seats[i];
    const uint32_t begin = end - each - ((uint32_t)i < more);
    atomic_store_explicit(&s->body, body, memory_order_relaxed);
    atomic_store_explicit(&s->context, context, memory_order_relaxed);
    atomic_store_explicit(&s->claims, (uint64_t)p->job << 32 | end << 16 | begin, memory_order_release);
    end = begin;
  }
  atomic_thread_fence(memory_order_seq_cst);
  for (int i = 1; i < p->threads && (uint32_t)i < tasks; i++) rouse(&p->seats[i]);
}

// Waits until workers have ended the tasks that they have claimed.
static void join(ck_pool *p, uint32_t mine, int64_t began) {
  int64_t limit = 0;
  for (unsigned spins = 1; atomic_load_explicit(&p->unfinished, memory_order_acquire) != mine; spins++) {
    pause_cpu();
    if (spins % 64) continue;
    const int64_t time = now();
    if (!limit) limit = time + (time - began) + PATIENCE;
    if (time < limit) continue;
    fetch_preempted(p);
    uint32_t left = atomic_fetch_add(&p->unfinished, CALLER_SLEEPS - mine) + CALLER_SLEEPS - mine;
    while (left != CALLER_SLEEPS) {
      nap(&p->unfinished, left);
      left = atomic_load_explicit(&p->unfinished, memory_order_acquire);
    }
    return;
  }
}

void ck_pool_run(ck_pool *p, int tasks, void (*body)(void *, int, int), void *context) {
  if (tasks <= 1 || p->threads == 1 || atomic_exchange_explicit(&p->busy, 1, memory_order_acquire)) {
    for (int task = 0; task < tasks; task++) body(context, task, 0);
    return;
  }
  const int64_t began = now();
  const int cpu = processor();
  if (cpu != p->apart) keep_apart(p, cpu);
  deal_out(p, (uint32_t)tasks, body, context);
  uint32_t mine = 0;
  for (int i = 0; i < p->threads; i++) mine += work(&p->seats[i], 0);
  join(p, mine, began);
  atomic_store_explicit(&p->busy, 0, memory_order_release);
}

void ck_pool_begin(ck_pool *p) {
  if (atomic_fetch_add(&p->awake, 1) > 0 || atomic_exchange_explicit(&p->busy, 1, memory_order_acquire)) return;
  const int cpu = processor();
  if (p->threads > 1 && cpu != p->apart) keep_apart(p, cpu);
  for (int i = 1; i < p->threads; i++) rouse(&p->seats[i]);
  atomic_store_explicit(&p->busy, 0, memory_order_release);
}

void ck_pool_end(ck_pool *p) { atomic_fetch_sub(&p->awake, 1); }

// MARK: Life

ck_pool *ck_pool_create(int threads) {
  ck_pool *p = aligned_alloc(128, (sizeof *p + 127) / 128 * 128);
  seat *seats = aligned_alloc(128, sizeof *seats * (size_t)(threads > 1 ? threads : 1));
  if (!p || !seats) {
    free(p);
    free(seats);
    return NULL;
  }
  memset(p, 0, sizeof *p);
  memset(seats, 0, sizeof *seats * (size_t)(threads > 1 ? threads : 1));
  p->seats = seats;
  p->threads = threads > 1 ? threads : 1;
  p->crowded = threads > ck_usable_processors();
  for (int i = 0; i < p->threads; i++) {
    seats[i].pool = p;
    seats[i].number = i;
  }
  // A machine that grants fewer threads gets a smaller pool, not an error.
  int started = 1;
  while (started < p->threads && pthread_create(&seats[started].thread, NULL, worker_main, &seats[started]) == 0) started++;
  p->threads = started;
  prepare_places(p);
  if (started > 1) keep_apart(p, processor());
  return p;
}

void ck_pool_destroy(ck_pool *p) {
  if (!p) return;
  atomic_store(&p->closing, 1);
  for (int i = 1; i < p->threads; i++) {
    rouse(&p->seats[i]);
    pthread_join(p->seats[i].thread, NULL);
  }
  free(p->seats);
  free(p);
}

int ck_pool_threads(const ck_pool *p) { return p->threads; }
