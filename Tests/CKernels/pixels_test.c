// Compares the kernels that read pixels with plain loops.
#include "checks.h"

static const size_t counts[] = {1, 3, 4, 7, 8, 15, 16, 17, 33, 100};
#define COUNT one_of(counts, sizeof counts / sizeof *counts)

void test_u8_lerp_columns(uint64_t seed) {
  const size_t n = COUNT, pixels = COUNT, step = ONE_OF(3, 4);
  uint8_t *p = malloc(pixels * step);
  uint32_t *left = calloc(n, 4), *right = calloc(n, 4);
  float *share = floats(n, 0, 1), *out = undefined(3 * n + 1);
  double *expected = calloc(3 * n, sizeof(double));
  for (size_t i = 0; i < pixels * step; i++) p[i] = (uint8_t)next();
  for (size_t x = 0; x < n; x++) {
    left[x] = (uint32_t)(next() % pixels * step);
    right[x] = (uint32_t)(next() % pixels * step);
    for (size_t c = 0; c < 3; c++)
      expected[3 * x + c] = p[left[x] + c] + ((double)p[right[x] + c] - p[left[x] + c]) * share[x];
  }
  t->u8_lerp_columns(p, pixels * step, left, right, share, n, out);
  out[3 * n] = 0;
  float *found = undefined(3 * n);
  memcpy(found, out, 3 * n * sizeof(float));
  expect("columns", found, expected, 3 * n, 40, seed);
  if (!intact(out, 3 * n + 1)) failed++, printf("%s: columns: wrote behind the end\n", t->isa);
  free(p), free(left), free(right), free(share), free(out), free(found), free(expected);
}

void test_u8_average_columns(uint64_t seed) {
  const size_t n = COUNT, most = 1 + next() % 6, pixels = COUNT + most, step = ONE_OF(3, 4);
  uint8_t *p = malloc(pixels * step);
  uint32_t *start = calloc(n, 4), *offset = calloc(n + 1, 4);
  float *weights = floats(n * most, 0, 1), *out = undefined(3 * n + 1), *found = undefined(3 * n);
  double *expected = calloc(3 * n, sizeof(double));
  for (size_t i = 0; i < pixels * step; i++) p[i] = (uint8_t)next();
  for (size_t x = 0; x < n; x++) {
    offset[x + 1] = offset[x] + 1 + (uint32_t)(next() % most);
    start[x] = (uint32_t)(next() % (pixels - most + 1) * step);
    for (uint32_t i = offset[x]; i < offset[x + 1]; i++)
      for (size_t c = 0; c < 3; c++) expected[3 * x + c] += (double)p[start[x] + step * (i - offset[x]) + c] * weights[i];
  }
  t->u8_average_columns(p, pixels * step, step, start, offset, weights, n, out);
  memcpy(found, out, 3 * n * sizeof(float));
  expect("means of columns", found, expected, 3 * n, 40, seed);
  free(p), free(start), free(offset), free(weights), free(out), free(found), free(expected);
}

void test_u8_yuv_row(uint64_t seed) {
  const size_t n = COUNT, step = ONE_OF(1, 2), chroma = (n + 1) / 2;
  // Exactly as many bytes as may be read, so that the sanitizer detects any more.
  uint8_t *y = malloc(n), *cb = malloc(chroma * step), *cr = step == 2 ? cb + 1 : malloc(chroma), *rgb = malloc(3 * n + 8);
  for (size_t i = 0; i < n; i++) y[i] = (uint8_t)next();
  for (size_t i = 0; i < chroma * step; i++) cb[i] = (uint8_t)next();
  if (step == 1)
    for (size_t i = 0; i < chroma; i++) cr[i] = (uint8_t)next();
  memset(rgb, 0xEE, 3 * n + 8);
  // BT.601, limited range.
  const ck_yuv m = {16, 76309, 104597, -25675, -53279, 132201};
  t->u8_yuv_row(y, cb, cr, step, &m, n, rgb);
  size_t wrong = 0;
  for (size_t x = 0; x < n; x++) {
    const double luma = (y[x] - 16) * 255.0 / 219, b = (cb[x / 2 * step] - 128) * 255.0 / 224;
    const double r = (cr[x / 2 * step] - 128) * 255.0 / 224;
    const double exact[3] = {luma + 1.402 * r, luma - 0.344136286 * b - 0.714136286 * r, luma + 1.772 * b};
    // The factors are rounded, so an exact tie may be rounded either way.
    for (int c = 0; c < 3; c++) wrong += fabs(rgb[3 * x + c] - clamp(exact[c], 0, 255)) > 0.51;
  }
  for (size_t i = 3 * n; i < 3 * n + 8; i++) wrong += rgb[i] != 0xEE;
  if (wrong) failed++, printf("%s: YUV row, seed %llu: %zu bytes wrong\n", t->isa, (unsigned long long)seed, wrong);
  else passed++;
  if (step == 1) free(cr);
  free(y), free(cb), free(rgb);
}
