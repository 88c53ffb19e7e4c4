// Compares the kernels of training with plain loops in double precision.
#include "checks.h"

void test_f32_outer(uint64_t seed) {
  const size_t rows = ONE_OF(1, 2, 7, 33, 100), k = ONE_OF(1, 3, 5, 6, 13, 14, 15, 29, 40), n = ONE_OF(1, 2, 7, 8, 16, 17, 31, 32, 33, 70);
  const size_t a_stride = k + next() % 3, b_stride = n + next() % 3, c_stride = n + next() % 3;
  float *a = floats(rows * a_stride, -1, 1), *b = floats(rows * b_stride, -1, 1), *c = floats(k * c_stride, -1, 1);
  double *expected = calloc(k * c_stride, sizeof(double));
  const size_t begin = next() % k;
  const int accumulate = next() % 2;
  for (size_t i = 0; i < k * c_stride; i++) expected[i] = c[i];
  for (size_t i = begin; i < k; i++)
    for (size_t j = 0; j < n; j++) {
      double sum = accumulate ? c[i * c_stride + j] : 0;
      for (size_t m = 0; m < rows; m++) sum += (double)a[m * a_stride + i] * b[m * b_stride + j];
      expected[i * c_stride + j] = sum;
    }
  const ck_outer o = {a, a_stride, b, b_stride, rows, c, c_stride, begin, k, n, accumulate};
  t->f32_outer(&o);
  expect("outer product", c, expected, k * c_stride, rows, seed);
  free(a), free(b), free(c), free(expected);
}

void test_f32_depthwise_gradient(uint64_t seed) {
  const size_t height = ONE_OF(1, 2, 3, 5, 9), width = ONE_OF(1, 2, 3, 6, 11), channels = ONE_OF(1, 5, 8, 16, 19, 48);
  const size_t stride = ONE_OF(1, 2), dilation = stride == 2 ? 1 : ONE_OF(1, 2, 4);
  const size_t out_height = (height + stride - 1) / stride, out_width = (width + stride - 1) / stride;
  const size_t pad = next() % (dilation + 1), pad_left = next() % (dilation + 1);
  float *x = floats(height * width * channels, -1, 1), *dy = floats(out_height * out_width * channels, -1, 1);
  float *sum = floats(9 * channels, -1, 1);
  double *expected = calloc(9 * channels, sizeof(double));
  // A task's channels begin at a multiple of 64, and end at the next multiple or at the last channel.
  for (size_t i = 0; i < 9 * channels; i++) expected[i] = sum[i];
  for (size_t tap = 0; tap < 9; tap++)
    for (size_t y = 0; y < out_height; y++)
      for (size_t column = 0; column < out_width; column++) {
        const ptrdiff_t row = (ptrdiff_t)(y * stride + tap / 3 * dilation) - (ptrdiff_t)pad;
        const ptrdiff_t col = (ptrdiff_t)(column * stride + tap % 3 * dilation) - (ptrdiff_t)pad_left;
        if (row < 0 || col < 0 || row >= (ptrdiff_t)height || col >= (ptrdiff_t)width) continue;
        for (size_t c = 0; c < channels; c++)
          expected[tap * channels + c] += (double)dy[(y * out_width + column) * channels + c] *
                                          x[((size_t)row * width + (size_t)col) * channels + c];
      }
  const ck_depthwise_gradient g = {x, dy, height, width, out_height, out_width, channels, stride, dilation, pad, pad_left,
                                   0, channels, sum};
  t->f32_depthwise_gradient(&g);
  expect("gradient of a filter", sum, expected, 9 * channels, out_height * out_width, seed);
  free(x), free(dy), free(sum), free(expected);
}

void test_f32_square_sums(uint64_t seed) {
  const size_t pixels = ONE_OF(0, 1, 9, 60), channels = ONE_OF(1, 5, 16, 19, 33);
  float *x = floats(pixels * channels + 1, -1, 1), *mean = floats(channels, -1, 1), *sum = floats(channels, 0, 1);
  double *expected = calloc(channels, sizeof(double));
  for (size_t c = 0; c < channels; c++) {
    expected[c] = sum[c];
    for (size_t p = 0; p < pixels; p++) expected[c] += pow((double)x[p * channels + c] - mean[c], 2);
  }
  t->f32_square_sums(x, mean, pixels, channels, sum);
  expect("sums of squares", sum, expected, channels, 4 * pixels, seed);
  free(x), free(mean), free(sum), free(expected);
}

void test_f32_scale_pixels(uint64_t seed) {
  const size_t pixels = ONE_OF(1, 4, 9), channels = ONE_OF(1, 5, 16, 19, 33), n = pixels * channels;
  float *x = floats(n, -5, 5), *scale = floats(channels, -2, 2), *shift = floats(channels, -1, 3), *y = undefined(n);
  double *expected = calloc(n, sizeof(double));
  for (size_t i = 0; i < n; i++) expected[i] = clamp((double)x[i] * scale[i % channels] + shift[i % channels], 0, 6);
  t->f32_scale_pixels(x, scale, shift, pixels, channels, 0, 6, y);
  expect("scaled pixels", y, expected, n, 2, seed);
  free(x), free(scale), free(shift), free(y), free(expected);
}

void test_f32_mask(uint64_t seed) {
  const size_t n = ONE_OF(1, 5, 16, 19, 100);
  float *dy = floats(n, -1, 1), *y = floats(n, -2, 8);
  double *expected = calloc(n, sizeof(double));
  for (size_t i = 0; i < n; i++) {
    if (next() % 4 == 0) y[i] = next() % 2 ? 0 : 6;
    expected[i] = y[i] > 0 && y[i] < 6 ? dy[i] : 0;
  }
  t->f32_mask(dy, y, n, 0, 6);
  expect("masked gradient", dy, expected, n, 0, seed);
  free(dy), free(y), free(expected);
}

void test_f32_moment_sums(uint64_t seed) {
  const size_t pixels = ONE_OF(0, 1, 9, 60), channels = ONE_OF(1, 5, 16, 19, 33);
  float *dy = floats(pixels * channels + 1, -1, 1), *x = floats(pixels * channels + 1, -1, 1), *mean = floats(channels, -1, 1);
  float *sums = floats(2 * channels, -1, 1);
  double *expected = calloc(2 * channels, sizeof(double));
  for (size_t c = 0; c < channels; c++) {
    expected[c] = sums[c];
    expected[channels + c] = sums[channels + c];
    for (size_t p = 0; p < pixels; p++) {
      expected[c] += dy[p * channels + c];
      expected[channels + c] += (double)dy[p * channels + c] * ((double)x[p * channels + c] - mean[c]);
    }
  }
  t->f32_moment_sums(dy, x, mean, pixels, channels, sums, sums + channels);
  expect("sums of moments", sums, expected, 2 * channels, 3 * pixels, seed);
  free(dy), free(x), free(mean), free(sums), free(expected);
}

void test_f32_combine_pixels(uint64_t seed) {
  const size_t pixels = ONE_OF(1, 4, 9), channels = ONE_OF(1, 5, 16, 19, 33), n = pixels * channels;
  float *dy = floats(n, -1, 1), *x = floats(n, -1, 1), *a = floats(channels, -1, 1), *b = floats(channels, -1, 1), *s = floats(channels, -1, 1);
  double *expected = calloc(n, sizeof(double));
  for (size_t i = 0; i < n; i++) expected[i] = (double)a[i % channels] * dy[i] + (double)b[i % channels] * x[i] + s[i % channels];
  t->f32_combine_pixels(dy, x, a, b, s, pixels, channels);
  expect("combined pixels", dy, expected, n, 3, seed);
  free(dy), free(x), free(a), free(b), free(s), free(expected);
}

// Labels of some pixels, one in five of them the ignore index, and logits [class][stride].
typedef struct {
  size_t classes, n, stride;
  float *z;
  uint8_t *label;
  double *p;
} row;

static row make_row(void) {
  row r = {.classes = ONE_OF(1, 2, 3, 21), .n = ONE_OF(1, 5, 16, 17, 40)};
  r.stride = (r.n + 15) / 16 * 16;
  r.z = floats(r.classes * r.stride, -4, 4);
  // Also a large distance between logits: the end of the exponential's range.
  if (next() % 3 == 0) r.z[0] = 200;
  r.label = malloc(r.n);
  r.p = calloc(r.classes * r.stride, sizeof(double));
  for (size_t x = 0; x < r.n; x++) {
    r.label[x] = next() % 5 == 0 ? 255 : (uint8_t)(next() % r.classes);
    double highest = -INFINITY, sum = 0;
    for (size_t k = 0; k < r.classes; k++) highest = fmax(highest, r.z[k * r.stride + x]);
    for (size_t k = 0; k < r.classes; k++) sum += exp(r.z[k * r.stride + x] - highest);
    for (size_t k = 0; k < r.classes; k++) r.p[k * r.stride + x] = exp(r.z[k * r.stride + x] - highest) / sum;
  }
  return r;
}

// The existing columns of each class.
static void expect_row(const char *what, const row *r, const double *expected, size_t terms, uint64_t seed) {
  float *found = floats(r->classes * r->n, 0, 1);
  double *wanted = calloc(r->classes * r->n, sizeof(double));
  for (size_t k = 0; k < r->classes; k++)
    for (size_t x = 0; x < r->n; x++) {
      found[k * r->n + x] = r->z[k * r->stride + x];
      wanted[k * r->n + x] = expected[k * r->stride + x];
    }
  expect(what, found, wanted, r->classes * r->n, terms, seed);
  if (!intact(r->z, r->classes * r->stride)) failed++, printf("%s: %s wrote behind the end\n", t->isa, what);
  free(found), free(wanted);
}

void test_f32_softmax_row(uint64_t seed) {
  row r = make_row();
  float *weight = floats(r.classes, 0, 2), *overlap = next() % 2 ? floats(2 * r.classes, -1, 1) : NULL;
  double *expected = calloc(r.classes * r.stride, sizeof(double)), loss = 0.5, wanted = 0.5;
  for (size_t x = 0; x < r.n; x++) {
    const size_t id = r.label[x];
    if (id == 255) continue;
    double mean = 0;
    for (size_t k = 0; overlap && k < r.classes; k++) mean += r.p[k * r.stride + x] * (overlap[r.classes + k] + (k == id ? overlap[k] : 0));
    for (size_t k = 0; k < r.classes; k++) {
      const double p = r.p[k * r.stride + x];
      expected[k * r.stride + x] = weight[id] * (p - (k == id));
      if (overlap) expected[k * r.stride + x] += p * (overlap[r.classes + k] + (k == id ? overlap[k] : 0) - mean);
    }
    wanted -= weight[id] * log(fmax(r.p[id * r.stride + x], 1e-300));
  }
  t->f32_softmax_row(r.z, r.classes, r.n, r.stride, r.label, weight, overlap, &loss);
  expect_row("gradient of the softmax", &r, expected, 20 + 2 * r.classes, seed);
  if (fabs(loss - wanted) > 1e-5 * fmax(1, fabs(wanted))) failed++, printf("%s: loss %g, expected %g, seed %llu\n", t->isa, loss, wanted, (unsigned long long)seed);
  free(r.z), free(r.label), free(r.p), free(weight), free(overlap), free(expected);
}

void test_f32_overlap_row(uint64_t seed) {
  row r = make_row();
  double *sums = calloc(2 * r.classes, sizeof(double)), *wanted = calloc(2 * r.classes, sizeof(double));
  for (size_t x = 0; x < r.n; x++) {
    if (r.label[x] == 255) continue;
    wanted[r.label[x]] += r.p[r.label[x] * r.stride + x];
    wanted[r.classes + r.label[x]] += 1;
    for (size_t k = 0; k < r.classes; k++) wanted[r.classes + k] += r.p[k * r.stride + x];
  }
  t->f32_overlap_row(r.z, r.classes, r.n, r.stride, r.label, sums, sums + r.classes);
  expect_row("probabilities", &r, r.p, 20, seed);
  for (size_t i = 0; i < 2 * r.classes; i++)
    if (fabs(sums[i] - wanted[i]) > 1e-5 * fmax(1, wanted[i])) failed++, printf("%s: overlap %g, expected %g\n", t->isa, sums[i], wanted[i]);
  free(r.z), free(r.label), free(r.p), free(sums), free(wanted);
}

// The positions of upsampled columns between those of a row.
typedef struct {
  uint32_t *left, *right;
  float *share;
  size_t n, columns;
} places;

static places make_places(void) {
  places p = {.n = ONE_OF(1, 7, 30), .columns = ONE_OF(1, 2, 9)};
  p.left = malloc(p.n * 4), p.right = malloc(p.n * 4), p.share = floats(p.n, 0, 1);
  for (size_t x = 0; x < p.n; x++) {
    p.left[x] = (uint32_t)(x * p.columns / p.n);
    p.right[x] = p.left[x] + 1 < p.columns ? p.left[x] + 1 : p.left[x];
  }
  return p;
}

void test_f32_enlarge_row(uint64_t seed) {
  places p = make_places();
  const size_t classes = ONE_OF(1, 2, 21), stride = p.n + next() % 4;
  float *x = floats(p.columns * classes, -1, 1), *out = floats(classes * stride, 3, 4);
  double *expected = calloc(classes * stride, sizeof(double));
  for (size_t i = 0; i < classes * stride; i++) expected[i] = out[i];
  for (size_t k = 0; k < classes; k++)
    for (size_t i = 0; i < p.n; i++)
      expected[k * stride + i] = x[p.left[i] * classes + k] * (1.0 - p.share[i]) + (double)x[p.right[i] * classes + k] * p.share[i];
  t->f32_enlarge_row(x, p.left, p.right, p.share, p.n, classes, out, stride);
  expect("enlarged row", out, expected, classes * stride, 3, seed);
  free(p.left), free(p.right), free(p.share), free(x), free(out), free(expected);
}

void test_f32_reduce_row(uint64_t seed) {
  places p = make_places();
  const size_t classes = ONE_OF(1, 2, 21), stride = p.n + next() % 4;
  float *d = floats(classes * stride, -1, 1), *dp = floats(p.columns * classes, -1, 1);
  double *expected = calloc(p.columns * classes, sizeof(double));
  for (size_t i = 0; i < p.columns * classes; i++) expected[i] = dp[i];
  for (size_t k = 0; k < classes; k++)
    for (size_t i = 0; i < p.n; i++) {
      expected[p.left[i] * classes + k] += d[k * stride + i] * (1.0 - p.share[i]);
      expected[p.right[i] * classes + k] += (double)d[k * stride + i] * p.share[i];
    }
  t->f32_reduce_row(d, stride, p.left, p.right, p.share, p.n, classes, dp);
  expect("reduced row", dp, expected, p.columns * classes, 2 * p.n, seed);
  free(p.left), free(p.right), free(p.share), free(d), free(dp), free(expected);
}

void test_f32_sgd(uint64_t seed) {
  const size_t n = ONE_OF(1, 7, 40);
  float *w = floats(n, -1, 1), *g = floats(n, -1, 1), *m = floats(n, -1, 1);
  double *wanted = calloc(n, sizeof(double)), *moment = calloc(n, sizeof(double));
  for (size_t i = 0; i < n; i++) {
    moment[i] = 0.9 * m[i] + g[i] + 0.01 * w[i];
    wanted[i] = w[i] - 0.1 * moment[i];
  }
  t->f32_sgd(w, g, m, n, 0.1f, 0.9f, 0.01f);
  expect("momentum", m, moment, n, 3, seed);
  expect("descent", w, wanted, n, 4, seed);
  free(w), free(g), free(m), free(wanted), free(moment);
}

void test_f32_adamw(uint64_t seed) {
  const size_t n = ONE_OF(1, 7, 40);
  float *w = floats(n, -1, 1), *g = floats(n, -1, 1), *m = floats(n, -1, 1), *v = floats(n, 0.1f, 1);
  double *wanted = calloc(n, sizeof(double)), *first = calloc(n, sizeof(double)), *second = calloc(n, sizeof(double));
  const ck_adamw o = {0.001f, 0.9f, 0.99f, 0.02f, 1.5f, 1e-6f};
  for (size_t i = 0; i < n; i++) {
    first[i] = 0.9 * m[i] + 0.1 * g[i];
    second[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
    wanted[i] = w[i] * 0.999 - 0.02 * first[i] / (sqrt(second[i]) * 1.5 + 1e-6);
  }
  t->f32_adamw(w, g, m, v, n, &o);
  expect("first moment", m, first, n, 4, seed);
  expect("second moment", v, second, n, 4, seed);
  expect("step", w, wanted, n, 8, seed);
  free(w), free(g), free(m), free(v), free(wanted), free(first), free(second);
}

// The value of a half-precision number, by its definition.
static double half(uint16_t h) {
  const int exponent = h >> 10 & 31, fraction = h & 1023;
  const double magnitude = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
  return h & 0x8000 ? -magnitude : magnitude;
}

void test_f16_to_f32(uint64_t seed) {
  enum { N = 65536 };
  static int done[4];
  // Every half-precision number, once for each instruction set.
  if (done[format->lanes % 4 + (t->isa[0] == 'a')]++) {
    passed++;
    return;
  }
  uint16_t *x = malloc(N * 2);
  float *y = undefined(N);
  for (size_t i = 0; i < N; i++) x[i] = (uint16_t)i;
  t->f16_to_f32(x, N, y);
  size_t wrong = 0;
  for (size_t i = 0; i < N; i++) {
    const double v = half((uint16_t)i);
    wrong += isnan(v) ? !isnan(y[i]) : !((double)y[i] == v && signbit(y[i]) == signbit(v));
  }
  if (wrong || !intact(y, N)) failed++, printf("%s: %zu halves read wrong\n", t->isa, wrong);
  else passed++;
  free(x), free(y);
  (void)seed;
}

void test_f32_to_f16(uint64_t seed) {
  const size_t n = 200;
  float *x = floats(n, -2, 2);
  uint16_t *y = malloc(n * 2);
  for (size_t i = 0; i < n; i++) {
    x[i] = ldexpf(x[i], (int)(next() % 48) - 30);
    // Sometimes a tie between two half-precision numbers, which is rounded to even.
    if (next() % 8 == 0) {
      const uint16_t h = (uint16_t)(next() % 0x7bff);
      x[i] = (float)((half(h) + half((uint16_t)(h + 1))) / 2);
    }
  }
  t->f32_to_f16(x, n, y);
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const double v = x[i], found = half(y[i]);
    if (fabs(v) >= 65504) {
      wrong += found != copysign(65504, v);
      continue;
    }
    // No neighbour is nearer, and of two equally near ones the result is even.
    const double up = half((uint16_t)(y[i] + 1)), down = (y[i] & 0x7fff) ? half((uint16_t)(y[i] - 1)) : found;
    const double error = fabs(v - found);
    wrong += fabs(v - up) < error || fabs(v - down) < error;
    if ((fabs(v - up) == error || (down != found && fabs(v - down) == error)) && error > 0) wrong += y[i] & 1;
  }
  if (wrong) failed++, printf("%s: %zu floats rounded wrong, seed %llu\n", t->isa, wrong, (unsigned long long)seed);
  else passed++;
  free(x), free(y);
}
