// SIMD micro-kernels on fp32 NHWC tensors, chosen at run time by instruction set, and the machine's facts they depend on.
//
// A kernel's name is its contract: element type, operation, what is fused behind it, and two underscores before the
// instruction set. CK_KERNEL_LIST is the one list of all kernels: dispatch, tests and benches are made from it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// c[i][n] = clamp(bias[n] + sum over k of a[i][k] * w[k][n] (+ r[i][n])), for n in the columns of some weight panels.
typedef struct ck_gemm {
  const float *_Nonnull a;  ///< [rows][k], row distance a_stride
  size_t a_stride;
  const float *_Nonnull w;  ///< packed by ck_pack_gemm
  float *_Nonnull c;        ///< [rows][n], row distance c_stride
  size_t c_stride;
  const float *_Nullable r; ///< added before the clamp, row distance r_stride; may be c itself
  size_t r_stride;
  size_t rows, k, n;
  size_t panel_begin, panel_end;  ///< which panels of columns to compute
  float low, high;
} ck_gemm;

/// One row of a 3x3 depthwise convolution: out[x][c] = clamp(bias[c] + sum of 9 taps).
typedef struct ck_dwconv {
  const float *_Nullable rows[3];  ///< input rows [in_width][channels]; NULL means a row of zeros
  size_t in_stride;                ///< floats between input pixels
  const float *_Nonnull w;         ///< packed by ck_pack_dwconv
  float *_Nonnull out;             ///< [out_width][channels]
  size_t out_stride;               ///< floats between output pixels
  size_t channels;                 ///< channels to compute, from the beginning of the packed weights
  size_t in_width, out_width;
  size_t stride, dilation, pad;    ///< pad: zeros before the first input pixel
  float low, high;
} ck_dwconv;

#define CK_KERNEL_LIST(X)                                                                              \
  X(f32_gemm_clamp, (const ck_gemm *_Nonnull g))                                                       \
  X(f32_dwconv3x3_clamp, (const ck_dwconv *_Nonnull d))                                                \
  /* sum[c] += sum over pixels of x[p][c] */                                                           \
  X(f32_sum_pixels, (const float *_Nonnull x, size_t pixels, size_t channels, float *_Nonnull sum))    \
  /* out[i] = a[i] + (b[i] - a[i]) * t */                                                              \
  X(f32_lerp, (const float *_Nonnull a, const float *_Nonnull b, float t, size_t n, float *_Nonnull out)) \
  /* x[i] = clamp(x[i], low, high) */                                                                  \
  X(f32_clamp, (float *_Nonnull x, size_t n, float low, float high))

/// The kernels of one instruction set.
typedef struct ck_kernels {
  const char *_Nonnull isa;
  size_t lanes;  ///< floats in a vector
  size_t panel;  ///< columns of a full weight panel
  size_t grain;  ///< the last panel is padded to a multiple of this
#define CK_FIELD(name, args) void (*_Nonnull name) args;
  CK_KERNEL_LIST(CK_FIELD)
#undef CK_FIELD
} ck_kernels;

typedef enum ck_isa { CK_PORTABLE = 0, CK_AVX2 = 1, CK_AVX512 = 2, CK_NEON = 3 } ck_isa;

/// The kernels of an instruction set, or NULL where this build or this machine lacks it.
const ck_kernels *_Nullable ck_kernels_for(ck_isa isa);

/// Floats that a packed product of that size takes.
size_t ck_packed_gemm_size(const ck_kernels *_Nonnull t, size_t k, size_t n);
/// Packs w [k][n] and bias [n] into panels of [bias][k][columns].
void ck_pack_gemm(const ck_kernels *_Nonnull t, const float *_Nonnull w, const float *_Nonnull bias, size_t k, size_t n,
                  float *_Nonnull packed);
/// Number of column panels.
size_t ck_gemm_panels(const ck_kernels *_Nonnull t, size_t n);

/// Floats that packed depthwise weights take.
size_t ck_packed_dwconv_size(const ck_kernels *_Nonnull t, size_t channels);
/// Packs w [9][channels] and bias [channels] into blocks of [bias, 9 taps][lanes].
void ck_pack_dwconv(const ck_kernels *_Nonnull t, const float *_Nonnull w, const float *_Nonnull bias, size_t channels,
                    float *_Nonnull packed);

/// Gathers the 3x3 neighbourhoods of one output row: out[x][27 or 9 * channels], zeros outside.
void ck_im2col3x3_row(const float *_Nullable const *_Nonnull rows, size_t channels, size_t in_width, size_t out_width,
                      size_t stride, size_t dilation, size_t pad, float *_Nonnull out);

/// Has the system provide pages that are about to be written in one go instead of a fault each; the contents stay.
void ck_prepare_pages(void *_Nonnull memory, size_t bytes);

/// Processors that this process may use at once: its affinity mask, bounded by the cgroup's quota; at least 1.
int ck_usable_processors(void);

/// A pool of worker threads for one fork-join at a time; a second caller meanwhile does its tasks alone.
typedef struct ck_pool ck_pool;
ck_pool *_Nullable ck_pool_create(int threads);
void ck_pool_destroy(ck_pool *_Nullable pool);
int ck_pool_threads(const ck_pool *_Nonnull pool);
/// Runs body(context, task, worker) for each task in 0 ..< tasks (at most 65,535); worker is in 0 ..< threads and no two
/// tasks run at once under the same worker number. Returns when all tasks have ended.
void ck_pool_run(ck_pool *_Nonnull pool, int tasks, void (*_Nonnull body)(void *_Nonnull context, int task, int worker),
                 void *_Nonnull context);

#ifdef __cplusplus
}
#endif
