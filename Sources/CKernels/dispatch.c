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

// MARK: Packing, the same for every instruction set but for the widths

size_t ck_gemm_panels(const ck_kernels *t, size_t n) { return (n + t->panel - 1) / t->panel; }

static size_t padded_columns(const ck_kernels *t, size_t left, int vectors) {
  const size_t grain = vectors ? t->lanes : t->grain;
  return left >= t->panel ? t->panel : (left + grain - 1) / grain * grain;
}

size_t ck_packed_gemm_size(const ck_kernels *t, size_t k, size_t n, int vectors) {
  const size_t whole = n / t->panel * t->panel;
  return (whole + (n > whole ? padded_columns(t, n - whole, vectors) : 0)) * (k + 1);
}

void ck_pack_gemm(const ck_kernels *t, const float *w, const float *bias, size_t k, size_t n, int vectors,
                  float *packed) {
  for (size_t column = 0; column < n; column += t->panel) {
    const size_t width = padded_columns(t, n - column, vectors);
    const size_t valid = n - column < width ? n - column : width;
    for (size_t row = 0; row <= k; row++, packed += width) {
      const float *from = row == 0 ? bias + column : w + (row - 1) * n + column;
      memcpy(packed, from, valid * sizeof(float));
      memset(packed + valid, 0, (width - valid) * sizeof(float));
    }
  }
}

size_t ck_packed_dwconv_size(const ck_kernels *t, size_t channels) {
  return (channels + t->lanes - 1) / t->lanes * t->lanes * 10;
}

void ck_pack_dwconv(const ck_kernels *t, const float *w, const float *bias, size_t channels, float *packed) {
  for (size_t channel = 0; channel < channels; channel += t->lanes) {
    const size_t valid = channels - channel < t->lanes ? channels - channel : t->lanes;
    for (size_t row = 0; row < 10; row++, packed += t->lanes) {
      const float *from = row == 0 ? bias + channel : w + (row - 1) * channels + channel;
      memcpy(packed, from, valid * sizeof(float));
      memset(packed + valid, 0, (t->lanes - valid) * sizeof(float));
    }
  }
}

// MARK: Strips, the same for every instruction set but for the widths

void ck_strip_clear(const ck_kernels *t, const ck_strip *s, size_t panels, float *zeros) {
  const size_t row = s->padded_width * t->lanes;
  const size_t left = s->pad_left * t->lanes, used = (s->pad_left + s->width) * t->lanes;
  memset(zeros, 0, row * sizeof(float));
  float *p = s->ring;
  for (size_t i = 0; i < panels * s->slots * 2; i++, p += row) {
    memset(p, 0, left * sizeof(float));
    if (used < row) memset(p + used, 0, (row - used) * sizeof(float));
  }
}

void ck_pad_image_rows(const ck_strip *s) {
  const size_t row = s->image.padded_width * s->k;
  const size_t left = s->image.pad_left * s->k, used = left + s->image.width * s->k;
  const size_t count = (s->row_end - s->row_begin - 1) * s->image.stride + 2 * s->image.dilation + 1;
  float *to = s->image.padded;
  for (size_t i = 0; i < count; i++, to += row) {
    const ptrdiff_t y = (ptrdiff_t)(s->row_begin * s->image.stride + i) - (ptrdiff_t)s->image.pad_top;
    if (y < 0 || y >= (ptrdiff_t)s->image.height) {
      memset(to, 0, row * sizeof(float));
      continue;
    }
    memset(to, 0, left * sizeof(float));
    memcpy(to + left, s->source + (size_t)y * s->image.width * s->k, (used - left) * sizeof(float));
    if (used < row) memset(to + used, 0, (row - used) * sizeof(float));
  }
}
