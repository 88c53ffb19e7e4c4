// SIMD micro-kernels on NHWC tensors, chosen at run time by instruction set, and the machine's facts they depend on.
//
// A kernel's name is its contract: element type, operation, the operations fused behind it, and two underscores before
// the instruction set. CK_KERNEL_LIST, with CK_TRAINING_LIST, is the one list of all kernels: dispatch, tests and
// benches are made from it.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "CKTraining.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The element type of maps and weights. The kernels of each element have a prefix of their own. In the contracts
/// below, pointers are to its activations and weights; strides and counts are in elements.
typedef enum ck_element { CK_F32 = 0, CK_ELEMENTS } ck_element;

/// The memory layout of an element for the kernels of one instruction set.
typedef struct ck_format {
  size_t activation, weight, sum;  ///< bytes of an activation, of a packed weight, and of an accumulator
  size_t head;                     ///< bytes before the weights of each column of a panel: the bias
  size_t lanes;                    ///< accumulators in a vector, and channels of a ring's plane
  size_t panel;                    ///< columns of a full weight panel
  size_t grain;                    ///< the last panel is padded to a multiple of this
  size_t k_step;                   ///< inputs of a multiply-accumulate; a panel's weights are padded to a multiple
  int padding;                     ///< each byte of the activations around a map
} ck_format;

/// The activation bounds, applied to sums before they are stored.
typedef struct ck_epilogue {
  float low, high;                 ///< the least and the greatest stored value
} ck_epilogue;

/// c[i][n] = clamp(bias[n] + sum over k of a[i][k] * w[k][n] (+ r[i][n])), for n in the columns of some weight panels.
///
/// A row of `a` may consist of several segments, each with a base of its own: the neighbourhoods of a 3x3 convolution.
typedef struct ck_gemm {
  const void *_Nullable a[9];     ///< the segments' bases: [rows][k], row distance a_stride
  size_t segments;                ///< 1 ... 9; the sum runs over segments * k products
  size_t a_stride;
  const void *_Nullable w;         ///< packed by ck_pack_gemm
  size_t w_rows, w_first;          ///< rows of the packed weights and the first one used; the bias comes with row 0
  void *_Nullable c;               ///< [rows][n], row distance c_stride
  size_t c_stride;
  const void *_Nullable r;        ///< added before the bounds, row distance r_stride; may be c itself
  size_t r_stride;
  size_t rows, k, n;
  size_t panel_begin, panel_end;  ///< the panels of columns to compute
  ck_epilogue epilogue;
  /// Where not 0, c is a map of vectors instead, for one panel that was packed in whole vectors:
  /// [rows / c_width][c_width] vectors with c_row elements between map rows, and the panel's second vector c_vector
  /// elements behind the first.
  size_t c_vector, c_width, c_row;
} ck_gemm;

/// A depthwise convolution over the expanded rows of a strip: out[y][x][c] = clamp(bias[c] + sum of 9 taps); or the
/// greatest of the 9 taps, with zeros around the map: max pooling where no value is negative.
typedef struct ck_branch {
  const void *_Nullable w;     ///< packed by ck_pack_dwconv; NULL for the greatest tap
  void *_Nullable out;         ///< row out_begin of the output, [out_width] pixels a row
  size_t out_stride;           ///< elements between output pixels
  size_t room;                 ///< elements of each output pixel that may be written: whole vectors where they fit
  ck_epilogue epilogue;
} ck_branch;

/// A strip of a fused block: expanded rows are computed (or copied) into a ring, and convolved depthwise while they are
/// in the cache.
///
/// The ring holds, for each panel of channels (groups fill panels of their own), `slots` rows of two planes
/// [padded_width][lanes]. Expanded row y is in slot y % slots. The columns beside it are zeros, written by
/// ck_strip_clear.
typedef struct ck_strip {
  // The expanded map [height][width][channels] and the source of its rows.
  size_t height, width, channels;
  const void *_Nullable source;   ///< [height][width][k]; or the expanded map (w NULL); or the image (taps 9)
  const void *_Nullable w;       ///< packed by ck_pack_gemm in whole vectors
  size_t k, taps;                ///< channels of the source; 1 for a 1x1 convolution, 9 for a 3x3 one
  size_t source_stride;          ///< elements between the source's pixels, for 1x1; 0 where contiguous
  /// Where more than 1, the 1x1 convolution is grouped: each group makes channels / groups channels from k of groups *
  /// k, with weights of its own, one group's after another's, and fills whole panels of its own.
  size_t groups;
  ck_epilogue epilogue;
  struct {
    size_t height, width, stride, dilation, pad_top, pad_left;
    size_t padded_width;
    void *_Nullable padded;     ///< memory for the padded rows under one strip
  } image;                       ///< where taps is 9
  size_t row_begin, row_end;     ///< expanded rows to compute
  // The ring.
  void *_Nullable ring;
  size_t slots, padded_width, pad_left;
  size_t panel_begin, panel_end; ///< panels to do; the ring and the branches' outputs begin with the first
  // The tapped expanded rows.
  void *_Nullable tap;           ///< [height][width][channels], or NULL
  size_t tap_begin, tap_end;
  // The depthwise operations.
  const void *_Nullable zeros;   ///< [padded_width][lanes] zeros: the padding above and below the map
  size_t out_begin, out_end, out_width;
  size_t stride, dilation, pad_top;
  size_t branches;
  ck_branch branch[2];
} ck_strip;

/// One output pixel of a window over a map: the taps that lie inside it.
typedef struct ck_window {
  const void *_Nonnull x;        ///< the first tap's pixel
  size_t x_row, x_column;        ///< elements from one tap's row and column to the next
  size_t rows, columns;          ///< taps inside the map
  const void *_Nullable w;       ///< the first tap's weights [channels]; NULL for the greatest value instead
  size_t w_row;                  ///< elements from one tap's row to the next; taps of a row follow each other
  const void *_Nullable bias;    ///< [channels]
  size_t channels;
  void *_Nonnull out;            ///< [channels]
  ck_epilogue epilogue;
} ck_window;

/// Activations other than bounds.
typedef enum ck_function { CK_HARD_SWISH = 0, CK_HARD_SIGMOID = 1, CK_SIGMOID = 2 } ck_function;

/// Pixels of a mask's row that lie between the same two columns of the logits.
typedef struct ck_argmax_cell {
  uint32_t begin, end;   ///< pixels
  uint32_t left, right;  ///< columns
} ck_argmax_cell;

/// One row of a mask: out[x] = the class with the greatest logit, interpolated between two rows, then two columns.
typedef struct ck_argmax {
  const float *_Nonnull top, *_Nonnull bottom;  ///< rows of the logits, [class][width]
  float t;                                      ///< the share of the bottom row
  size_t classes, width;                        ///< width: columns, filled up to a multiple of 16
  float *_Nonnull row;                          ///< scratch, [class][width]
  uint8_t *_Nonnull best;                       ///< scratch, width
  const ck_argmax_cell *_Nonnull cell;          ///< in the order of the pixels
  size_t cells;
  const float *_Nonnull share;                  ///< of the right column for each pixel; 15 more are readable
  uint8_t *_Nonnull out;                        ///< 15 more are writable
} ck_argmax;

/// From luma and chroma to RGB: each colour is (luma * (y - black) + chroma's part + 2^15) >> 16, clipped to 0 ... 255.
typedef struct ck_yuv {
  int32_t black;               ///< the luma of black
  int32_t luma;                ///< a factor times 65536, as all that follow
  int32_t red_cr, green_cb, green_cr, blue_cb;  ///< of cb - 128 and cr - 128; no sum may leave 32 bits
} ck_yuv;

#define CK_KERNEL_LIST(X)                                                                              \
  X(f32_gemm_clamp, (const ck_gemm *_Nonnull g))                                                       \
  X(f32_strip, (const ck_strip *_Nonnull s))                                                           \
  /* sum[c] += sum over pixels of x[p][c], x[p] being `stride` floats apart */                          \
  X(f32_sum_pixels, (const float *_Nonnull x, size_t pixels, size_t stride, size_t channels, float *_Nonnull sum)) \
  /* out[i] = a[i] + (b[i] - a[i]) * t */                                                              \
  X(f32_lerp, (const float *_Nonnull a, const float *_Nonnull b, float t, size_t n, float *_Nonnull out)) \
  /* x[i] = clamp(x[i] + y[i], low, high) */                                                           \
  X(f32_add_clamp, (float *_Nonnull x, const float *_Nonnull y, size_t n, float low, float high))      \
  /* x[i] = clamp(x[i], low, high) */                                                                  \
  X(f32_clamp, (float *_Nonnull x, size_t n, float low, float high))                                   \
  /* out[3x + c] = p[left[x] + c] + (p[right[x] + c] - p[left[x] + c]) * share[x], c of 3; bytes are readable at p, and \
     one float more than 3n is writable at out */                                                      \
  X(u8_lerp_columns, (const uint8_t *_Nonnull p, size_t bytes, const uint32_t *_Nonnull left,          \
                      const uint32_t *_Nonnull right, const float *_Nonnull share, size_t n, float *_Nonnull out)) \
  /* out[3x + c] = sum over offset[x] <= i < offset[x + 1] of p[start[x] + step (i - offset[x]) + c] * weights[i]; likewise */ \
  X(u8_average_columns, (const uint8_t *_Nonnull p, size_t bytes, size_t step, const uint32_t *_Nonnull start, \
                         const uint32_t *_Nonnull offset, const float *_Nonnull weights, size_t n, float *_Nonnull out)) \
  /* out[i] = (a[i] + (b[i] - a[i]) * t) * scale[i] - shift[i] */                                      \
  X(f32_lerp_normalise, (const float *_Nonnull a, const float *_Nonnull b, float t, const float *_Nonnull scale, \
                         const float *_Nonnull shift, size_t n, float *_Nonnull out))                  \
  /* out[i] += x[i] * t */                                                                             \
  X(f32_add_scaled, (const float *_Nonnull x, float t, size_t n, float *_Nonnull out))                 \
  /* x[i] = x[i] * scale[i] - shift[i] */                                                              \
  X(f32_normalise, (float *_Nonnull x, const float *_Nonnull scale, const float *_Nonnull shift, size_t n)) \
  /* out[c] = clamp(bias[c] + sum over the taps of x * w, low, high), or the greatest x of the taps */                   \
  X(f32_window, (const ck_window *_Nonnull w))                                                          \
  /* x[i] = x[i] * y[i] */                                                                             \
  X(f32_multiply, (float *_Nonnull x, const float *_Nonnull y, size_t n))                               \
  X(f32_activate, (float *_Nonnull x, size_t n, ck_function function))                                  \
  /* rgb[3x + c], x below n, of luma y[x] and chroma cb[x / 2 * step], cr[x / 2 * step]; step is 1, or 2 with cr = cb + 1 */ \
  X(u8_yuv_row, (const uint8_t *_Nonnull y, const uint8_t *_Nonnull cb, const uint8_t *_Nonnull cr, size_t step, \
                 const ck_yuv *_Nonnull m, size_t n, uint8_t *_Nonnull rgb))                           \
  X(u8_argmax_row, (const ck_argmax *_Nonnull a))                                                      \
  /* the peak rate of a thread: sums[i] = sums[i] * factor + addend, rounds times, i below 12 vectors */ \
  X(f32_multiply_add, (float *_Nonnull sums, float factor, float addend, size_t rounds))

/// The kernels of one instruction set.
typedef struct ck_kernels {
  const char *_Nonnull isa;
  const ck_format *_Nullable formats[CK_ELEMENTS];
#define CK_FIELD(name, args) void (*_Nonnull name) args;
  CK_KERNEL_LIST(CK_FIELD)
  CK_TRAINING_LIST(CK_FIELD)
#undef CK_FIELD
} ck_kernels;

typedef enum ck_isa { CK_PORTABLE = 0, CK_AVX2 = 1, CK_AVX512 = 2, CK_NEON = 3 } ck_isa;

/// The kernels of an instruction set, or NULL where this build or this machine lacks it.
const ck_kernels *_Nullable ck_kernels_for(ck_isa isa);

/// The layout of an element, or NULL where the instruction set has no kernels for it.
const ck_format *_Nullable ck_format_for(const ck_kernels *_Nonnull t, ck_element element);

/// Bytes of the packed weights of a k by n GEMM; `vectors`: whether the last panel is padded to whole vectors.
size_t ck_packed_gemm_size(const ck_format *_Nonnull f, size_t k, size_t n, int vectors);
/// Packs w [k][n], row distance stride, and bias [n] into panels of [bias][k][columns], for a k-step of 1.
void ck_pack_gemm(const ck_format *_Nonnull f, const void *_Nonnull w, size_t stride, const void *_Nonnull bias, size_t k,
                  size_t n, int vectors, void *_Nonnull packed);
/// Number of column panels.
size_t ck_gemm_panels(const ck_format *_Nonnull f, size_t n);

/// Bytes that packed depthwise weights take.
size_t ck_packed_dwconv_size(const ck_format *_Nonnull f, size_t channels);
/// Packs w [9][channels], row distance stride, and bias [channels] into blocks of [bias, 9 taps][lanes].
void ck_pack_dwconv(const ck_format *_Nonnull f, const void *_Nonnull w, size_t stride, const void *_Nonnull bias,
                    size_t channels, void *_Nonnull packed);

/// Writes the padding of a strip's ring (of `panels` panels) and of its row `zeros`.
void ck_strip_clear(const ck_format *_Nonnull f, const ck_strip *_Nonnull s, size_t panels, void *_Nonnull zeros);
/// Copies the image rows under the expanded rows [row_begin, row_end), with padding around them, to image.padded.
void ck_pad_image_rows(const ck_format *_Nonnull f, const ck_strip *_Nonnull s);

/// Populates pages that are about to be written in one system call instead of a fault each; the contents stay.
void ck_prepare_pages(void *_Nonnull memory, size_t bytes);

/// Processors that this process may use at once: its affinity mask, bounded by the cgroup's quota; at least 1.
int ck_usable_processors(void);

/// A pool of worker threads for one fork-join at a time; a second caller meanwhile runs its tasks alone. Workers keep
/// off the processor that their caller runs on, and are asleep a tenth of a millisecond after the last fork-join.
typedef struct ck_pool ck_pool;
ck_pool *_Nullable ck_pool_create(int threads);
void ck_pool_destroy(ck_pool *_Nullable pool);
int ck_pool_threads(const ck_pool *_Nonnull pool);
/// Runs body(context, task, worker) for each task in 0 ..< tasks (at most 65,535); worker is in 0 ..< threads and no
/// two tasks run at once under the same worker number. Returns when all tasks have ended.
void ck_pool_run(ck_pool *_Nonnull pool, int tasks, void (*_Nonnull body)(void *_Nonnull context, int task, int worker),
                 void *_Nonnull context);
/// Between these two, which any thread may call and which may nest, workers are woken and stay awake through pauses of
/// up to 5 milliseconds between fork-joins.
void ck_pool_begin(ck_pool *_Nonnull pool);
void ck_pool_end(ck_pool *_Nonnull pool);

/// The range of numbers that a worker has still to take, on a cache line of its own.
typedef struct ck_range {
  uint64_t span;
  uint64_t unused[7];
} ck_range;
/// Divides 0 ..< count evenly among the workers first, first + step, ...; called before they begin.
void ck_ranges_set(ck_range *_Nonnull ranges, int workers, int first, int step, size_t count);
/// Takes up to `most` neighbouring numbers: from the worker's own range first, then from half of another's rest;
/// returns 0 when all are taken. While its own range lasts, a worker's numbers are consecutive.
int ck_ranges_take(ck_range *_Nonnull ranges, int workers, int worker, size_t most, size_t *_Nonnull begin,
                   size_t *_Nonnull end);

#ifdef __cplusplus
}
#endif
