// Compares the kernels of a fused block's backward pass with plain loops in double precision.
#include "checks.h"

// A map of `rows` by `columns` pixels inside zeros, `cs` floats a pixel, of which `channels` are used.
static float *framed(size_t rows, size_t columns, size_t before, size_t after, size_t channels, size_t cs, float low, float high) {
  const size_t width = before + columns + after;
  float *map = undefined((rows + before + after) * width * cs);
  for (size_t i = 0; i < (rows + before + after) * width * cs; i++) {
    const size_t y = i / cs / width, x = i / cs % width;
    const int inside = y >= before && y < before + rows && x >= before && x < before + columns && i % cs < channels;
    map[i] = inside ? uniform(low, high) : 0;
  }
  return map;
}

void test_f32_depthwise_backward(uint64_t seed) {
  const size_t rows = ONE_OF(1, 2, 4), out_width = ONE_OF(1, 2, 7), cs = ONE_OF(16, 32, 64), channels = cs - next() % 9;
  const size_t stride = ONE_OF(1, 2), dilation = ONE_OF(1, 2), reach = 2 * dilation;
  const size_t x_rows = (rows - 1) * stride + reach + 1, x_width = (out_width - 1) * stride + reach + 1 + next() % 3;
  float *x = framed(x_rows, x_width, 0, 0, channels, cs, -1, 1), *w = framed(9, 1, 0, 0, channels, cs, -1, 1);
  float *bias = framed(1, 1, 0, 0, channels, cs, -1, 1), *y = undefined(rows * out_width * cs);
  const size_t dy_row = (out_width + next() % 3) * cs;
  float *dy = floats(rows * dy_row, -1, 1), *sum = floats(10 * cs, -1, 1);
  double *out = calloc(rows * out_width * cs, sizeof(double)), *d = calloc(rows * dy_row, sizeof(double));
  double *sums = calloc(10 * cs, sizeof(double));
  for (size_t i = 0; i < 10 * cs; i++) sums[i] = sum[i];
  for (size_t i = 0; i < rows * dy_row; i++) d[i] = dy[i];
  for (size_t r = 0; r < rows; r++)
    for (size_t column = 0; column < out_width; column++)
      for (size_t c = 0; c < cs; c++) {
        double v = bias[c];
        const float *first = x + (r * stride * x_width + column * stride) * cs + c;
        for (size_t tap = 0; tap < 9; tap++)
          v += (double)w[tap * cs + c] * first[(tap / 3 * dilation * x_width + tap % 3 * dilation) * cs];
        out[(r * out_width + column) * cs + c] = clamp(v, -1, 0.5f);
        double *gradient = d + r * dy_row + column * cs + c;
        if (!(v > -1 && v < 0.5)) *gradient = 0;
        sums[9 * cs + c] += *gradient;
        for (size_t tap = 0; tap < 9; tap++)
          sums[tap * cs + c] += *gradient * first[(tap / 3 * dilation * x_width + tap % 3 * dilation) * cs];
      }
  const ck_depthwise_backward g = {x, x_width * cs, w, bias, y, dy, dy_row, rows, out_width, cs, stride, dilation, -1, 0.5f, sum};
  t->f32_depthwise_backward(&g);
  expect("outputs of a depthwise backward pass", y, out, rows * out_width * cs, 9, seed);
  expect("gradient before the bounds", dy, d, rows * dy_row, 0, seed);
  expect("sums of a depthwise backward pass", sum, sums, 10 * cs, rows * out_width, seed);
  free(x), free(w), free(bias), free(y), free(dy), free(sum), free(out), free(d), free(sums);
}

void test_f32_depthwise_input_gradient(uint64_t seed) {
  const size_t height = ONE_OF(1, 2, 5, 9), width = ONE_OF(1, 2, 6, 11), cs = ONE_OF(16, 32), channels = cs - next() % 9;
  const size_t stride = ONE_OF(1, 2), dilation = stride == 2 ? 1 : ONE_OF(1, 2, 4), margin = 2 * dilation;
  const size_t pad_top = next() % (dilation + 1), pad_left = next() % (dilation + 1);
  const size_t out_height = (height + stride - 1) / stride, out_width = (width + stride - 1) / stride;
  const size_t first = next() % height, rows = 1 + next() % (height - first), dy_row = (out_width + 2 * margin) * cs;
  float *dy = framed(out_height, out_width, margin, margin, channels, cs, -1, 1), *w = framed(9, 1, 0, 0, channels, cs, -1, 1);
  float *x = framed(height, width, 0, 0, channels, cs, -1, 1), *dx = undefined(rows * width * cs), *sum = floats(cs, -1, 1);
  double *expected = calloc(rows * width * cs, sizeof(double)), *sums = calloc(cs, sizeof(double));
  for (size_t c = 0; c < cs; c++) sums[c] = sum[c];
  for (size_t r = 0; r < rows; r++)
    for (size_t column = 0; column < width; column++)
      for (size_t c = 0; c < cs; c++) {
        double v = 0;
        for (size_t tap = 0; tap < 9; tap++) {
          const ptrdiff_t oy = (ptrdiff_t)(first + r + pad_top) - (ptrdiff_t)(tap / 3 * dilation);
          const ptrdiff_t ox = (ptrdiff_t)(column + pad_left) - (ptrdiff_t)(tap % 3 * dilation);
          if (oy < 0 || ox < 0 || oy % (ptrdiff_t)stride || ox % (ptrdiff_t)stride) continue;
          const size_t at_y = (size_t)oy / stride, at_x = (size_t)ox / stride;
          if (at_y >= out_height || at_x >= out_width) continue;
          v += (double)w[tap * cs + c] * dy[(at_y + margin) * dy_row + (at_x + margin) * cs + c];
        }
        const float value = x[((first + r) * width + column) * cs + c];
        expected[(r * width + column) * cs + c] = value > -0.5f && value < 0.5f ? v : 0;
        sums[c] += expected[(r * width + column) * cs + c];
      }
  // The buffer may begin with a row of the map other than the first.
  const size_t reach = first + pad_top, top = reach > margin ? (reach - margin + stride - 1) / stride : 0;
  const size_t begin = top < out_height ? top : out_height;
  const ck_depthwise_input_gradient g = {dy + (begin + margin) * dy_row + margin * cs, begin, dy_row, w, x + first * width * cs,
                                         width * cs, dx, first, rows, width, out_height, cs, stride, dilation, pad_top, pad_left,
                                         -0.5f, 0.5f, sum};
  t->f32_depthwise_input_gradient(&g);
  expect("input gradient of a depthwise convolution", dx, expected, rows * width * cs, 9, seed);
  expect("its sums", sum, sums, cs, rows * width, seed);
  free(dy), free(w), free(x), free(dx), free(sum), free(expected), free(sums);
}
