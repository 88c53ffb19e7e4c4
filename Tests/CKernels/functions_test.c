// Compares windows, activations other than clamps, and their gradients with plain loops.
#include "checks.h"

static const size_t counts[] = {1, 3, 4, 7, 8, 15, 16, 17, 33, 100};
#define COUNT one_of(counts, sizeof counts / sizeof *counts)

void test_f32_multiply(uint64_t seed) {
  const size_t n = COUNT;
  float *x = floats(n, -9, 9), *y = floats(n, -9, 9);
  double *expected = calloc(n, sizeof(double));
  for (size_t i = 0; i < n; i++) expected[i] = (double)x[i] * y[i];
  t->f32_multiply(x, y, n);
  expect("product", x, expected, n, 2, seed);
  free(x), free(y), free(expected);
}

static double bounded(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

void test_f32_activate(uint64_t seed) {
  const size_t n = COUNT;
  const ck_function function = (ck_function)(next() % 3);
  float *x = floats(n, -9, 9);
  double *expected = calloc(n, sizeof(double));
  for (size_t i = 0; i < n; i++) {
    const double gate = bounded((double)x[i] + 3, 0, 6) / 6;
    expected[i] = function == CK_HARD_SWISH ? x[i] * gate : function == CK_HARD_SIGMOID ? gate : 1 / (1 + exp(-(double)x[i]));
  }
  t->f32_activate(x, n, function);
  expect("activation", x, expected, n, 8, seed);
  free(x), free(expected);
}

void test_f32_activation_gradient(uint64_t seed) {
  const size_t n = COUNT;
  const ck_function function = (ck_function)(next() % 3);
  float *dy = floats(n, -1, 1), *v = function == CK_SIGMOID ? floats(n, 0, 1) : floats(n, -9, 9);
  double *expected = calloc(n, sizeof(double));
  for (size_t i = 0; i < n; i++) {
    const double x = v[i], inside = x > -3 && x < 3;
    const double slope = function == CK_SIGMOID        ? x * (1 - x)
                         : function == CK_HARD_SIGMOID ? inside / 6
                         : x <= -3                     ? 0
                         : x >= 3                      ? 1
                                                       : (2 * x + 3) / 6;
    expected[i] = dy[i] * slope;
  }
  t->f32_activation_gradient(dy, v, n, function);
  expect("gradient of an activation", dy, expected, n, 8, seed);
  free(dy), free(v), free(expected);
}

void test_f32_product_sums(uint64_t seed) {
  const size_t channels = COUNT, pixels = COUNT, a_stride = channels + next() % 5, b_stride = channels + next() % 5;
  float *a = floats(pixels * a_stride, -1, 1), *b = floats(pixels * b_stride, -1, 1), *sum = floats(channels, -1, 1);
  double *expected = calloc(channels, sizeof(double));
  for (size_t c = 0; c < channels; c++) {
    expected[c] = sum[c];
    for (size_t p = 0; p < pixels; p++) expected[c] += (double)a[p * a_stride + c] * b[p * b_stride + c];
  }
  t->f32_product_sums(a, a_stride, b, b_stride, pixels, channels, sum);
  expect("sums of products", sum, expected, channels, 2 * pixels, seed);
  free(a), free(b), free(sum), free(expected);
}

void test_f32_maximum_gradient(uint64_t seed) {
  const size_t channels = COUNT;
  float *dy = floats(channels, -1, 1), *y = floats(channels, -1, 1), *x = floats(channels, -1, 1);
  float *dx = floats(channels, -1, 1);
  double *left = calloc(channels, sizeof(double)), *expected = calloc(channels, sizeof(double));
  for (size_t c = 0; c < channels; c++) {
    if (next() % 2) x[c] = y[c];
    expected[c] = dx[c] + (x[c] == y[c] ? dy[c] : 0);
    left[c] = x[c] == y[c] ? 0 : dy[c];
  }
  t->f32_maximum_gradient(dy, y, x, channels, dx);
  expect("gradient of a maximum", dx, expected, channels, 1, seed);
  expect("what is left of it", dy, left, channels, 0, seed);
  free(dy), free(y), free(x), free(dx), free(left), free(expected);
}

void test_f32_window(uint64_t seed) {
  const size_t channels = COUNT, rows = 1 + next() % 5, columns = 1 + next() % 5, width = columns + next() % 3;
  const size_t dilation = 1 + next() % 2, kernel = columns + next() % 3, is_maximum = next() % 2;
  const size_t row = dilation * width * dilation * channels, column = dilation * channels;
  float *x = floats(rows * row, -1, 1), *w = floats(rows * kernel * channels, -1, 1);
  float *bias = floats(channels, -1, 1), *out = undefined(channels);
  double *expected = calloc(channels, sizeof(double));
  for (size_t c = 0; c < channels; c++) {
    expected[c] = is_maximum ? -INFINITY : bias[c];
    for (size_t r = 0; r < rows; r++)
      for (size_t k = 0; k < columns; k++) {
        const double value = x[r * row + k * column + c];
        if (!is_maximum) expected[c] += value * w[(r * kernel + k) * channels + c];
        else if (value > expected[c]) expected[c] = value;
      }
    expected[c] = bounded(expected[c], -0.5, 6);
  }
  const ck_window window = {.x = x, .x_row = row, .x_column = column, .rows = rows, .columns = columns,
                            .w = is_maximum ? NULL : w, .w_row = kernel * channels, .bias = is_maximum ? NULL : bias,
                            .channels = channels, .out = out, .epilogue = {-0.5f, 6}};
  t->f32_window(&window);
  expect("window", out, expected, channels, 2 * rows * columns, seed);
  free(x), free(w), free(bias), free(out), free(expected);
}
