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

static size_t padded_columns(const ck_kernels *t, size_t left) {
  return left >= t->panel ? t->panel : (left + t->grain - 1) / t->grain * t->grain;
}

size_t ck_packed_gemm_size(const ck_kernels *t, size_t k, size_t n) {
  const size_t whole = n / t->panel * t->panel;
  return (whole + (n > whole ? padded_columns(t, n - whole) : 0)) * (k + 1);
}

void ck_pack_gemm(const ck_kernels *t, const float *w, const float *bias, size_t k, size_t n, float *packed) {
  for (size_t column = 0; column < n; column += t->panel) {
    const size_t width = padded_columns(t, n - column);
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

void ck_im2col3x3_row(const float *const *rows, size_t channels, size_t in_width, size_t out_width, size_t stride,
                      size_t dilation, size_t pad, float *out) {
  const size_t bytes = channels * sizeof(float);
  for (size_t x = 0; x < out_width; x++) {
    const ptrdiff_t first = (ptrdiff_t)(x * stride) - (ptrdiff_t)pad;
    const int inside = first >= 0 && first + 2 * (ptrdiff_t)dilation < (ptrdiff_t)in_width;
    for (int ky = 0; ky < 3; ky++) {
      const float *row = rows[ky];
      if (row && inside && dilation == 1) {
        memcpy(out, row + (size_t)first * channels, 3 * bytes);
        out += 3 * channels;
        continue;
      }
      for (int kx = 0; kx < 3; kx++, out += channels) {
        const ptrdiff_t at = first + kx * (ptrdiff_t)dilation;
        if (row && at >= 0 && at < (ptrdiff_t)in_width) memcpy(out, row + (size_t)at * channels, bytes);
        else memset(out, 0, bytes);
      }
    }
  }
}
