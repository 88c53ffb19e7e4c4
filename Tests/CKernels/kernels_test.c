// Compares every kernel of an instruction set with plain loops in double precision, for machines without a Swift
// toolchain and for an emulator. usage: kernels_test [portable|avx2|avx512|neon ...]; without names, all sets of this
// machine.
#include "checks.h"

const ck_kernels *t;
const ck_format *format;
int passed, failed;

// MARK: GEMM

static void test_f32_gemm_clamp(uint64_t seed) {
  const size_t panel = format->panel;
  const size_t rows = ONE_OF(1, 2, 5, 7, 8, 13, 14, 15, 20, 49), k = ONE_OF(1, 3, 16, 27, 33);
  const size_t n = ONE_OF(1, 3, 7, 8, 9, 24, 31, 32, 33, 91), segments = ONE_OF(1, 1, 3, 9);
  const size_t total = k * segments, first = segments == 1 && next() % 3 == 0 ? next() % k : 0;
  const size_t a_stride = k + next() % 4, c_stride = n + next() % 3;
  const float low = next() % 2 ? 0 : -1e30f, high = next() % 2 ? 6 : 1e30f;
  float *w = floats(total * n, -1, 1), *bias = floats(n, -1, 7), *packed = undefined_bytes(ck_packed_gemm_size(format, total, n, 0));
  float *a = floats(rows * a_stride + 16 * segments, -1, 1), *r = next() % 2 ? floats(rows * n, -1, 1) : NULL;
  float *c = undefined(rows * c_stride);
  for (size_t i = 0; i < rows * c_stride; i++) c[i] = 0;
  double *expected = calloc(rows * c_stride, sizeof(double));
  ck_pack_gemm(format, w, n, bias, total, n, 0, packed);
  ck_gemm g = {.segments = segments, .a_stride = a_stride, .w = packed, .w_rows = total, .w_first = first, .c = c,
               .c_stride = c_stride, .r = r, .r_stride = n, .rows = rows, .k = segments == 1 ? k - first : k, .n = n,
               .panel_end = (n + panel - 1) / panel, .epilogue = {low, high}};
  for (size_t s = 0; s < segments; s++) g.a[s] = a + 16 * s;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < n; j++) {
      double sum = first == 0 ? bias[j] : 0;
      for (size_t s = 0; s < segments; s++)
        for (size_t x = 0; x < g.k; x++)
          sum += (double)a[16 * s + i * a_stride + x] * w[(first + s * k + x) * n + j];
      expected[i * c_stride + j] = clamp(sum + (r ? r[i * n + j] : 0), low, high);
    }
  t->f32_gemm_clamp(&g);
  expect("product", c, expected, rows * c_stride, total, seed);
  free(w), free(bias), free(packed), free(a), free(r), free(c), free(expected);
}

// MARK: Strips

typedef struct {
  size_t height, width, k, channels, stride, dilation, rows;
  int source;  // 0 the map, 1 a 1x1 convolution, 9 a 3x3 convolution of an image with stride 2
} shape;

// The expanded map in double precision.
static double *wide_map(const shape *s, const float *x, size_t in_height, size_t in_width, const float *w, const float *bias) {
  double *wide = calloc(s->height * s->width * s->channels, sizeof(double));
  for (size_t y = 0; y < s->height; y++)
    for (size_t column = 0; column < s->width; column++)
      for (size_t c = 0; c < s->channels; c++) {
        double sum = s->source ? bias[c] : 0;
        const size_t taps = s->source == 9 ? 9 : 1;
        for (size_t tap = 0; tap < taps; tap++) {
          const ptrdiff_t row = taps == 1 ? (ptrdiff_t)y : (ptrdiff_t)(y * 2 + tap / 3) - 1;
          const ptrdiff_t col = taps == 1 ? (ptrdiff_t)column : (ptrdiff_t)(column * 2 + tap % 3) - 1;
          if (row < 0 || col < 0 || row >= (ptrdiff_t)in_height || col >= (ptrdiff_t)in_width) continue;
          const float *pixel = x + ((size_t)row * in_width + (size_t)col) * s->k;
          if (!s->source) sum = pixel[c];
          else for (size_t i = 0; i < s->k; i++) sum += (double)pixel[i] * w[(tap * s->k + i) * s->channels + c];
        }
        wide[(y * s->width + column) * s->channels + c] = s->source ? clamp(sum, 0, 6) : sum;
      }
  return wide;
}

static void strip_of_one_group(uint64_t seed) {
  shape s = {.height = ONE_OF(1, 2, 3, 5, 8, 9), .width = ONE_OF(1, 2, 3, 4, 5, 7, 8, 10, 14, 17), .stride = ONE_OF(1, 2),
             .dilation = ONE_OF(1, 1, 2, 4), .rows = ONE_OF(1, 2, 5), .source = (int)ONE_OF(0, 1, 9)};
  const size_t lanes = format->lanes, panel = 2 * lanes;
  s.channels = ONE_OF(1, 5, 8, 16, 19, 24, 35, 48);
  s.k = s.source == 9 ? 3 : s.source == 1 ? ONE_OF(3, 8, 17) : s.channels;
  if (s.stride == 2) s.dilation = 1;
  const size_t in_height = s.source == 9 ? 2 * s.height - 1 : s.height, in_width = s.source == 9 ? 2 * s.width - 1 : s.width;
  const size_t taps = s.source == 9 ? 9 : 1, panels = (s.channels + panel - 1) / panel;
  const size_t out_height = (s.height + s.stride - 1) / s.stride, out_width = (s.width + s.stride - 1) / s.stride;
  const size_t pad = s.dilation, reach = (s.rows - 1) * s.stride + 2 * s.dilation + 1;
  const size_t slots = reach < s.height ? reach : s.height;
  const size_t needed = (out_width - 1) * s.stride + 2 * s.dilation + 1;
  const size_t padded = needed > pad + s.width ? needed : pad + s.width;

  float *x = floats(in_height * in_width * s.k, -1, 1);
  float *w = floats(taps * s.k * s.channels, -0.3f, 0.3f), *bias = floats(s.channels, -1, 1);
  float *packed = undefined_bytes(ck_packed_gemm_size(format, taps * s.k, s.channels, 1));
  ck_pack_gemm(format, w, s.channels, bias, taps * s.k, s.channels, 1, packed);
  double *wide = wide_map(&s, x, in_height, in_width, w, bias);
  float *ring = undefined(panels * slots * panel * padded), *zeros = undefined(padded * lanes);
  const size_t image_padded = in_width + 2;
  float *image = undefined(((slots - 1) * 2 + 3) * image_padded * 3);
  float *tap = undefined(s.height * s.width * s.channels);
  ck_strip strip = {.height = s.height, .width = s.width, .channels = s.channels, .source = x,
                    .w = s.source ? packed : NULL, .k = s.k, .taps = taps, .epilogue = {0, 6},
                    .image = {in_height, in_width, 2, 1, 1, 1, image_padded, image}, .ring = ring, .slots = slots,
                    .padded_width = padded, .pad_left = pad, .panel_end = panels, .tap = tap, .zeros = zeros,
                    .out_width = out_width, .stride = s.stride, .dilation = s.dilation, .pad_top = pad, .branches = 2};
  ck_strip_clear(format, &strip, panels, zeros);

  // Two depthwise convolutions: one into whole vectors, one into pixels without space for them.
  const size_t strides[2] = {(s.channels + lanes - 1) / lanes * lanes, s.channels};
  float *filters[2], *dw_bias[2], *out[2], *dw[2];
  const float highs[2] = {6, 1e30f};
  for (int b = 0; b < 2; b++) {
    filters[b] = floats(9 * s.channels, -1, 1);
    dw_bias[b] = floats(s.channels, -1, 6);
    dw[b] = undefined_bytes(ck_packed_dwconv_size(format, s.channels));
    out[b] = undefined(out_height * out_width * strides[b]);
    ck_pack_dwconv(format, filters[b], s.channels, dw_bias[b], s.channels, dw[b]);
  }
  for (size_t y = 0; y < out_height; y += s.rows) {
    strip.out_begin = y;
    strip.out_end = y + s.rows < out_height ? y + s.rows : out_height;
    const size_t end = (strip.out_end - 1) * s.stride + 2 * s.dilation + 1;
    strip.row_begin = strip.row_end;
    strip.row_end = end < pad ? 0 : end - pad < s.height ? end - pad : s.height;
    if (strip.row_end < strip.row_begin) strip.row_end = strip.row_begin;
    strip.tap_begin = strip.row_begin;
    strip.tap_end = strip.row_end;
    for (int b = 0; b < 2; b++)
      strip.branch[b] = (ck_branch){dw[b], out[b] + y * out_width * strides[b], strides[b], strides[b], {b ? -1e30f : 0, highs[b]}};
    t->f32_strip(&strip);
  }

  // Rows that no output needs are not computed: the tap is compared up to the last needed row.
  expect("wide rows", tap, wide, strip.row_end * s.width * s.channels, taps * s.k, seed);
  for (int b = 0; b < 2; b++) {
    double *expected = calloc(out_height * out_width * s.channels, sizeof(double));
    float *found = undefined(out_height * out_width * s.channels);
    for (size_t y = 0; y < out_height; y++)
      for (size_t column = 0; column < out_width; column++)
        for (size_t c = 0; c < s.channels; c++) {
          double sum = dw_bias[b][c];
          for (size_t i = 0; i < 9; i++) {
            const ptrdiff_t row = (ptrdiff_t)(y * s.stride + i / 3 * s.dilation) - (ptrdiff_t)pad;
            const ptrdiff_t col = (ptrdiff_t)(column * s.stride + i % 3 * s.dilation) - (ptrdiff_t)pad;
            if (row < 0 || col < 0 || row >= (ptrdiff_t)s.height || col >= (ptrdiff_t)s.width) continue;
            sum += wide[((size_t)row * s.width + (size_t)col) * s.channels + c] * filters[b][i * s.channels + c];
          }
          const size_t at = (y * out_width + column) * s.channels + c;
          expected[at] = clamp(sum, b ? -1e30f : 0, highs[b]);
          found[at] = out[b][(y * out_width + column) * strides[b] + c];
        }
    expect(b ? "filter into pixels" : "filter into vectors", found, expected, out_height * out_width * s.channels,
           9 + 9 * taps * s.k, seed);
    if (!intact(out[b], out_height * out_width * strides[b])) {
      failed++;
      printf("%s: filter, seed %llu: wrote behind the end\n", t->isa, (unsigned long long)seed);
    }
    free(expected), free(found), free(filters[b]), free(dw_bias[b]), free(out[b]), free(dw[b]);
  }
  free(x), free(w), free(bias), free(packed), free(wide), free(ring), free(zeros), free(image), free(tap);
}

// Grouped expanded rows with two consumers: a depthwise convolution, and max pooling.
static void strip_of_groups(uint64_t seed) {
  const size_t lanes = format->lanes, panel = 2 * lanes;
  const size_t groups = ONE_OF(1, 2, 3, 8), each = ONE_OF(1, 3, 8, 17, 20, 33, 40), k = ONE_OF(3, 8, 17);
  const size_t height = ONE_OF(1, 3, 5, 8), width = ONE_OF(1, 2, 5, 9), stride = ONE_OF(1, 2), channels = groups * each;
  const size_t out_height = (height + stride - 1) / stride, out_width = (width + stride - 1) / stride;
  const size_t group_panels = (each + panel - 1) / panel, panels = groups * group_panels, room = group_panels * panel;
  const size_t needed = (out_width - 1) * stride + 3, padded = needed > width + 1 ? needed : width + 1;
  const size_t group_size = ck_packed_gemm_size(format, k, each, 1);
  float *x = floats(height * width * groups * k, -1, 1);
  float *packed = undefined_bytes(groups * group_size);
  float *spread = floats(9 * groups * room, -1, 1), *spread_bias = floats(groups * room, -1, 1);
  float *dw = undefined_bytes(ck_packed_dwconv_size(format, groups * room));
  ck_pack_dwconv(format, spread, groups * room, spread_bias, groups * room, dw);
  double *wide = calloc(height * width * channels, sizeof(double));
  for (size_t g = 0; g < groups; g++) {
    float *w = floats(k * each, -0.3f, 0.3f), *bias = floats(each, -1, 1);
    ck_pack_gemm(format, w, each, bias, k, each, 1, (char *)packed + g * group_size);
    for (size_t p = 0; p < height * width; p++)
      for (size_t c = 0; c < each; c++) {
        double sum = bias[c];
        for (size_t i = 0; i < k; i++) sum += (double)x[(p * groups + g) * k + i] * w[i * each + c];
        wide[p * channels + g * each + c] = clamp(sum, 0, 6);
      }
    free(w), free(bias);
  }
  float *ring = undefined(panels * height * panel * padded), *zeros = undefined(padded * lanes);
  float *tap = undefined(height * width * channels);
  const size_t out_stride = groups == 1 ? each : groups * room;
  float *out[2] = {undefined(out_height * out_width * out_stride), undefined(out_height * out_width * out_stride)};
  ck_strip strip = {.height = height, .width = width, .channels = channels, .source = x, .w = packed, .k = k, .taps = 1,
                    .groups = groups, .epilogue = {0, 6}, .row_end = height, .ring = ring, .slots = height,
                    .padded_width = padded, .pad_left = 1, .panel_end = panels, .tap = tap, .tap_end = height,
                    .zeros = zeros, .out_end = out_height, .out_width = out_width, .stride = stride, .dilation = 1,
                    .pad_top = 1, .branches = 2,
                    .branch = {{dw, out[0], out_stride, out_stride, {-1e30f, 1e30f}},
                               {NULL, out[1], out_stride, out_stride, {-1e30f, 1e30f}}}};
  ck_strip_clear(format, &strip, panels, zeros);
  t->f32_strip(&strip);
  expect("grouped wide rows", tap, wide, height * width * channels, k, seed);
  for (int b = 0; b < 2; b++) {
    double *expected = calloc(out_height * out_width * channels, sizeof(double));
    float *found = undefined(out_height * out_width * channels);
    for (size_t p = 0; p < out_height * out_width; p++)
      for (size_t c = 0; c < channels; c++) {
        const size_t at = c / each * room + c % each;
        double value = b ? 0 : spread_bias[at];
        for (size_t i = 0; i < 9; i++) {
          const ptrdiff_t row = (ptrdiff_t)(p / out_width * stride + i / 3) - 1;
          const ptrdiff_t col = (ptrdiff_t)(p % out_width * stride + i % 3) - 1;
          if (row < 0 || col < 0 || row >= (ptrdiff_t)height || col >= (ptrdiff_t)width) continue;
          const double v = wide[((size_t)row * width + (size_t)col) * channels + c];
          value = b ? (v > value ? v : value) : value + v * spread[i * groups * room + at];
        }
        expected[p * channels + c] = value;
        found[p * channels + c] = out[b][p * out_stride + (groups == 1 ? c : at)];
      }
    expect(b ? "max pooling" : "grouped filter", found, expected, out_height * out_width * channels, 9 * k, seed);
    if (!intact(out[b], out_height * out_width * out_stride)) {
      failed++;
      printf("%s: groups, seed %llu: wrote behind the end\n", t->isa, (unsigned long long)seed);
    }
    free(expected), free(found), free(out[b]);
  }
  free(x), free(packed), free(spread), free(spread_bias), free(dw), free(wide), free(ring), free(zeros), free(tap);
}

static void test_f32_strip(uint64_t seed) {
  if (seed % 3) strip_of_one_group(seed);
  else strip_of_groups(seed);
}

// MARK: Elementwise

static const size_t counts[] = {1, 3, 4, 7, 8, 15, 16, 17, 33, 100};
#define COUNT one_of(counts, sizeof counts / sizeof *counts)

static void test_f32_sum_pixels(uint64_t seed) {
  const size_t channels = COUNT, stride = channels + next() % 5, pixels = COUNT;
  float *x = floats(pixels * stride, -1, 1), *sum = floats(channels, -1, 1);
  double *expected = calloc(channels, sizeof(double));
  for (size_t c = 0; c < channels; c++) {
    expected[c] = sum[c];
    for (size_t p = 0; p < pixels; p++) expected[c] += x[p * stride + c];
  }
  t->f32_sum_pixels(x, pixels, stride, channels, sum);
  expect("sum of pixels", sum, expected, channels, pixels, seed);
  free(x), free(sum), free(expected);
}

// Kernels of the form out[i] = f(a[i], b[i], c[i], ...).
#define ELEMENTWISE(name, terms, value, call)                                                  \
  static void test_##name(uint64_t seed) {                                                     \
    const size_t n = COUNT;                                                                    \
    float *a = floats(n, -9, 9), *b = floats(n, -9, 9), *c = floats(n, -1, 1), *d = floats(n, -1, 1); \
    float *out = floats(n, -9, 9);                                                             \
    const float s = uniform(0, 1); (void)s;                                                            \
    double *expected = calloc(n, sizeof(double));                                              \
    for (size_t i = 0; i < n; i++) expected[i] = value;                                        \
    call;                                                                                      \
    expect(#name, out, expected, n, terms, seed);                                              \
    free(a), free(b), free(c), free(d), free(out), free(expected);                             \
  }
#define BLEND(x, y) ((double)(x) + ((double)(y) - (x)) * s)
ELEMENTWISE(f32_lerp, 8, BLEND(a[i], b[i]), (t->f32_lerp(a, b, s, n, out), (void)c, (void)d))
ELEMENTWISE(f32_add_clamp, 2, clamp((double)out[i] + a[i], 0, 6), t->f32_add_clamp(out, a, n, 0, 6))
ELEMENTWISE(f32_clamp, 0, clamp(out[i], 0, 6), t->f32_clamp(out, n, 0, 6))
ELEMENTWISE(f32_lerp_normalise, 16, BLEND(a[i], b[i]) * c[i] - d[i], t->f32_lerp_normalise(a, b, s, c, d, n, out))
ELEMENTWISE(f32_add_scaled, 4, out[i] + (double)a[i] * s, t->f32_add_scaled(a, s, n, out))
ELEMENTWISE(f32_normalise, 4, (double)out[i] * c[i] - d[i], t->f32_normalise(out, c, d, n))

// MARK: Rows of masks

static void test_u8_argmax_row(uint64_t seed) {
  const size_t classes = ONE_OF(1, 2, 5, 21), columns = ONE_OF(1, 2, 5, 16, 17, 33), width = (columns + 15) / 16 * 16;
  float *rows[2] = {floats(classes * width, -3, 3), floats(classes * width, -3, 3)};
  float *row = undefined(classes * width), *share = floats(columns * 40 + 16, 0, 1);
  const float t0 = next() % 3 ? uniform(0, 1) : 0;
  uint8_t *best = malloc(width), *out = malloc(columns * 40 + 16);
  ck_argmax_cell *cells = calloc(columns, sizeof *cells);
  uint32_t pixels = 0;
  for (size_t i = 0; i < columns; i++) {
    cells[i] = (ck_argmax_cell){pixels, pixels + 1 + (uint32_t)(next() % 40), (uint32_t)i,
                                (uint32_t)(i + 1 < columns ? i + 1 : i)};
    if (next() % 2) share[pixels] = 0;
    pixels = cells[i].end;
  }
  memset(out, 0xEE, columns * 40 + 16);
  const ck_argmax a = {rows[0], rows[1], t0, classes, width, row, best, cells, columns, share, out};
  t->u8_argmax_row(&a);
  size_t wrong = 0;
  for (size_t i = 0; i < columns; i++)
    for (uint32_t x = cells[i].begin; x < cells[i].end; x++) {
      // The computed class may be worse by the rounding error, and not by more.
      double highest = -INFINITY, found = -INFINITY;
      for (size_t k = 0; k < classes; k++) {
        double ends[2];
        for (int e = 0; e < 2; e++) {
          const size_t at = k * width + (e ? cells[i].right : cells[i].left);
          ends[e] = rows[0][at] + ((double)rows[1][at] - rows[0][at]) * t0;
        }
        const double value = ends[0] + (ends[1] - ends[0]) * share[x];
        if (value > highest) highest = value;
        if (k == out[x]) found = value;
      }
      wrong += !(found >= highest - 1e-5);
    }
  for (size_t x = pixels + 15; x < columns * 40 + 16; x++) wrong += out[x] != 0xEE;
  if (wrong || !intact(row, classes * width)) {
    failed++;
    printf("%s: row of a mask, seed %llu: %zu pixels wrong\n", t->isa, (unsigned long long)seed, wrong);
  } else passed++;
  free(rows[0]), free(rows[1]), free(row), free(share), free(best), free(out), free(cells);
}

// MARK: The peak

static void test_f32_multiply_add(uint64_t seed) {
  const size_t n = 12 * format->lanes, rounds = next() % 20;
  float *sums = floats(n, -1, 1);
  double *expected = calloc(n, sizeof(double));
  const float factor = uniform(-1, 1), addend = uniform(-1, 1);
  for (size_t i = 0; i < n; i++) {
    expected[i] = sums[i];
    for (size_t r = 0; r < rounds; r++) expected[i] = expected[i] * factor + addend;
  }
  t->f32_multiply_add(sums, factor, addend, rounds);
  expect("sums", sums, expected, n, 2 * rounds, seed);
  free(sums), free(expected);
}

// MARK: All of them

// The kernels of training, of pixels and of other functions have their own files.
#define DECLARE(name, args) void test_##name(uint64_t seed);
CK_TRAINING_LIST(DECLARE)
#undef DECLARE
void test_f32_window(uint64_t seed);
void test_f32_multiply(uint64_t seed);
void test_f32_activate(uint64_t seed);
void test_u8_lerp_columns(uint64_t seed);
void test_u8_average_columns(uint64_t seed);
void test_u8_yuv_row(uint64_t seed);

// One entry per kernel, from the list that defines the kernels: a kernel without a test does not compile.
static const struct {
  const char *name;
  void (*test)(uint64_t seed);
} tests[] = {
#define ENTRY(name, args) {#name, test_##name},
    CK_KERNEL_LIST(ENTRY) CK_TRAINING_LIST(ENTRY)
#undef ENTRY
};

int main(int count, char **names) {
  static const char *const known[] = {"portable", "avx2", "avx512", "neon"};
  for (int isa = 0; isa < 4; isa++) {
    int wanted = count == 1;
    for (int i = 1; i < count; i++) wanted |= strcmp(names[i], known[isa]) == 0;
    if (!wanted) continue;
    t = ck_kernels_for((ck_isa)isa);
    if (!t) {
      printf("%s: not on this machine\n", known[isa]);
      if (count > 1) failed++;
      continue;
    }
    format = ck_format_for(t, CK_F32);
    const int before = passed;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
      // The small kernels have few distinct cases.
      const uint64_t rounds = i < 2 ? 1500 : 100;
      for (uint64_t seed = 1; seed <= rounds; seed++) {
        state = seed * 1000 + i;
        tests[i].test(state);
      }
    }
    printf("%s: %d comparisons within tolerance\n", t->isa, passed - before);
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed > 0;
}
