// The common part of the kernel suite: seeded numbers, guarded memory, and the comparison with double precision.
#pragma once
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "CKernels.h"

// The kernels under test, and their format of fp32 weights.
extern const ck_kernels *t;
extern const ck_format *format;
extern int passed, failed;

// SplitMix64, so that a failure can be reproduced from its printed seed.
static uint64_t state;
static inline uint64_t next(void) {
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static inline float uniform(float low, float high) { return low + (high - low) * (float)(next() >> 40) * 0x1p-24f; }
static inline size_t one_of(const size_t *values, size_t count) { return values[next() % count]; }
#define ONE_OF(...) one_of((const size_t[]){__VA_ARGS__}, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t))

// Memory with a pattern behind its end: a kernel that writes beyond it is detected when the memory is freed.
enum { GUARD = 64 };
static inline float *floats(size_t n, float low, float high) {
  float *p = malloc((n + GUARD) * sizeof(float));
  for (size_t i = 0; i < n; i++) p[i] = low == high ? NAN : uniform(low, high);
  memset(p + n, 0x5A, GUARD * sizeof(float));
  return p;
}
static inline float *undefined(size_t n) { return floats(n, 0, 0); }
static inline float *undefined_bytes(size_t bytes) { return undefined(bytes / sizeof(float)); }
static inline int intact(const float *p, size_t n) {
  const unsigned char *guard = (const unsigned char *)(p + n);
  for (size_t i = 0; i < GUARD * sizeof(float); i++)
    if (guard[i] != 0x5A) return 0;
  return 1;
}

static inline double clamp(double v, float low, float high) { return v < low ? low : v > high ? high : v; }

// Sums of `terms` products of numbers below 1 may differ by about that many units in the last place of 1.
static inline void expect(const char *what, const float *found, const double *expected, size_t n, size_t terms, uint64_t seed) {
  const double tolerance = (double)(terms + 4) * 1.2e-7;
  double worst = 0;
  for (size_t i = 0; i < n; i++) {
    const double scale = fabs(expected[i]) > 1 ? fabs(expected[i]) : 1;
    const double error = fabs((double)found[i] - expected[i]) / scale;
    if (!(error <= worst)) worst = error;  // not a number counts as an error too
  }
  const int good = worst <= tolerance && intact(found, n);
  if (good) {
    passed++;
    return;
  }
  failed++;
  printf("%s: %s, seed %llu: off by %g, allowed %g%s\n", t->isa, what, (unsigned long long)seed, worst, tolerance,
         intact(found, n) ? "" : "; wrote behind the end");
}
