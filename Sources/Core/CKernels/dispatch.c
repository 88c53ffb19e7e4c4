#include <string.h>
#include "CKernels.h"

extern const ck_kernels ck_table__portable;
#if defined(__x86_64__)
extern const ck_kernels ck_table__avx2, ck_table__avx512;
#elif defined(__aarch64__)
extern const ck_kernels ck_table__neon;
#endif

const ck_kernels *ck_kernels_for(ck_isa isa) {
  switch (isa) {
    case CK_PORTABLE: return &ck_table__portable;
#if defined(__x86_64__)
    case CK_AVX2:
      __builtin_cpu_init();
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &ck_table__avx2 : NULL;
    case CK_AVX512:
      __builtin_cpu_init();
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
                 ? &ck_table__avx512
                 : NULL;
#elif defined(__aarch64__)
    case CK_NEON: return &ck_table__neon;
#endif
    default: return NULL;
  }
}

const ck_format *ck_format_for(const ck_kernels *t, ck_element element) { return t->formats[element]; }

// MARK: Packing, the same for every element and instruction set but for the sizes

size_t ck_gemm_panels(const ck_format *f, size_t n) { return (n + f->panel - 1) / f->panel; }

// The width of the next panel of `left` columns, padded to a multiple of grain.
static size_t padded(size_t left, size_t panel, size_t grain) {
  return left >= panel ? panel : (left + grain - 1) / grain * grain;
}

// Bytes of packed weights of that many columns and rows.
static size_t packed_size(const ck_format *f, size_t columns, size_t rows) {
  return columns * (f->head + (rows + f->k_step - 1) / f->k_step * f->k_step * f->weight);
}

// Packs some columns of a row, each of that many bytes, and zeros up to `width`; returns the end.
static char *pack_row(char *to, const void *row, size_t column, size_t valid, size_t width, size_t bytes) {
  memcpy(to, (const char *)row + column * bytes, valid * bytes);
  memset(to + valid * bytes, 0, (width - valid) * bytes);
  return to + width * bytes;
}

static void pack(const ck_format *f, const void *w, size_t stride, const void *bias, size_t rows, size_t n, size_t panel,
                 size_t grain, char *to) {
  for (size_t column = 0; column < n; column += panel) {
    const size_t width = padded(n - column, panel, grain), valid = n - column < width ? n - column : width;
    to = pack_row(to, bias, column, valid, width, f->head);
    for (size_t row = 0; row < rows; row++) to = pack_row(to, w, row * stride + column, valid, width, f->weight);
  }
}

size_t ck_packed_gemm_size(const ck_format *f, size_t k, size_t n, int vectors) {
  return packed_size(f, n / f->panel * f->panel + padded(n % f->panel, f->panel, vectors ? f->lanes : f->grain), k);
}

void ck_pack_gemm(const ck_format *f, const void *w, size_t stride, const void *bias, size_t k, size_t n, int vectors,
                  void *packed) {
  pack(f, w, stride, bias, k, n, f->panel, vectors ? f->lanes : f->grain, packed);
}

size_t ck_packed_dwconv_size(const ck_format *f, size_t channels) {
  return packed_size(f, (channels + f->lanes - 1) / f->lanes * f->lanes, 9);
}

void ck_pack_dwconv(const ck_format *f, const void *w, size_t stride, const void *bias, size_t channels, void *packed) {
  pack(f, w, stride, bias, 9, channels, f->lanes, f->lanes, packed);
}

// MARK: Strips, the same for every element and instruction set but for the sizes

// Surrounds the pixels [begin, end) of a row with padding, in bytes.
static void pad(const ck_format *f, char *row, size_t begin, size_t end, size_t size) {
  memset(row, f->padding, begin);
  if (end < size) memset(row + end, f->padding, size - end);
}

void ck_strip_clear(const ck_format *f, const ck_strip *s, size_t panels, void *zeros) {
  const size_t column = f->lanes * f->activation, row = s->padded_width * column;
  memset(zeros, f->padding, row);
  char *p = s->ring;
  for (size_t i = 0; i < panels * s->slots * 2; i++, p += row)
    pad(f, p, s->pad_left * column, (s->pad_left + s->width) * column, row);
}

void ck_pad_image_rows(const ck_format *f, const ck_strip *s) {
  const size_t pixel = s->k * f->activation, row = s->image.padded_width * pixel;
  const size_t left = s->image.pad_left * pixel, width = s->image.width * pixel;
  const size_t count = (s->row_end - s->row_begin - 1) * s->image.stride + 2 * s->image.dilation + 1;
  char *to = s->image.padded;
  for (size_t i = 0; i < count; i++, to += row) {
    const ptrdiff_t y = (ptrdiff_t)(s->row_begin * s->image.stride + i) - (ptrdiff_t)s->image.pad_top;
    if (y < 0 || y >= (ptrdiff_t)s->image.height) {
      memset(to, f->padding, row);
      continue;
    }
    pad(f, to, left, left + width, row);
    memcpy(to + left, (const char *)s->source + (size_t)y * width, width);
  }
}
